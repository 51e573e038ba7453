#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "tests/support/deadline.hpp"

namespace pgsidecar::test {

enum class ReadOutcome { Data, Closed, Reset, TimedOut };

/// A blocking-looking stream socket whose every wait has a deadline. Owns the descriptor; one
/// thread at a time.
class Socket {
public:
    Socket() = default;
    explicit Socket(int fd) : fd_(fd) {}
    ~Socket() { close(); }
    Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Socket& operator=(Socket&& other) noexcept;

    /// Throws std::runtime_error when 127.0.0.1:port does not take the connection in time.
    /// A receive buffer above 0 is set before connecting, so that the window stays small.
    static Socket connect_tcp(int port, Deadline deadline, int receive_buffer = 0);
    static Socket connect_unix(const std::string& path, Deadline deadline);
    /// nullopt-like: an empty Socket when the connection is refused.
    static Socket try_connect_tcp(int port, Deadline deadline);

    explicit operator bool() const { return fd_ >= 0; }
    int fd() const { return fd_; }
    int local_port() const;

    /// False when the peer has gone or does not read until the deadline.
    bool write_all(std::string_view bytes, Deadline deadline);
    /// Appends what is there to `into`, at most `limit` bytes.
    ReadOutcome read_some(std::string& into, std::size_t limit, Deadline deadline);

    void shutdown_write();
    /// Ends with RST instead of FIN.
    void reset();
    void close();

private:
    int fd_ = -1;
};

/// A listening socket on 127.0.0.1; port 0 lets the system choose.
class Listener {
public:
    explicit Listener(int port = 0);

    int port() const { return port_; }
    int fd() const { return socket_.fd(); }
    /// An empty Socket when nobody came until the deadline.
    Socket accept(Deadline deadline);
    void close() { socket_.close(); }

private:
    Socket socket_;
    int port_ = 0;
};

/// A TCP port of 127.0.0.1 that was free a moment ago.
int free_port();

}  // namespace pgsidecar::test
