#include "db/mock_adapter.hpp"

#include <gtest/gtest.h>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <optional>
#include <utility>

namespace pgsidecar::db {
namespace {

/// Runs one operation to its end.
template <class T>
T run(asio::awaitable<T> operation) {
    asio::io_context io;
    std::optional<T> out;
    asio::co_spawn(io, std::move(operation), [&](std::exception_ptr error, T value) {
        EXPECT_FALSE(error);
        out = std::move(value);
    });
    io.run();
    return std::move(*out);
}

TEST(MockAdapter, IsAlwaysHealthy) {
    MockAdapter adapter("c-1");
    EXPECT_FALSE(adapter.is_connected());
    auto report = run(adapter.health_check(1));
    EXPECT_TRUE(report.result.success);
    EXPECT_EQ(report.result.connection_id, "c-1");
    EXPECT_GE(report.result.latency_ms, 0);
    EXPECT_TRUE(adapter.is_connected());
    EXPECT_EQ(adapter.get_mode(), model::DatabaseMode::Mock);
    auto status = adapter.get_connection_status();
    EXPECT_EQ(status.mode, model::DatabaseMode::Mock);
    EXPECT_EQ(status.status, model::ConnectionStatus::Connected);
    adapter.disconnect();
    EXPECT_FALSE(adapter.is_connected());
    EXPECT_TRUE(run(adapter.health_check(1)).result.success);
}

TEST(MockAdapter, GivesBackWhatItWasGivenAndKeepsNothing) {
    MockAdapter adapter("c-1");
    auto inserted = run(adapter.insert({"t"}, {{"id", "1"}, {"name", std::nullopt}}));
    ASSERT_TRUE(inserted);
    EXPECT_EQ(inserted->affected, 1);
    EXPECT_EQ(*inserted->find(0, "id"), "1");
    EXPECT_EQ(*inserted->find(0, "name"), std::nullopt);
    auto updated = run(adapter.update({"t"}, "7", {{"name", "x"}}));
    ASSERT_TRUE(updated);
    EXPECT_EQ(*updated->find(0, "id"), "7");
    EXPECT_TRUE(run(adapter.query("select 1", {}))->empty());
    EXPECT_TRUE(run(adapter.remove({"t"}, "7"))->empty());
}

asio::awaitable<Result<void>> good(Client& client) {
    auto rows = co_await client.query("select 1");
    if (!rows) co_return rows.error();
    co_return Result<void>();
}
asio::awaitable<Result<void>> bad(Client&) {
    co_return Error(model::other_error("no", "try", false));
}

TEST(MockAdapter, TransactionsEndAsTheirWorkDoes) {
    MockAdapter adapter("c-1");
    EXPECT_TRUE(run(adapter.transaction(good, 1'000)));
    auto failed = run(adapter.transaction(bad, 1'000));
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().message, "no");
}

}  // namespace
}  // namespace pgsidecar::db
