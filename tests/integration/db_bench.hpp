#pragma once

#include <gtest/gtest.h>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/use_awaitable.hpp>
#include <functional>
#include <optional>
#include <string>

#include "config/postgres_url.hpp"
#include "db/libpq_adapter.hpp"
#include "tests/support/deadline.hpp"
#include "tests/support/pg_cluster.hpp"

namespace pgsidecar::db {

using namespace std::chrono_literals;

/// An adapter with a loop of its own; await() runs the loop until the operation has ended.
class Bench {
public:
    explicit Bench(const std::string& url, model::DatabaseMode mode = model::DatabaseMode::Local)
        : adapter(io.get_executor(), upstream(url), {"c-1", mode, 5'000}) {}

    asio::io_context io;
    LibpqAdapter adapter;

    template <class T>
    T await(asio::awaitable<T> operation) {
        std::optional<T> out;
        begin(std::move(operation), out);
        EXPECT_TRUE(run_until([&] { return out.has_value(); })) << "the operation never ended";
        return out ? std::move(*out) : T();
    }
    template <class T>
    void begin(asio::awaitable<T> operation, std::optional<T>& out) {
        auto done = [&out](std::exception_ptr thrown, T value) {
            EXPECT_FALSE(thrown);
            out = std::move(value);
        };
        asio::co_spawn(io, std::move(operation), done);
    }
    bool run_until(const std::function<bool()>& condition, test::Deadline deadline = 20s) {
        io.restart();
        while (!condition() && !deadline.passed()) {
            io.restart();
            io.run_one_for(20ms);
        }
        return condition();
    }
    Result<Rows> query(std::string sql, std::vector<Value> parameters = {}) {
        return await(adapter.query(std::move(sql), std::move(parameters)));
    }
    void connect() {
        auto connected = await(adapter.connect(5'000));
        ASSERT_TRUE(connected) << connected.error().message << connected.error().server_message;
    }

private:
    static config::Upstream upstream(const std::string& url) {
        auto parsed = config::parse_upstream(url);
        EXPECT_TRUE(parsed) << url;
        config::complete(*parsed);
        return *parsed;
    }
};

inline std::string fake_url(int port) {
    return "postgres://app:secret@127.0.0.1:" + std::to_string(port) + "/postgres?sslmode=disable";
}

class WithCluster : public testing::Test {
protected:
    test::PgCluster& cluster = test::shared_cluster();
};

}  // namespace pgsidecar::db
