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
    /// DIR/.s.PGSQL.PORT
    static std::string unix_path(const std::string& directory, int port);
    /// Goes on with a socket that listens already. False: it does not, and is closed.
    bool adopt_tcp(int fd);
    bool adopt_unix(int fd);
    int port() const { return port_; }
    /// For another process; still ours. -1: none.
    int tcp_fd() { return tcp_.is_open() ? tcp_.native_handle() : -1; }
    int unix_fd() { return unix_.is_open() ? unix_.native_handle() : -1; }
    /// Several processes may listen on the port. Before open_tcp().
    void share_port() { share_port_ = true; }

    void start();
    /// Clients that the kernel has not given us yet go to whoever else has the sockets.
    void stop();
    /// The adopted Unix socket's name is ours to remove; or another process's, from now on.
    void own_path();
    void leave_path() { unix_path_.clear(); }

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
    bool share_port_ = false;
};

}  // namespace pgsidecar::proxy
