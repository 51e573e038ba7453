#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "tests/support/certificates.hpp"
#include "tests/support/socket.hpp"

namespace pgsidecar::test {

struct TlsEndpointOptions {
    bool server = false;
    std::string alpn;         ///< one protocol's name; empty: none is offered or chosen
    std::string server_name;  ///< SNI, as a client
    std::string authorities;  ///< PEM, to check the peer's certificate; empty: anybody will do
    Certificate own;          ///< empty: none, as a client
};

/// TLS over a Socket, on either side of it, with a deadline for every wait. Written on OpenSSL
/// apart from proxy/.
class TlsEndpoint {
public:
    TlsEndpoint(Socket socket, const TlsEndpointOptions& options);
    ~TlsEndpoint();
    TlsEndpoint(TlsEndpoint&&) noexcept;

    /// False when the peer broke off, see error(). Throws at the deadline.
    bool handshake(Deadline deadline = 10s);
    bool send(std::string_view bytes, Deadline deadline = 10s);
    /// Changes its own key and asks the peer to change its own, so many times (RFC 8446, 4.6.3);
    /// false when the peer does not take them in time, or is gone.
    bool update_keys(int times, Deadline deadline = 10s);
    /// Appends what is there; false at the end, also an unfriendly one. Nothing is appended when
    /// the deadline passed.
    bool read_some(std::string& into, Deadline deadline = 10s);
    /// Bytes until `end` bytes or the peer's end.
    std::string read_bytes(std::size_t end, Deadline deadline = 10s);

    Socket& socket();
    const std::string& error() const;
    std::string alpn() const;
    std::string version() const;
    /// Of the peer's certificate; empty when it showed none.
    std::string peer_serial() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace pgsidecar::test
