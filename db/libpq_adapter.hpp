#pragma once

#include <asio/any_io_executor.hpp>
#include <memory>
#include <string>

#include "db/async_mutex.hpp"
#include "db/database_adapter.hpp"
#include "db/idle_watch.hpp"
#include "db/pg_session.hpp"

namespace pgsidecar::db {

/// DatabaseAdapter for modes `local` and `supabase`: libpq on Asio, one connection.
///
/// supabase differs by requiring TLS. An Upstream without a user (pass-through authentication,
/// nobody's credentials) can only be asked whether a server answers at all; then a refused login
/// counts as healthy.
class LibpqAdapter final : public DatabaseAdapter {
public:
    struct Options {
        std::string connection_id;                              ///< R46
        model::DatabaseMode mode = model::DatabaseMode::Local;  ///< Local or Supabase
        std::int64_t statement_timeout_ms = 30'000;  ///< of query, insert, update, remove
    };

    /// upstream: complete (config::upstream_of).
    LibpqAdapter(asio::any_io_executor executor, config::Upstream upstream, Options options);
    ~LibpqAdapter() override;

    asio::awaitable<Result<void>> connect(std::int64_t timeout_ms) override;
    void disconnect() override;
    bool is_connected() const override { return session_.is_open(); }
    model::DatabaseMode get_mode() const override { return options_.mode; }
    asio::awaitable<HealthReport> health_check(std::int64_t timeout_ms) override;
    model::DatabaseConnection get_connection_status() const override;

    asio::awaitable<Result<Rows>> query(std::string sql, std::vector<Value> parameters) override;
    asio::awaitable<Result<Rows>> insert(TableName table, std::vector<Assignment> row) override;
    asio::awaitable<Result<Rows>> update(TableName table, std::string id,
                                         std::vector<Assignment> changes) override;
    asio::awaitable<Result<Rows>> remove(TableName table, std::string id) override;
    asio::awaitable<Result<void>> transaction(Work work, std::int64_t timeout_ms) override;
    void on_idle_loss(std::function<void(const Error&)> handler) override;

private:
    /// Reached a server, with how long the last question took.
    struct Answer {
        Result<Rows> rows;
        std::int64_t latency_ns = 0;
    };

    asio::awaitable<AsyncMutex::Guard> begin();
    /// Watches the connection from now on; every operation ends with it, holding the lock.
    void rest();
    asio::awaitable<Result<void>> connect_now(Limit limit);
    asio::awaitable<Answer> ask(Limit limit);
    bool counts_as_up(const Error& error) const;
    HealthReport report(const Answer& answer);
    void note_failure(const Error& error);
    void idle_news();

    asio::any_io_executor executor_;
    config::Upstream upstream_;
    Options options_;
    PgSession session_;
    AsyncMutex mutex_;
    IdleWatch watch_;
    std::function<void(const Error&)> on_idle_loss_;
    model::DatabaseConnection status_;
};

}  // namespace pgsidecar::db
