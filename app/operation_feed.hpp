#pragma once

#include <chrono>
#include <deque>
#include <mutex>
#include <vector>

#include "model/database_operation.hpp"
#include "proxy/io/data_plane.hpp"
#include "realtime/recent_operations.hpp"
#include "ws/server.hpp"

namespace pgsidecar::app {

/// Takes what the workers record, keeps the latest for /api/operations, and passes it to the feed
/// when somebody listens. Records are turned into texts only when somebody asks, so that recording
/// stays cheap.
///
/// Thread: any.
class OperationFeed {
public:
    /// When to collect() next: soon for a live feed; else just often enough for the rings, because
    /// each waking costs CPU that statements could use.
    std::chrono::milliseconds interval() const;

    OperationFeed(proxy::DataPlane& plane, ws::HttpServer& server, std::size_t kept)
        : plane_(plane), server_(server), kept_(kept) {}

    /// Takes what the workers have recorded since the last call.
    void collect();
    /// Newest first; collects before it looks.
    std::vector<model::DatabaseOperation> find(const realtime::OperationFilter& filter);

private:
    void collect_locked();

    proxy::DataPlane& plane_;
    ws::HttpServer& server_;
    std::size_t kept_;
    std::vector<model::OperationRecord> batch_;
    std::mutex mutex_;
    std::deque<model::OperationRecord> recent_;
};

}  // namespace pgsidecar::app
