#pragma once

#include <string>

#include "db/database_adapter.hpp"

namespace pgsidecar::db {

/// DatabaseAdapter for mode `mock`: there is no database. Everything succeeds, nothing is stored
/// (R29), health checks always say healthy (R30).
///
/// query() answers without rows; insert() and update() give back the row that they were given.
class MockAdapter final : public DatabaseAdapter {
public:
    explicit MockAdapter(std::string connection_id);

    asio::awaitable<Result<void>> connect(std::int64_t timeout_ms) override;
    void disconnect() override;
    bool is_connected() const override { return connected_; }
    model::DatabaseMode get_mode() const override { return model::DatabaseMode::Mock; }
    asio::awaitable<HealthReport> health_check(std::int64_t timeout_ms) override;
    model::DatabaseConnection get_connection_status() const override { return status_; }

    asio::awaitable<Result<Rows>> query(std::string sql, std::vector<Value> parameters) override;
    asio::awaitable<Result<Rows>> insert(TableName table, std::vector<Assignment> row) override;
    asio::awaitable<Result<Rows>> update(TableName table, std::string id,
                                         std::vector<Assignment> changes) override;
    asio::awaitable<Result<Rows>> remove(TableName table, std::string id) override;
    asio::awaitable<Result<void>> transaction(Work work, std::int64_t timeout_ms) override;
    /// Never called: nothing can be lost.
    void on_idle_loss(std::function<void(const Error&)> handler) override;

private:
    bool connected_ = false;
    model::DatabaseConnection status_;
};

}  // namespace pgsidecar::db
