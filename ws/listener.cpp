#include "ws/listener.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/write.hpp>
#include <boost/system/errc.hpp>

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <string_view>
#include <utility>

#include "base/listening_sockets.hpp"
#include "base/log.hpp"
#include "ws/http_connection.hpp"

namespace pgsidecar::ws {
namespace {

namespace asio = boost::asio;

constexpr std::chrono::milliseconds kAcceptPause{100};
constexpr std::chrono::seconds kRefusalTime{1};
constexpr int kMaxRefusals = 64;
constexpr std::string_view kOverloaded =
    "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nConnection: close\r\nContent-Type: "
    "text/plain\r\n"
    "Content-Length: 63\r\n\r\nToo many connections; close some or raise http.max_connections\n";
static_assert(kOverloaded.substr(kOverloaded.find("\r\n\r\n") + 4).size() == 63);

/// Tells a peer that there is no room and waits a moment for it to go.
class Refusal final : public std::enable_shared_from_this<Refusal> {
public:
    Refusal(tcp::socket socket, std::shared_ptr<int> running)
        : socket_(std::move(socket)),
          deadline_(socket_.get_executor()),
          running_(std::move(running)) {
        ++*running_;
    }
    ~Refusal() { --*running_; }
    Refusal(const Refusal&) = delete;
    Refusal& operator=(const Refusal&) = delete;

    void run() {
        deadline_.expires_after(kRefusalTime);
        deadline_.async_wait([self = shared_from_this()](boost::system::error_code) {
            boost::system::error_code ignored;
            self->socket_.close(ignored);
        });
        asio::async_write(
            socket_, asio::buffer(kOverloaded),
            [self = shared_from_this()](boost::system::error_code fault, std::size_t) {
                boost::system::error_code ignored;
                self->socket_.shutdown(tcp::socket::shutdown_send, ignored);
                if (fault) return self->end();
                self->drain();
            });
    }

private:
    void drain() {
        socket_.async_read_some(
            asio::buffer(scrap_),
            [self = shared_from_this()](boost::system::error_code fault, std::size_t) {
                if (fault) return self->end();
                self->drain();
            });
    }
    void end() { deadline_.cancel(); }

    tcp::socket socket_;
    asio::steady_timer deadline_;
    std::shared_ptr<int> running_;
    std::array<char, 512> scrap_{};
};

std::string advice(const boost::system::error_code& fault, const std::string& setting) {
    if (fault == asio::error::address_in_use) {
        return "another program listens there; stop it, or choose another " + setting + ".port";
    }
    if (fault == asio::error::access_denied) {
        return "this user may not bind that port; choose " + setting + ".port above 1023";
    }
    if (fault == boost::system::errc::address_not_available) {
        return "this machine does not have that address; correct " + setting + ".address";
    }
    return "correct " + setting + ".address or " + setting + ".port";
}

}  // namespace

ConnectionSlot::ConnectionSlot(std::shared_ptr<std::int64_t> in_use, Counters& counters)
    : in_use_(std::move(in_use)), counters_(counters) {
    ++*in_use_;
    counters_.connections.fetch_add(1, std::memory_order_relaxed);
}

ConnectionSlot::~ConnectionSlot() {
    --*in_use_;
    counters_.connections.fetch_sub(1, std::memory_order_relaxed);
}

Listener::Listener(ServerState& state, Edge edge)
    : state_(state), edge_(edge), acceptor_(state.context), pause_(state.context) {}

std::string Listener::bind(const std::string& address, int port, const std::string& setting) {
    boost::system::error_code fault;
    auto ip = asio::ip::make_address(address == "localhost" ? "127.0.0.1" : address, fault);
    if (fault) {
        return "Cannot listen for HTTP: " + setting + ".address '" + address +
               "' is not an IP address; write one such as 127.0.0.1 or ::1.";
    }
    tcp::endpoint endpoint(ip, static_cast<std::uint16_t>(port));
    acceptor_.open(endpoint.protocol(), fault);
    if (!fault) acceptor_.set_option(tcp::acceptor::reuse_address(true), fault);
    if (!fault) acceptor_.bind(endpoint, fault);
    if (!fault) acceptor_.listen(asio::socket_base::max_listen_connections, fault);
    if (!fault) return {};
    std::string where = ip.is_v6() ? "[" + address + "]" : address;
    return "Cannot listen for HTTP on " + where + ":" + std::to_string(port) + ": " +
           fault.message() + "; " + advice(fault, setting) + ".";
}

bool Listener::adopt(int fd) {
    boost::system::error_code fault;
    bool v6 = base::address_family(fd) == AF_INET6;
    acceptor_.assign(v6 ? tcp::v6() : tcp::v4(), fd, fault);
    if (fault) ::close(fd);
    return !fault;
}

int Listener::port() const {
    boost::system::error_code fault;
    auto endpoint = acceptor_.local_endpoint(fault);
    return fault ? 0 : endpoint.port();
}

void Listener::start() { accept_next(); }

void Listener::stop() {
    boost::system::error_code ignored;
    // Not close(): see proxy/io/listener.cpp.
    if (acceptor_.is_open()) ::close(acceptor_.release(ignored));
    pause_.cancel();
}

void Listener::accept_next() {
    acceptor_.async_accept(
        [self = shared_from_this()](boost::system::error_code fault, tcp::socket socket) {
            if (!fault && !self->state_.stopping) self->welcome(std::move(socket));
            if (!self->acceptor_.is_open()) return;
            if (!fault) return self->accept_next();
            if (fault == asio::error::connection_aborted) return self->accept_next();
            // Out of descriptors, most likely: trying at once again would only burn the processor.
            base::log::warn("http", "cannot accept a connection", {{"error", fault.message()}});
            self->pause_.expires_after(kAcceptPause);
            self->pause_.async_wait([self](boost::system::error_code) {
                if (self->acceptor_.is_open()) self->accept_next();
            });
        });
}

bool Listener::end_who_rests_longest() {
    std::shared_ptr<Connection> longest;
    for (const auto& connection : state_.live) {
        auto since = connection->rests_since();
        if (since && (!longest || *since < *longest->rests_since())) longest = connection;
    }
    if (longest) longest->abort();
    return longest != nullptr;
}

void Listener::welcome(tcp::socket socket) {
    boost::system::error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    if (*in_use_ < state_.settings->http.max_connections || end_who_rests_longest()) {
        auto slot = std::make_shared<ConnectionSlot>(in_use_, state_.counters);
        std::make_shared<HttpConnection>(state_, std::move(socket), edge_, std::move(slot))->run();
        return;
    }
    state_.counters.connections_refused.fetch_add(1, std::memory_order_relaxed);
    // In a flood the socket is simply closed.
    if (*refusing_ < kMaxRefusals) std::make_shared<Refusal>(std::move(socket), refusing_)->run();
}

}  // namespace pgsidecar::ws
