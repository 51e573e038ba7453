#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "app/change_desk.hpp"
#include "app/outage_desk.hpp"
#include "health/supervisor.hpp"
#include "metrics/process_counters.hpp"
#include "proxy/io/data_plane.hpp"
#include "ws/server.hpp"

namespace pgsidecar::app {

/// Carries what the supervisor finds to those who need it: the data plane, the spool and the
/// source of changes first, then log, counters and the feed. Thread: control.
class HealthReporter final : public health::Listener {
public:
    struct Parts {
        proxy::DataPlane* plane = nullptr;
        OutageDesk* outage = nullptr;
        ChangeDesk* changes = nullptr;
        ws::HttpServer* server = nullptr;
        std::shared_ptr<metrics::ProcessCounters> counters;
    };

    /// Before anything is reported.
    void connect(Parts parts) { parts_ = std::move(parts); }

    void on_status(const model::StatusEvent& given) override;
    void on_error(const model::ErrorEvent& event) override;
    void on_health(const model::HealthEvent& event) override;
    void on_upstream(const health::UpstreamSnapshot& snapshot) override;
    void on_flush(std::function<void()> done) override;

private:
    Parts parts_;
};

}  // namespace pgsidecar::app
