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
/// Thread: the control thread's; find() any.
class OperationFeed {
public:
    static constexpr auto kInterval = std::chrono::milliseconds(50);

    OperationFeed(proxy::DataPlane& plane, ws::HttpServer& server, std::size_t kept)
        : plane_(plane), server_(server), kept_(kept) {}

    /// Takes what is waiting now; to be called every kInterval.
    void collect();
    /// Newest first.
    std::vector<model::DatabaseOperation> find(const realtime::OperationFilter& filter) const;

private:
    void keep(std::vector<model::OperationRecord>& batch);

    proxy::DataPlane& plane_;
    ws::HttpServer& server_;
    std::size_t kept_;
    std::vector<model::OperationRecord> batch_;
    mutable std::mutex mutex_;
    std::deque<model::OperationRecord> recent_;
};

}  // namespace pgsidecar::app
