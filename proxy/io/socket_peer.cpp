#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <array>

#include "proxy/io/socket_channel.hpp"

namespace pgsidecar::proxy {

admin::PeerFacts SocketChannel::peer() const {
    admin::PeerFacts facts;
    if (unix_socket_) facts.address = "unix";
    if (tls_ && tls_->established()) facts.tls = tls_->version();
    if (unix_socket_ || ready_ == nullptr || disposed_) return facts;
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    if (::getpeername(ready_->fd(), reinterpret_cast<sockaddr*>(&address), &size) != 0)
        return facts;
    std::array<char, INET6_ADDRSTRLEN> text{};
    const void* at = nullptr;
    if (address.ss_family == AF_INET) {
        const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
        at = &v4.sin_addr;
        facts.port = ntohs(v4.sin_port);
    } else if (address.ss_family == AF_INET6) {
        const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
        at = &v6.sin6_addr;
        facts.port = ntohs(v6.sin6_port);
    }
    if (at != nullptr &&
        inet_ntop(address.ss_family, at, text.data(), static_cast<socklen_t>(text.size())))
        facts.address = text.data();
    return facts;
}

}  // namespace pgsidecar::proxy
