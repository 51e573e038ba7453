#include "proxy/io/socket_options.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace pgsidecar::proxy {

namespace {

void set_option(int fd, int level, int name, int value) {
    ::setsockopt(fd, level, name, &value, sizeof value);
}

template <class Settings>
SocketOptions from(const Settings& settings) {
    return {settings.keepalive_idle_s, settings.keepalive_interval_s, settings.keepalive_count,
            settings.tcp_user_timeout_ms};
}

}  // namespace

SocketOptions SocketOptions::of(const config::Settings::Listen& listen) { return from(listen); }
SocketOptions SocketOptions::of(const config::Settings::Pool& pool) { return from(pool); }

void SocketOptions::apply(int tcp_socket) const {
    set_option(tcp_socket, IPPROTO_TCP, TCP_NODELAY, 1);
    set_option(tcp_socket, IPPROTO_TCP, TCP_USER_TIMEOUT, user_timeout_ms);
    set_option(tcp_socket, SOL_SOCKET, SO_KEEPALIVE, keepalive_idle_s > 0 ? 1 : 0);
    if (keepalive_idle_s == 0) return;
    set_option(tcp_socket, IPPROTO_TCP, TCP_KEEPIDLE, keepalive_idle_s);
    set_option(tcp_socket, IPPROTO_TCP, TCP_KEEPINTVL, keepalive_interval_s);
    set_option(tcp_socket, IPPROTO_TCP, TCP_KEEPCNT, keepalive_count);
}

}  // namespace pgsidecar::proxy
