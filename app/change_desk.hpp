#pragma once

#include <functional>
#include <memory>

#include "app/operation_feed.hpp"
#include "changes/event_broadcaster.hpp"
#include "config/settings.hpp"
#include "config/upstream.hpp"
#include "metrics/process_counters.hpp"
#include "ws/server.hpp"

namespace asio {
class io_context;
}

namespace pgsidecar::app {

/// The source of events and row changes, tied to the feed. Thread: control, but refresh_counters(),
/// which any may call.
class ChangeDesk {
public:
    struct Parts {
        std::shared_ptr<const config::Settings> settings;
        config::Upstream upstream;  ///< without a user the database cannot be asked
        ws::HttpServer* server = nullptr;
        OperationFeed* feed = nullptr;
        std::shared_ptr<metrics::ProcessCounters> counters;
    };

    ChangeDesk(asio::io_context& control, Parts parts);
    ~ChangeDesk();

    void start();
    void set_usable(bool usable);
    void stop(std::function<void()> done);
    /// Before a scrape.
    void refresh_counters() const;

private:
    void in_use(const changes::SourceReport& report);

    Parts parts_;
    std::unique_ptr<changes::EventBroadcaster> broadcaster_;  ///< null: nothing is asked for
};

}  // namespace pgsidecar::app
