#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "metrics/activity_history.hpp"
#include "metrics/top_statements.hpp"

namespace pgsidecar::ws {

/// Why the desk cannot give what was asked; becomes the answer's status and error.
struct DeskFault {
    enum class Kind : std::uint8_t {
        NotFound,          ///< no such session or dead letter
        Conflict,          ///< it is there and cannot be done
        BadConfiguration,  ///< of a reload
        Unavailable,       ///< that part of the process is not there
        Timeout,           ///< no answer came in time
    };
    Kind kind = Kind::Unavailable;
    std::string message;  ///< a sentence
};

template <class T>
using DeskAnswer = std::variant<T, DeskFault>;
template <class T>
using DeskDone = std::function<void(DeskAnswer<T>)>;

struct HistoryPage {
    std::int64_t started_ms = 0;
    std::size_t seconds = 0;  ///< that are kept
    std::vector<metrics::ActivitySample> samples;
};

struct TopPage {
    metrics::TopStatements::Page top;
    std::uint64_t records_lost = 0;
};

/// Times are microseconds since 1970, `_us` durations say so.
struct SessionRow {
    std::int64_t id = 0;
    int worker = 0;
    std::string user, database, application;
    std::string state;        ///< login, idle, active, waiting, console
    std::string transaction;  ///< none, open, failed
    std::int64_t connected_at_us = 0;
    std::optional<std::int64_t> waiting_since_us;
    std::optional<std::int64_t> server_pid;
    std::vector<std::string> pin_reasons;
    std::int64_t prepared_statements = 0;
    std::string address;
    std::int64_t port = 0;
    std::string tls;  ///< empty: plain
};

struct PoolRow {
    std::string database, user;
    std::string state;  ///< ready, away, paused
    std::int64_t clients = 0, clients_waiting = 0;
    std::int64_t servers_active = 0, servers_idle = 0, servers_login = 0, size = 0;
    std::int64_t longest_wait_us = 0;
};

struct PoolsPage {
    std::string pool_mode;
    std::vector<PoolRow> pools;
};

struct QueueQuery {
    bool waiting = true, dead = true;  ///< which of the two lists
    std::uint64_t after = 0;           ///< only higher sequences
    std::size_t limit = 100;           ///< of each list
};

struct QueueRow {
    std::uint64_t sequence = 0, bytes = 0;
    std::int64_t accepted_at_us = 0;
    std::string policy;  ///< durable, queue, buffer
    std::string verb;    ///< insert
    std::vector<std::string> tables;
    std::string user, database, application;
    std::size_t statements = 0;
    std::int64_t rows = 0;
    bool damaged = false;
    struct Death {
        std::string sqlstate;  ///< empty: not the database's refusal
        std::string message;
        std::int64_t at_us = 0;
    };
    std::optional<Death> death;
};

struct QueuePage {
    bool enabled = false;
    std::string problem, blocked;
    std::uint64_t waiting = 0, dead = 0, bytes = 0, applied_total = 0;
    std::int64_t oldest_us = 0;  ///< 0: nothing waits
    bool flushing = false;
    double flush_per_second = 0;
    std::vector<QueueRow> entries, dead_letters;
    bool more_entries = false, more_dead_letters = false;
};

/// Dead letters that are to be retried or discarded.
struct DeadOrder {
    enum class Verb : std::uint8_t { Retry, Discard };
    Verb verb = Verb::Retry;
    std::uint64_t sequence = 0;  ///< 0: all, at most limit of them
    std::size_t limit = 0;
};
struct DeadReport {
    std::uint64_t done = 0, refused = 0, remaining = 0;
};

struct ListenerRow {
    std::string name, address;
    int port = 0;
    std::string tls;  ///< its mode; empty: there is none
};
struct SettingRow {
    std::string key, value, default_value, source;
    bool reloadable = false;
};
struct ConfigPage {
    std::string version, pool_mode;
    std::string upstream, upstream_tls;  ///< masked
    std::int64_t started_us = 0;
    bool last_reload_ok = false;
    std::int64_t last_reload_us = 0;  ///< of the last that succeeded
    std::vector<ListenerRow> listeners;
    std::vector<SettingRow> settings;  ///< secrets masked
};

struct ReloadPage {
    std::vector<std::string> changed, needs_restart, warnings;
};

/// What /api shows of the process and what it can order, beside the Backend; implemented by app.
///
/// Thread: called on the HTTP thread; must not block. done may be called on any thread, at most
/// once; one that never comes is answered by the edge after a while.
class Desk {
public:
    virtual ~Desk() = default;

    virtual HistoryPage history(std::int64_t after_ms) const = 0;
    virtual TopPage top(metrics::TopOrder order, std::size_t limit) const = 0;

    /// All of them, in no order.
    virtual void sessions(DeskDone<std::vector<SessionRow>> done) = 0;
    virtual void kill(std::int64_t session, DeskDone<std::monostate> done) = 0;
    virtual void pools(DeskDone<PoolsPage> done) = 0;
    virtual void queue(const QueueQuery& query, DeskDone<QueuePage> done) = 0;
    virtual void order(const DeadOrder& order, DeskDone<DeadReport> done) = 0;
    virtual void configuration(DeskDone<ConfigPage> done) = 0;
    virtual void reload(DeskDone<ReloadPage> done) = 0;
};

}  // namespace pgsidecar::ws
