#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>

#include "app/operation_feed.hpp"
#include "health/supervisor.hpp"
#include "metrics/registry.hpp"
#include "proxy/io/data_plane.hpp"
#include "ws/backend.hpp"

namespace pgsidecar::app {

/// What the HTTP edges see of the rest of the process. Thread: any.
class EdgeBackend final : public ws::Backend {
public:
    struct Parts {
        std::shared_ptr<const config::Settings> settings;
        proxy::DataPlane* plane = nullptr;
        health::Supervisor* supervisor = nullptr;
        metrics::Registry* registry = nullptr;
        OperationFeed* feed = nullptr;
        OutageDesk* outage = nullptr;
        std::function<void()> refresh;  ///< brings the process counters up to date before a scrape
    };

    void connect(Parts parts);
    /// Other settings count from now on.
    void reload(std::shared_ptr<const config::Settings> settings);
    void set_started() { started_ = true; }
    void set_draining() { draining_ = true; }

    model::DatabaseConnection connection() const override;
    std::optional<model::HealthEvent> last_health() const override;
    ws::Activity activity() const override;
    std::vector<model::DatabaseOperation> recent_operations(
        const realtime::OperationFilter& filter) const override;
    std::string metrics_text() const override;
    ws::ProbeReport liveness() const override;
    ws::ProbeReport readiness() const override;
    ws::ProbeReport startup() const override;
    void request_health(std::function<void(model::HealthEvent)> done) override;
    void request_reconnect(std::function<void(realtime::ReconnectOutcome)> done) override;

private:
    std::shared_ptr<const config::Settings> settings() const;

    Parts parts_;  ///< its settings under the lock
    mutable std::mutex mutex_;
    std::atomic<bool> started_{false}, draining_{false};
};

}  // namespace pgsidecar::app
