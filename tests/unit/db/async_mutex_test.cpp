#include "db/async_mutex.hpp"

#include <gtest/gtest.h>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/use_awaitable.hpp>
#include <string>

namespace pgsidecar::db {
namespace {

/// Leaves and comes back to the loop while it holds the lock.
asio::awaitable<void> visit(AsyncMutex& mutex, std::string& trace, char name) {
    auto guard = co_await mutex.lock();
    trace += name;
    co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
    trace += name;
}

TEST(AsyncMutex, OneAtATimeInTheOrderOfAsking) {
    asio::io_context io;
    AsyncMutex mutex(io.get_executor());
    std::string trace;
    for (char name : {'a', 'b', 'c', 'd'}) {
        asio::co_spawn(io, visit(mutex, trace, name), asio::detached);
    }
    io.run();
    EXPECT_EQ(trace, "aabbccdd");
    io.restart();
    asio::co_spawn(io, visit(mutex, trace, 'e'), asio::detached);
    io.run();
    EXPECT_EQ(trace, "aabbccddee");
}

TEST(AsyncMutex, MayDieBeforeItsGuards) {
    asio::io_context io;
    std::string trace;
    auto mutex = std::make_unique<AsyncMutex>(io.get_executor());
    asio::co_spawn(io, visit(*mutex, trace, 'a'), asio::detached);
    io.run_one();
    mutex.reset();
    io.run();
    EXPECT_EQ(trace, "aa");
}

}  // namespace
}  // namespace pgsidecar::db
