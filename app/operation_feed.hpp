#pragma once

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
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
/// Thread: its io_context's; find() any.
class OperationFeed {
public:
    OperationFeed(asio::io_context& context, proxy::DataPlane& plane, ws::HttpServer& server,
                  std::size_t kept);

    void start();
    void stop();
    /// Takes what is waiting now.
    void collect();
    /// Newest first.
    std::vector<model::DatabaseOperation> find(const realtime::OperationFilter& filter) const;

private:
    void arm();
    void keep(std::vector<model::OperationRecord>& batch);

    proxy::DataPlane& plane_;
    ws::HttpServer& server_;
    asio::steady_timer timer_;
    std::size_t kept_;
    std::vector<model::OperationRecord> batch_;
    mutable std::mutex mutex_;
    std::deque<model::OperationRecord> recent_;
    bool stopped_ = false;
};

}  // namespace pgsidecar::app
