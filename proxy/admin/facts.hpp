#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace pgsidecar::proxy::admin {

/// What a worker knows about itself when it is asked; a copy that crosses threads. No literals, no
/// secrets.

struct PeerFacts {
    std::string address;  ///< an IP address, or "unix"
    std::int64_t port = 0;
    std::string tls;  ///< protocol version; empty: plain
};

struct ClientFacts {
    std::int64_t id = 0;
    std::string user, database, application;
    std::string state;        ///< login, idle, active, waiting, console
    std::string transaction;  ///< none, open, failed
    PeerFacts peer;
    std::int64_t connected_us = 0;  ///< since 1970
    std::int64_t waiting_us = 0;    ///< for a server connection, until now
    std::optional<std::int64_t> server_pid;
    std::int64_t prepared = 0;
    std::string pin;  ///< why it keeps its server connection; empty: it does not
};

struct ServerFacts {
    std::string user, database;
    std::string state;  ///< login, idle, active
    PeerFacts peer;
    std::int64_t connected_us = 0;
    std::optional<std::int64_t> client;  ///< who has it
    std::int64_t pid = 0;                ///< of the backend; 0: not yet known
    bool close_needed = false;
};

struct PoolFacts {
    std::string user, database;
    std::int64_t clients = 0, waiting = 0;
    std::int64_t active = 0, idle = 0, login = 0;
    std::int64_t longest_wait_us = 0;
    std::int64_t size = 0;  ///< the worker's share of pool.size
    bool paused = false;
    bool away = false;  ///< the database cannot be reached
};

struct PreparedFacts {
    std::int64_t client = 0;
    std::string user, database;
    std::string name;
    std::string text;  ///< literal-free; empty: the text was not seen
};

/// How much is told: the rest costs time for each client.
enum class Detail : std::uint8_t { Pools, Everything };

struct WorkerFacts {
    int worker = 0;
    std::vector<PoolFacts> pools;
    std::vector<ClientFacts> clients;
    std::vector<ServerFacts> servers;
    std::vector<PreparedFacts> prepared;
};

}  // namespace pgsidecar::proxy::admin
