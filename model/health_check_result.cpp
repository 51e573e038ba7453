#include "model/health_check_result.hpp"

#include "base/clock.hpp"
#include "model/json_object.hpp"

namespace pgsidecar::model {

std::vector<std::string> validate(const HealthCheckResult& result, std::int64_t now_us) {
    std::vector<std::string> broken;
    if (!(result.latency_ms >= 0)) {
        broken.emplace_back(
            "latency must be at least 0 ms; measure it with a clock that never goes back.");
    }
    if (!result.success && result.error.value_or("").empty()) {
        broken.emplace_back("error is missing; a result without success must say what failed.");
    }
    if (result.timestamp_us > now_us) {
        broken.emplace_back("timestamp lies in the future; set it to the time of the check.");
    }
    return broken;
}

std::string to_json(const HealthCheckResult& result) {
    JsonObject json;
    json.add("connectionId", result.connection_id)
        .add("timestamp", base::to_iso8601(result.timestamp_us))
        .add("success", result.success)
        .add("latency", result.latency_ms)
        .add("error", result.error);
    if (!result.details.empty()) {
        JsonObject details;
        for (const auto& [name, value] : result.details) details.add(valid_utf8(name), value);
        json.add_raw("details", details.finish());
    }
    return json.finish();
}

}  // namespace pgsidecar::model
