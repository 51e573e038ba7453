#include "proxy/io/connector.hpp"

#include <unistd.h>
#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/connect.hpp>
#include <asio/detached.hpp>
#include <asio/experimental/as_tuple.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/local/stream_protocol.hpp>
#include <asio/post.hpp>
#include <asio/use_awaitable.hpp>
#include <cerrno>

namespace pgsidecar::proxy {

namespace {

constexpr auto kTuple = asio::experimental::as_tuple(asio::use_awaitable);

struct Attempt {
    int fd = -1;
    bool unix_socket = false;
    ChannelClosed failure;
};

ChannelClosed failure_of(const asio::error_code& error, const std::string& where) {
    using Cause = ChannelClosed::Cause;
    Cause cause = Cause::Other;
    if (error == asio::error::connection_refused || error.value() == ENOENT) {
        cause = Cause::ConnectRefused;
    } else if (error == asio::error::host_not_found ||
               error == asio::error::host_not_found_try_again || error == asio::error::no_data) {
        cause = Cause::HostNotFound;
    } else if (error == asio::error::timed_out) {
        cause = Cause::TimedOut;
    } else if (error == asio::error::host_unreachable ||
               error == asio::error::network_unreachable) {
        cause = Cause::Unreachable;
    } else if (error == asio::error::connection_reset) {
        cause = Cause::Reset;
    }
    return {cause, where + ": " + error.message()};
}

template <class Socket>
int release_nonblocking(Socket& socket) {
    asio::error_code ignored;
    socket.native_non_blocking(true, ignored);
    return socket.release(ignored);
}

asio::awaitable<Attempt> connect_unix(std::string path) {
    Attempt attempt;
    attempt.unix_socket = true;
    asio::local::stream_protocol::socket socket(co_await asio::this_coro::executor);
    if (path.size() >= 108) {
        attempt.failure = {ChannelClosed::Cause::Other,
                           path + ": longer than a Unix socket's path may be"};
        co_return attempt;
    }
    asio::local::stream_protocol::endpoint endpoint(path);
    auto [error] = co_await socket.async_connect(endpoint, kTuple);
    if (error) {
        attempt.failure = failure_of(error, path);
    } else {
        attempt.fd = release_nonblocking(socket);
    }
    co_return attempt;
}

asio::awaitable<Attempt> connect_tcp(std::string host, std::uint16_t port) {
    Attempt attempt;
    auto executor = co_await asio::this_coro::executor;
    std::string where = host + ":" + std::to_string(port);
    std::vector<asio::ip::tcp::endpoint> endpoints;
    asio::error_code not_numeric;
    auto address = asio::ip::make_address(host, not_numeric);
    if (!not_numeric) {
        endpoints.emplace_back(address, port);
    } else {
        asio::ip::tcp::resolver resolver(executor);
        std::string service = std::to_string(port);
        auto [error, results] = co_await resolver.async_resolve(host, service, kTuple);
        if (error) {
            attempt.failure = failure_of(error, where);
            co_return attempt;
        }
        for (const auto& entry : results) endpoints.push_back(entry.endpoint());
    }
    for (const auto& endpoint : endpoints) {
        asio::ip::tcp::socket socket(executor);
        auto [error] = co_await socket.async_connect(endpoint, kTuple);
        if (!error) {
            attempt.fd = release_nonblocking(socket);
            co_return attempt;
        }
        attempt.failure = failure_of(error, where);
    }
    co_return attempt;
}

asio::awaitable<void> run(SocketChannel* channel, std::vector<config::HostPort> hosts) {
    ChannelClosed failure{ChannelClosed::Cause::Other, "no host is configured"};
    for (config::HostPort& host : hosts) {
        Attempt attempt;
        if (host.is_unix_socket()) {
            attempt = co_await connect_unix(host.host + "/.s.PGSQL." + std::to_string(host.port));
        } else {
            attempt = co_await connect_tcp(host.host, host.port);
        }
        if (channel->ended()) {
            if (attempt.fd >= 0) ::close(attempt.fd);
            break;
        }
        if (attempt.fd >= 0) {
            if (channel->open(attempt.fd, attempt.unix_socket, host.host)) {
                channel->opened();
                channel->release();
                co_return;
            }
            attempt.failure.detail = "the socket could not be watched";
        }
        failure = attempt.failure;
    }
    if (!channel->ended()) channel->fail(failure);
    channel->release();
}

}  // namespace

void Connector::start(asio::io_context& context, SocketChannel& channel,
                      const std::vector<config::HostPort>& hosts) {
    channel.hold();
    // Not at once: co_spawn would run it inside this call, and who asks is not ready for an end.
    asio::post(context, [&context, &channel, hosts] {
        asio::co_spawn(context, run(&channel, hosts), asio::detached);
    });
}

}  // namespace pgsidecar::proxy
