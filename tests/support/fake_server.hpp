#pragma once

#include <atomic>
#include <functional>
#include <list>
#include <mutex>
#include <thread>

#include "tests/support/raw_client.hpp"

namespace pgsidecar::test {

/// One accepted connection of a FakeServer, for its script.
class FakeConnection {
public:
    FakeConnection(Socket socket, const std::atomic<bool>& stopping)
        : socket_(std::move(socket)), stopping_(stopping) {}

    Socket& socket() { return socket_; }
    /// The start-up packet: code and parameters as they came. Answers N to SSLRequest and
    /// GSSENCRequest.
    std::optional<std::string> read_startup();
    std::optional<wire::Message> read_message();
    bool send(std::string_view bytes) { return socket_.write_all(bytes, 5s); }
    /// Start-up answered as a healthy trust server does, up to ReadyForQuery.
    bool accept_login();
    /// Blocks until the peer goes or the server stops.
    void wait_for_close();
    bool stopping() const { return stopping_; }

private:
    Socket socket_;
    MessageReader reader_;
    const std::atomic<bool>& stopping_;
};

/// A scripted PostgreSQL server, hostile as the test wishes: each connection runs `script` on its
/// own thread.
class FakeServer {
public:
    using Script = std::function<void(FakeConnection&)>;

    explicit FakeServer(Script script);
    ~FakeServer();

    int port() const { return listener_.port(); }
    int connections() const { return connections_; }
    /// For connections from now on.
    void set_script(Script script);

    /// Logs in, then answers every Query with one row "1" and every Sync politely.
    static void well_behaved(FakeConnection& connection);

private:
    void accept_loop();

    std::mutex mutex_;
    Script script_;
    Listener listener_;
    std::atomic<bool> stopping_{false};
    std::atomic<int> connections_{0};
    std::list<std::thread> threads_;
    std::thread acceptor_;
};

}  // namespace pgsidecar::test
