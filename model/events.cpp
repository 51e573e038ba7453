#include "model/events.hpp"

#include <algorithm>

#include "base/clock.hpp"
#include "model/json_object.hpp"

namespace pgsidecar::model {

HealthEvent to_health_event(const HealthCheckResult& result, DatabaseMode mode) {
    HealthEvent event;
    event.healthy = result.success;
    event.latency_ms = std::max(result.latency_ms, 0.0);
    event.mode = mode;
    event.timestamp_us = result.timestamp_us;
    event.connection_id = result.connection_id;
    event.error = result.error;
    return event;
}

std::string to_json(const StatusEvent& event) {
    JsonObject json;
    json.add("mode", to_string(event.mode))
        .add("status", to_string(event.status))
        .add("timestamp", base::to_iso8601(event.timestamp_us))
        .add("message", event.message);
    if (!event.connection_id.empty()) json.add("connectionId", event.connection_id);
    json.add("attempt", event.attempt)
        .add("nextRetryMs", event.next_retry_ms)
        .add("queued", event.queued);
    return json.finish();
}

std::string to_json(const ErrorEvent& event) {
    JsonObject json;
    json.add("operation", event.operation)
        .add("error", event.error)
        .add("message", event.message)
        .add("recoverable", event.recoverable)
        .add("timestamp", base::to_iso8601(event.timestamp_us))
        .add("sqlstate", event.sqlstate)
        .add("resolution", event.resolution)
        .add("service", event.service)
        .add("table", event.table)
        .add("operationId", event.operation_id)
        .add("attempt", event.attempt)
        .add("final", event.final_attempt);
    return json.finish();
}

std::string to_json(const HealthEvent& event) {
    JsonObject json;
    json.add("healthy", event.healthy)
        .add("latency", event.latency_ms)
        .add("mode", to_string(event.mode))
        .add("timestamp", base::to_iso8601(event.timestamp_us));
    if (!event.connection_id.empty()) json.add("connectionId", event.connection_id);
    // The contract asks for an error whenever healthy is false (R60, K17).
    if (!event.healthy && event.error.value_or("").empty()) {
        json.add("error", "The health check failed without saying why.");
    } else {
        json.add("error", event.error);
    }
    return json.finish();
}

}  // namespace pgsidecar::model
