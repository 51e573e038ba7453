#pragma once

#include <asio/awaitable.hpp>
#include <functional>
#include <string>
#include <vector>

#include "db/error.hpp"
#include "db/rows.hpp"
#include "model/database_connection.hpp"
#include "model/health_check_result.hpp"

namespace pgsidecar::db {

/// Statements, on the connection or inside a transaction (R79-R82).
///
/// Values are always sent as parameters, names are quoted; nothing is pasted into SQL.
class Client {
public:
    virtual ~Client() = default;

    /// One statement with $1, $2, ...
    virtual asio::awaitable<Result<Rows>> query(std::string sql,
                                                std::vector<Value> parameters = {}) = 0;
    /// The inserted row. No assignments: a row of defaults.
    virtual asio::awaitable<Result<Rows>> insert(TableName table, std::vector<Assignment> row) = 0;
    /// The row after the change; no row when none has that `id`.
    virtual asio::awaitable<Result<Rows>> update(TableName table, std::string id,
                                                 std::vector<Assignment> changes) = 0;
    /// The row that was there; no row when none has that `id`. (R82's delete, a keyword here.)
    virtual asio::awaitable<Result<Rows>> remove(TableName table, std::string id) = 0;
};

/// Our own use of one database (R76-R83): health checks, migrations, flushes, polling.
///
/// Thread: its executor's. Operations queue up; each has its own deadline that counts from its turn
/// on. The connection is kept between them and is made again by connect() and health_check() alone.
/// Lifetime: must outlive its operations; disconnect() ends them.
class DatabaseAdapter : public Client {
public:
    using Work = std::function<asio::awaitable<Result<void>>(Client&)>;

    /// To the database the adapter was made for: one config, one adapter (R71, R72). A connection
    /// that is there is closed first.
    virtual asio::awaitable<Result<void>> connect(std::int64_t timeout_ms) = 0;
    /// At once: what is under way ends with DB_DISCONNECTED.
    virtual void disconnect() = 0;
    virtual bool is_connected() const = 0;
    virtual model::DatabaseMode get_mode() const = 0;

    /// One round trip through the whole server, connecting first when not connected. Only when the
    /// kept connection turns out to be lost is a new one made and asked once more: one ended
    /// connection does not mean an absent database. latency is the last round trip's. error: why
    /// success is false.
    struct HealthReport {
        model::HealthCheckResult result;
        Error error;
    };
    virtual asio::awaitable<HealthReport> health_check(std::int64_t timeout_ms) = 0;
    /// This adapter's own view (R46-R50); the published status is health::ConnectionMachine's.
    virtual model::DatabaseConnection get_connection_status() const = 0;

    /// BEGIN, work, COMMIT; ROLLBACK when work fails (R83, R103). work gets a Client for the
    /// duration of its call and must use no other; statements that outlive timeout_ms are ended by
    /// the server too.
    virtual asio::awaitable<Result<void>> transaction(Work work, std::int64_t timeout_ms) = 0;

    /// Called when the kept connection ends while nothing runs on it, at most once for a
    /// connection. handler: may be empty.
    virtual void on_idle_loss(std::function<void(const Error&)> handler) = 0;
};

}  // namespace pgsidecar::db
