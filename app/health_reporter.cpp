#include "app/health_reporter.hpp"

#include <utility>

#include "base/log.hpp"

namespace pgsidecar::app {

namespace log = base::log;

void HealthReporter::on_status(const model::StatusEvent& given) {
    model::StatusEvent event = given;
    if (std::uint64_t waiting = parts_.outage->status().waiting; waiting > 0)
        event.queued = static_cast<std::int64_t>(waiting);
    metrics::ProcessCounters& counters = *parts_.counters;
    counters.upstream_state_changes.add();
    if (event.status == model::ConnectionStatus::Connecting && event.attempt.value_or(0) > 0) {
        counters.reconnect_attempts.add();
    }
    counters.up.set(event.status == model::ConnectionStatus::Connected ? 1 : 0);
    log::info(
        "health", "database status",
        {{"status", model::to_string(event.status)}, {"message", event.message.value_or("")}});
    parts_.server->publish_status(event);
}

void HealthReporter::on_error(const model::ErrorEvent& event) {
    log::warn("health", "database error",
              {{"operation", event.operation},
               {"error", event.error},
               {"message", event.message},
               {"next_step", event.resolution.value_or("")}});
    parts_.server->publish_error(event);
}

void HealthReporter::on_health(const model::HealthEvent& event) {
    metrics::ProcessCounters& counters = *parts_.counters;
    if (event.healthy) {
        counters.health_checks_ok.add();
        counters.upstream_last_success_us.set(event.timestamp_us);
        counters.health_check_latency_ns.set(static_cast<std::int64_t>(event.latency_ms * 1e6));
    } else {
        counters.health_checks_failed.add();
    }
    parts_.server->publish_health(event);
}

void HealthReporter::on_upstream(const health::UpstreamSnapshot& snapshot) {
    snapshot.usable ? parts_.plane->upstream_usable() : parts_.plane->upstream_gone();
    parts_.outage->set_usable(snapshot.usable);
    parts_.changes->set_usable(snapshot.usable);
}

void HealthReporter::on_flush(std::function<void()> done) {
    parts_.outage->flush_now(std::move(done));
}

}  // namespace pgsidecar::app
