#include "tests/support/tls_relay.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <exception>

namespace pgsidecar::test {

TlsRelay::TlsRelay(int server_port, Certificate own)
    : server_port_(server_port), own_(std::move(own)), acceptor_([this] { accept_loop(); }) {}

TlsRelay::~TlsRelay() {
    stopping_ = true;
    acceptor_.join();
    for (auto& thread : threads_) thread.join();
}

void TlsRelay::accept_loop() {
    while (!stopping_) {
        Socket socket = listener_.accept(50ms);
        if (!socket) continue;
        threads_.emplace_back([this, s = std::move(socket)]() mutable {
            try {
                serve(std::move(s));
            } catch (const std::exception&) {
                // A client that waits for ever is let go.
            }
        });
    }
}

void TlsRelay::serve(Socket socket) {
    pollfd readable{socket.fd(), POLLIN, 0};
    while (!stopping_ && ::poll(&readable, 1, 50) == 0) continue;
    char first = 0;
    if (stopping_ || ::recv(socket.fd(), &first, 1, MSG_PEEK) != 1) return;
    bool direct = first == 0x16;
    if (!direct) {
        std::string request;
        while (request.size() < 8) {
            if (socket.read_some(request, 8 - request.size(), 5s) != ReadOutcome::Data) return;
        }
        if (!socket.write_all("S", 5s)) return;
    }
    TlsEndpointOptions options;
    options.server = true;
    options.alpn = "postgresql";
    options.own = own_;
    TlsEndpoint client(std::move(socket), options);
    if (!client.handshake(5s) || (direct && client.alpn() != "postgresql")) return;
    ++(direct ? direct_ : negotiated_);
    Socket server = Socket::connect_tcp(server_port_, 5s);
    pump(client, server);
}

void TlsRelay::pump(TlsEndpoint& client, Socket& server) {
    while (!stopping_) {
        // The handshake may have brought more than itself, so it is read before anything is
        // awaited.
        std::string bytes;
        std::size_t before = 0;
        do {
            before = bytes.size();
            if (!client.read_some(bytes, 0ms)) return;
        } while (bytes.size() > before);
        if (!bytes.empty() && !server.write_all(bytes, 5s)) return;
        bytes.clear();
        std::array<pollfd, 2> ready{{{client.socket().fd(), POLLIN, 0}, {server.fd(), POLLIN, 0}}};
        ::poll(ready.data(), ready.size(), 50);
        if (ready[1].revents != 0) {
            if (server.read_some(bytes, 65'536, 1s) != ReadOutcome::Data) return;
            if (!client.send(bytes)) return;
        }
    }
}

}  // namespace pgsidecar::test
