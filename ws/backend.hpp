#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "model/database_connection.hpp"
#include "model/database_operation.hpp"
#include "model/events.hpp"
#include "realtime/command_gate.hpp"
#include "realtime/recent_operations.hpp"
#include "ws/probe_report.hpp"

namespace pgsidecar::ws {

/// The few figures that the page shows as tiles; totals since start unless said otherwise. The
/// whole set is in metrics_text().
struct Activity {
    std::uint64_t statements_total = 0;
    std::uint64_t errors_total = 0;
    std::uint64_t transactions_total = 0;
    std::uint64_t operations_lost_total = 0;
    double statement_seconds_total = 0;  ///< sum of statement durations
    std::int64_t clients = 0;            ///< now
    std::int64_t clients_waiting = 0;
    std::int64_t max_clients = 0;
    std::int64_t servers = 0;
    std::int64_t servers_active = 0;
    std::int64_t pool_size = 0;
    std::string pool_mode;  ///< session | transaction
};

/// What the edges need from the rest of the process; implemented by app.
///
/// Thread: called on the HTTP thread; must be safe beside all others and must not block on the
/// database.
class Backend {
public:
    virtual ~Backend() = default;

    virtual model::DatabaseConnection connection() const = 0;
    virtual std::optional<model::HealthEvent> last_health() const = 0;
    virtual Activity activity() const = 0;
    /// Newest first, at most filter.limit.
    virtual std::vector<model::DatabaseOperation> recent_operations(
        const realtime::OperationFilter& filter) const = 0;
    /// Prometheus text format 0.0.4.
    virtual std::string metrics_text() const = 0;

    /// Loops ticking, and nothing else.
    virtual ProbeReport liveness() const = 0;
    /// By health.readiness; with policy accepting it never depends on the database.
    virtual ProbeReport readiness() const = 0;
    /// Listeners bound, configuration valid; never the database.
    virtual ProbeReport startup() const = 0;

    /// Both start the work and return at once; done may be called on any thread, at most once. A
    /// call that never comes is answered by the edge after a while.
    virtual void request_health(std::function<void(model::HealthEvent)> done) = 0;
    virtual void request_reconnect(std::function<void(realtime::ReconnectOutcome)> done) = 0;
};

}  // namespace pgsidecar::ws
