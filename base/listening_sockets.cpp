#include "base/listening_sockets.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <utility>

namespace pgsidecar::base {

namespace {

sockaddr_storage local_address(int fd) {
    sockaddr_storage address{};
    socklen_t length = sizeof address;
    int listens = 0;
    socklen_t size = sizeof listens;
    bool good = fd >= 0 && ::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 &&
                listens != 0 &&
                ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) == 0;
    if (!good) address.ss_family = AF_UNSPEC;
    return address;
}

}  // namespace

void close_sockets(ListeningSockets& sockets) {
    for (int* fd : {&sockets.clients, &sockets.clients_unix, &sockets.http, &sockets.probes}) {
        if (*fd >= 0) ::close(std::exchange(*fd, -1));
    }
}

int address_family(int fd) {
    int family = local_address(fd).ss_family;
    return family == AF_UNSPEC ? -1 : family;
}

int local_port(int fd) {
    sockaddr_storage address = local_address(fd);
    if (address.ss_family == AF_INET) {
        sockaddr_in v4{};
        std::memcpy(&v4, &address, sizeof v4);
        return ntohs(v4.sin_port);
    }
    if (address.ss_family != AF_INET6) return 0;
    sockaddr_in6 v6{};
    std::memcpy(&v6, &address, sizeof v6);
    return ntohs(v6.sin6_port);
}

std::string local_path(int fd) {
    sockaddr_storage address = local_address(fd);
    if (address.ss_family != AF_UNIX) return {};
    sockaddr_un un{};
    std::memcpy(&un, &address, sizeof un);
    return {un.sun_path, ::strnlen(un.sun_path, sizeof un.sun_path)};
}

int taken_if_port(int fd, int port) {
    int actual = local_port(fd);
    if (actual != 0 && (port == 0 || port == actual)) return fd;
    if (fd >= 0) ::close(fd);
    return -1;
}

}  // namespace pgsidecar::base
