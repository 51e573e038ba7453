#pragma once

#include "config/settings.hpp"

namespace pgsidecar::proxy {

/// How the kernel finds out that the other end of a TCP connection is gone.
struct SocketOptions {
    int keepalive_idle_s = 30;  ///< 0: no questions
    int keepalive_interval_s = 10;
    int keepalive_count = 3;
    int user_timeout_ms = 0;  ///< 0: the system's

    static SocketOptions of(const config::Settings::Listen& listen);
    static SocketOptions of(const config::Settings::Pool& pool);

    /// Sets them, and TCP_NODELAY. What the kernel refuses stays as it was.
    void apply(int tcp_socket) const;
};

}  // namespace pgsidecar::proxy
