#pragma once

#include <atomic>
#include <chrono>
#include <mutex>
#include <vector>

#include "app/outage_desk.hpp"
#include "base/clock.hpp"
#include "changes/proxy_writes.hpp"
#include "metrics/top_statements.hpp"
#include "model/database_operation.hpp"
#include "proxy/io/data_plane.hpp"
#include "realtime/recent_operations.hpp"
#include "ws/server.hpp"

namespace pgsidecar::app {

/// Takes what the workers record, hands it to the operation log, sums it up for /api/top, keeps the
/// latest for /api/operations, and passes it to the feed when somebody listens. Records are turned
/// into texts only when somebody asks, so that recording stays cheap.
///
/// Thread: any.
class OperationFeed {
public:
    /// When to collect() next: soon for a live feed; else just often enough for the rings, because
    /// each waking costs CPU that statements could use.
    std::chrono::milliseconds interval() const;

    struct Limits {
        std::size_t recent = 0;  ///< operations
        std::size_t top = 0;     ///< different statements
        std::chrono::milliseconds
            log_interval;  ///< how often records go to the operation log, where there is one
    };

    OperationFeed(proxy::DataPlane& plane, ws::HttpServer& server, OutageDesk& outage,
                  Limits limits)
        : plane_(plane),
          server_(server),
          outage_(outage),
          recent_(limits.recent),
          top_(limits.top, base::read_clocks().wall_us),
          log_interval_(limits.log_interval) {}

    /// Whether writes through the sidecar are reported as row changes: the source of changes is
    /// the proxy itself.
    void report_writes(bool on) { reports_writes_ = on; }

    /// Takes what the workers have recorded since the last call.
    void collect();
    /// Newest first; collects before it looks.
    std::vector<model::DatabaseOperation> find(const realtime::OperationFilter& filter);
    /// The sums of what was collected.
    const metrics::TopStatements& top() const { return top_; }

private:
    void collect_locked();
    bool wants_writes() const { return reports_writes_ && server_.wants_changes(); }

    proxy::DataPlane& plane_;
    ws::HttpServer& server_;
    OutageDesk& outage_;
    realtime::RecentOperations recent_;
    metrics::TopStatements top_;
    std::chrono::milliseconds log_interval_;
    std::atomic<bool> reports_writes_{false};
    std::mutex mutex_;  ///< of batch_ and writes_
    changes::ProxyWrites writes_;
    std::vector<model::OperationRecord> batch_;
};

}  // namespace pgsidecar::app
