#include "db/mock_adapter.hpp"

#include <chrono>
#include <utility>

#include "base/clock.hpp"

namespace pgsidecar::db {
namespace {

Rows one_row(std::vector<Assignment> row) {
    Rows rows;
    rows.affected = 1;
    rows.rows.emplace_back();
    for (Assignment& assignment : row) {
        rows.columns.push_back(std::move(assignment.column));
        rows.rows[0].push_back(std::move(assignment.value));
    }
    return rows;
}

}  // namespace

MockAdapter::MockAdapter(std::string connection_id) {
    status_.id = std::move(connection_id);
    status_.mode = model::DatabaseMode::Mock;
    status_.created_at_us = base::read_clocks().wall_us;
}

asio::awaitable<Result<void>> MockAdapter::connect(std::int64_t) {
    connected_ = true;
    status_.status = model::ConnectionStatus::Connected;
    co_return Result<void>();
}

void MockAdapter::disconnect() {
    connected_ = false;
    status_.status = model::ConnectionStatus::Disconnected;
}

asio::awaitable<DatabaseAdapter::HealthReport> MockAdapter::health_check(std::int64_t timeout_ms) {
    auto begun = std::chrono::steady_clock::now();
    auto connected = co_await connect(timeout_ms);
    HealthReport report;
    report.result.connection_id = status_.id;
    report.result.timestamp_us = base::read_clocks().wall_us;
    report.result.success = connected.has_value();
    report.result.details["role"] = "mock";
    std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begun;
    report.result.latency_ms = took.count();
    status_.last_health_check_us = report.result.timestamp_us;
    co_return report;
}

asio::awaitable<Result<Rows>> MockAdapter::query(std::string, std::vector<Value>) {
    co_return Rows();
}

asio::awaitable<Result<Rows>> MockAdapter::insert(TableName, std::vector<Assignment> row) {
    co_return one_row(std::move(row));
}

asio::awaitable<Result<Rows>> MockAdapter::update(TableName, std::string id,
                                                  std::vector<Assignment> changes) {
    changes.insert(changes.begin(), Assignment{"id", std::move(id)});
    co_return one_row(std::move(changes));
}

asio::awaitable<Result<Rows>> MockAdapter::remove(TableName, std::string) { co_return Rows(); }

asio::awaitable<Result<void>> MockAdapter::transaction(Work work, std::int64_t) {
    auto done = co_await work(*this);
    co_return done;
}

void MockAdapter::on_idle_loss(std::function<void(const Error&)>) {}

}  // namespace pgsidecar::db
