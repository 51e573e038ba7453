#include "db/socket_wait.hpp"

#include <asio/experimental/as_tuple.hpp>
#include <asio/experimental/awaitable_operators.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/use_awaitable.hpp>
#include <utility>

namespace pgsidecar::db {
namespace {

using namespace asio::experimental::awaitable_operators;
using Descriptor = asio::posix::stream_descriptor;

constexpr auto kAwait = asio::experimental::as_tuple(asio::use_awaitable);

/// True when the socket was first.
asio::awaitable<bool> one_way(Descriptor& descriptor, Descriptor::wait_type what,
                              asio::steady_timer& timer) {
    auto ready = descriptor.async_wait(what, kAwait);
    auto expired = timer.async_wait(kAwait);
    auto first = co_await (std::move(ready) || std::move(expired));
    co_return first.index() == 0;
}

asio::awaitable<bool> both_ways(Descriptor& descriptor, asio::steady_timer& timer) {
    auto readable = descriptor.async_wait(Descriptor::wait_read, kAwait);
    auto writable = descriptor.async_wait(Descriptor::wait_write, kAwait);
    auto expired = timer.async_wait(kAwait);
    auto first = co_await (std::move(readable) || std::move(writable) || std::move(expired));
    co_return first.index() != 2;
}

}  // namespace

SocketWait::SocketWait(asio::any_io_executor executor)
    : executor_(std::move(executor)), timer_(executor_) {}

Limit SocketWait::limit(std::int64_t timeout_ms) const {
    return {std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms), generation_,
            timeout_ms};
}

asio::awaitable<SocketWait::Outcome> SocketWait::wait(int socket, For what, Limit limit) {
    if (interrupted(limit)) co_return Outcome::Interrupted;
    timer_.expires_at(limit.deadline);
    Descriptor descriptor(executor_);
    std::error_code refused;
    descriptor.assign(socket, refused);
    // epoll refuses only for want of memory or descriptors: as good as a socket that says nothing.
    if (refused) co_return Outcome::TimedOut;
    bool ready = false;
    waiting_ = true;
    switch (what) {
        case For::Read: ready = co_await one_way(descriptor, Descriptor::wait_read, timer_); break;
        case For::Write:
            ready = co_await one_way(descriptor, Descriptor::wait_write, timer_);
            break;
        case For::Either: ready = co_await both_ways(descriptor, timer_); break;
    }
    waiting_ = false;
    descriptor.release();
    if (interrupted(limit)) co_return Outcome::Interrupted;
    co_return ready ? Outcome::Ready : Outcome::TimedOut;
}

void SocketWait::interrupt() {
    ++generation_;
    timer_.cancel();
}

}  // namespace pgsidecar::db
