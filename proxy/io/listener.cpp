#include "proxy/io/listener.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <chrono>

#include "base/listening_sockets.hpp"
#include "base/log.hpp"

namespace pgsidecar::proxy {

namespace {

bool is_local(const asio::ip::tcp::socket& socket) {
    asio::error_code error;
    auto address = socket.remote_endpoint(error).address();
    if (error) return false;
    if (address.is_v6() && address.to_v6().is_v4_mapped()) {
        return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).is_loopback();
    }
    return address.is_loopback();
}

bool is_local(const asio::local::stream_protocol::socket&) { return true; }

constexpr bool is_unix(const asio::ip::tcp::socket&) { return false; }
constexpr bool is_unix(const asio::local::stream_protocol::socket&) { return true; }

bool somebody_serves(asio::io_context& context, const std::string& path) {
    asio::local::stream_protocol::socket probe(context);
    asio::error_code error;
    probe.connect(path, error);
    return !error;
}

}  // namespace

Listener::Listener(asio::io_context& context, Handler handler)
    : tcp_(context), unix_(context), pause_timer_(context), handler_(std::move(handler)) {}

Listener::~Listener() {
    if (!unix_path_.empty()) ::unlink(unix_path_.c_str());
}

std::string Listener::open_tcp(const std::string& address, int port, int backlog) {
    asio::error_code error;
    auto ip = asio::ip::make_address(address == "localhost" ? "127.0.0.1" : address, error);
    std::string where = address + ":" + std::to_string(port);
    if (error)
        return "listen.address \"" + address +
               "\" is not an IP address; use 127.0.0.1, 0.0.0.0, ::1 or the like.";
    asio::ip::tcp::endpoint endpoint(ip, static_cast<std::uint16_t>(port));
    tcp_.open(endpoint.protocol(), error);
    if (!error) tcp_.set_option(asio::ip::tcp::acceptor::reuse_address(true), error);
    if (!error && share_port_) {
        int on = 1;
        if (::setsockopt(tcp_.native_handle(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0)
            error = asio::error_code(errno, asio::error::get_system_category());
    }
    if (!error) tcp_.bind(endpoint, error);
    if (!error) tcp_.listen(backlog, error);
    if (error == asio::error::address_in_use) {
        return "cannot listen on " + where +
               ": the address is in use; stop the other program or set listen.port.";
    }
    if (error) return "cannot listen on " + where + ": " + error.message() + ".";
    port_ = tcp_.local_endpoint(error).port();
    return {};
}

std::string Listener::unix_path(const std::string& directory, int port) {
    return directory + "/.s.PGSQL." + std::to_string(port);
}

std::string Listener::open_unix(const std::string& directory, int port, int backlog) {
    std::string path = unix_path(directory, port);
    if (path.size() >= 108)
        return "listen.unix_socket_dir is too long for a Unix socket: " + path + ".";
    asio::error_code error;
    asio::io_context probe;
    struct stat info {};
    if (::lstat(path.c_str(), &info) == 0) {
        if (!S_ISSOCK(info.st_mode))
            return path + " exists and is not a socket; remove it or set listen.unix_socket_dir.";
        if (somebody_serves(probe, path))
            return "cannot listen on " + path + ": another program serves it.";
        ::unlink(path.c_str());
    }
    unix_.open(asio::local::stream_protocol(), error);
    if (!error) unix_.bind(path, error);
    if (!error) unix_.listen(backlog, error);
    if (error) return "cannot listen on " + path + ": " + error.message() + ".";
    unix_path_ = path;
    return {};
}

void Listener::start() {
    if (tcp_.is_open()) accept(tcp_);
    if (unix_.is_open()) accept(unix_);
}

bool Listener::adopt_tcp(int fd) {
    asio::error_code error;
    bool v6 = base::address_family(fd) == AF_INET6;
    tcp_.assign(v6 ? asio::ip::tcp::v6() : asio::ip::tcp::v4(), fd, error);
    if (error) ::close(fd);
    if (!error) port_ = base::local_port(fd);
    return !error;
}

bool Listener::adopt_unix(int fd) {
    asio::error_code error;
    unix_.assign(asio::local::stream_protocol(), fd, error);
    if (error) ::close(fd);
    return !error;
}

void Listener::own_path() {
    if (unix_.is_open()) unix_path_ = base::local_path(unix_.native_handle());
}

void Listener::stop() {
    // Not close(): that leaves the watching of a socket that another process has, too, to the
    // kernel, which would go on telling us of it.
    asio::error_code ignored;
    if (tcp_.is_open()) ::close(tcp_.release(ignored));
    if (unix_.is_open()) ::close(unix_.release(ignored));
    pause_timer_.cancel();
}

template <class Acceptor>
void Listener::accept(Acceptor& acceptor) {
    acceptor.async_accept([this, &acceptor](const asio::error_code& error,
                                            typename Acceptor::protocol_type::socket socket) {
        if (error) {
            if (error == asio::error::operation_aborted || !acceptor.is_open()) return;
            bool full = error == asio::error::no_descriptors || error.value() == ENFILE ||
                        error == asio::error::no_memory;
            if (full) return pause(acceptor);
            return accept(acceptor);
        }
        asio::error_code ignored;
        Accepted accepted{-1, is_unix(socket), is_local(socket)};
        socket.native_non_blocking(true, ignored);
        accepted.fd = socket.release(ignored);
        handler_(accepted);
        if (acceptor.is_open()) accept(acceptor);
    });
}

template <class Acceptor>
void Listener::pause(Acceptor& acceptor) {
    base::log::warn("proxy", "no descriptors left for another client; accepting pauses",
                    {{"next_step", "raise the open-file limit or lower listen.max_clients"}});
    pause_timer_.expires_after(std::chrono::milliseconds(100));
    pause_timer_.async_wait([this, &acceptor](const asio::error_code& error) {
        if (!error && acceptor.is_open()) accept(acceptor);
    });
}

}  // namespace pgsidecar::proxy
