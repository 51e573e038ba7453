#pragma once

#include <atomic>
#include <list>
#include <thread>

#include "tests/support/tls_endpoint.hpp"

namespace pgsidecar::test {

/// Takes TLS as a PostgreSQL 17 server does, direct (with ALPN) or after SSLRequest, and passes
/// what is inside on to a server without TLS.
class TlsRelay {
public:
    TlsRelay(int server_port, Certificate own);
    ~TlsRelay();

    int port() const { return listener_.port(); }
    /// Handshakes that were complete, by how they began.
    int direct() const { return direct_; }
    int negotiated() const { return negotiated_; }

private:
    void accept_loop();
    void serve(Socket socket);
    void pump(TlsEndpoint& client, Socket& server);

    int server_port_;
    Certificate own_;
    Listener listener_;
    std::atomic<bool> stopping_{false};
    std::atomic<int> direct_{0}, negotiated_{0};
    std::list<std::thread> threads_;
    std::thread acceptor_;
};

}  // namespace pgsidecar::test
