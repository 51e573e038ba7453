#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace pgsidecar::model {

/// One answer of the probe (R57-R61).
struct HealthCheckResult {
    std::string connection_id;
    std::int64_t timestamp_us = 0;  ///< microseconds since 1970
    bool success = false;
    double latency_ms = 0;
    std::optional<std::string> error;
    std::map<std::string, std::string> details;
};

/// Every broken rule of R59-R61; empty when valid. now_us: the present, for R61.
std::vector<std::string> validate(const HealthCheckResult& result, std::int64_t now_us);

std::string to_json(const HealthCheckResult& result);

}  // namespace pgsidecar::model
