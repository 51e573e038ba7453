#include "tests/support/socket.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <deque>
#include <random>
#include <stdexcept>

namespace pgsidecar::test {

namespace {

sockaddr_in loopback(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

template <class Address>
const sockaddr* generic(const Address& address) {
    return reinterpret_cast<const sockaddr*>(&address);
}

bool wait_for(int fd, short events, Deadline deadline) {
    pollfd p{fd, events, 0};
    int n = 0;
    do {
        n = ::poll(&p, 1, deadline.poll_ms());
    } while (n < 0 && errno == EINTR);
    return n > 0;
}

/// 0, or the errno of the failure.
int finish_connect(int fd, int result, Deadline deadline) {
    if (result == 0) return 0;
    if (errno != EINPROGRESS) return errno;
    if (!wait_for(fd, POLLOUT, deadline)) return ETIMEDOUT;
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
    return error;
}

Socket new_socket(int family) {
    Socket s(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!s) throw std::runtime_error(std::string("socket: ") + std::strerror(errno));
    return s;
}

int connect_to(Socket& s, int port, Deadline deadline) {
    auto address = loopback(port);
    int one = 1;
    ::setsockopt(s.fd(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return finish_connect(s.fd(), ::connect(s.fd(), generic(address), sizeof address), deadline);
}

}  // namespace

Socket& Socket::operator=(Socket&& other) noexcept {
    if (this != &other) {
        close();
        fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
}

Socket Socket::connect_tcp(int port, Deadline deadline, int receive_buffer) {
    Socket s = new_socket(AF_INET);
    if (receive_buffer > 0) {
        ::setsockopt(s.fd(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    }
    if (int error = connect_to(s, port, deadline); error != 0) {
        throw std::runtime_error("connect to 127.0.0.1:" + std::to_string(port) + ": " +
                                 std::strerror(error));
    }
    return s;
}

Socket Socket::try_connect_tcp(int port, Deadline deadline) {
    Socket s = new_socket(AF_INET);
    if (connect_to(s, port, deadline) != 0) return {};
    return s;
}

Socket Socket::connect_unix(const std::string& path, Deadline deadline) {
    Socket s = new_socket(AF_UNIX);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path)
        throw std::runtime_error("socket path too long: " + path);
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    int error =
        finish_connect(s.fd(), ::connect(s.fd(), generic(address), sizeof address), deadline);
    if (error != 0) throw std::runtime_error("connect to " + path + ": " + std::strerror(error));
    return s;
}

int Socket::local_port() const {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    return ntohs(address.sin_port);
}

bool Socket::write_all(std::string_view bytes, Deadline deadline) {
    while (!bytes.empty()) {
        ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (n > 0) {
            bytes.remove_prefix(static_cast<std::size_t>(n));
        } else if (errno != EAGAIN && errno != EINTR) {
            return false;
        } else if (!wait_for(fd_, POLLOUT, deadline)) {
            return false;
        }
    }
    return true;
}

ReadOutcome Socket::read_some(std::string& into, std::size_t limit, Deadline deadline) {
    std::array<char, 65536> chunk;
    while (true) {
        ssize_t n = ::recv(fd_, chunk.data(), std::min(limit, chunk.size()), 0);
        if (n > 0) {
            into.append(chunk.data(), static_cast<std::size_t>(n));
            return ReadOutcome::Data;
        }
        if (n == 0) return ReadOutcome::Closed;
        if (errno != EAGAIN && errno != EINTR) return ReadOutcome::Reset;
        if (!wait_for(fd_, POLLIN, deadline)) return ReadOutcome::TimedOut;
    }
}

void Socket::shutdown_write() { ::shutdown(fd_, SHUT_WR); }

void Socket::reset() {
    linger hard{1, 0};
    if (fd_ >= 0) ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    close();
}

void Socket::close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
}

Listener::Listener(int port) : socket_(new_socket(AF_INET)) {
    int one = 1;
    ::setsockopt(socket_.fd(), SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    auto address = loopback(port);
    if (::bind(socket_.fd(), generic(address), sizeof address) != 0 ||
        ::listen(socket_.fd(), 512) != 0) {
        throw std::runtime_error("cannot listen on 127.0.0.1:" + std::to_string(port) + ": " +
                                 std::strerror(errno));
    }
    port_ = socket_.local_port();
}

Socket Listener::accept(Deadline deadline) {
    if (!wait_for(socket_.fd(), POLLIN, deadline)) return {};
    Socket s(::accept4(socket_.fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    int one = 1;
    if (s) ::setsockopt(s.fd(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return s;
}

int free_port() {
    // Below the range from which the kernel takes ports for outgoing connections, so that nobody
    // takes it between now and its use, or while a server restarts.
    static std::mt19937 random{std::random_device{}()};
    // Who asks for several before they are used gets different ones.
    static std::deque<int> latest;
    for (int attempt = 0;; ++attempt) {
        int port = std::uniform_int_distribution<int>(10'000, 32'000)(random);
        if (std::ranges::find(latest, port) != latest.end()) continue;
        try {
            Listener probe(port);
            latest.push_back(port);
            if (latest.size() > 64) latest.pop_front();
            return port;
        } catch (const std::runtime_error&) {
            if (attempt == 100) throw;
        }
    }
}

}  // namespace pgsidecar::test
