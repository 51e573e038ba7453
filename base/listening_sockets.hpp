#pragma once

#include <string>

namespace pgsidecar::base {

/// Listening sockets that go from an old process to a new one, or come from systemd. -1: there is
/// none. Whoever has the struct owns them.
struct ListeningSockets {
    int clients = -1;       ///< PostgreSQL's protocol over TCP
    int clients_unix = -1;  ///< the same over a Unix socket
    int http = -1;
    int probes = -1;
};

void close_sockets(ListeningSockets& sockets);

/// Of a listening socket: AF_INET, AF_INET6 or AF_UNIX; -1 for what is none.
int address_family(int fd);
/// 0 when it has none.
int local_port(int fd);
/// Of a Unix socket; empty when it has none.
std::string local_path(int fd);
/// The socket, when it listens on this port (0: on any); else -1, and it is closed.
int taken_if_port(int fd, int port);

}  // namespace pgsidecar::base
