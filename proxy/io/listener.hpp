#pragma once

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/local/stream_protocol.hpp>
#include <asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <string>

namespace pgsidecar::proxy {

/// Accepts clients on a TCP port and a Unix socket and hands their descriptors on.
///
/// Without descriptors left it pauses instead of spinning. Thread: its io_context's; open() before
/// it runs.
class Listener {
public:
    struct Accepted {
        int fd;
        bool unix_socket;
        bool local;  ///< Unix socket or loopback address
    };
    using Handler = std::function<void(const Accepted&)>;

    Listener(asio::io_context& context, Handler handler);
    ~Listener();

    /// Sentence on failure, empty on success. port 0: the system chooses, see port().
    std::string open_tcp(const std::string& address, int port, int backlog);
    /// Listens on DIR/.s.PGSQL.PORT as libpq expects; a socket that nobody serves any more is
    /// replaced.
    std::string open_unix(const std::string& directory, int port, int backlog);
    int port() const { return port_; }

    void start();
    void stop();

private:
    template <class Acceptor>
    void accept(Acceptor& acceptor);
    template <class Acceptor>
    void pause(Acceptor& acceptor);

    asio::ip::tcp::acceptor tcp_;
    asio::local::stream_protocol::acceptor unix_;
    asio::steady_timer pause_timer_;
    Handler handler_;
    std::string unix_path_;
    int port_ = 0;
};

}  // namespace pgsidecar::proxy
