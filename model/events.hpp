#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "model/database_connection.hpp"
#include "model/health_check_result.hpp"

namespace pgsidecar::model {

/// Payload of `database:status` (R1-R4).
struct StatusEvent {
    DatabaseMode mode = DatabaseMode::Local;
    ConnectionStatus status = ConnectionStatus::Connecting;
    std::int64_t timestamp_us = 0;
    std::optional<std::string> message;
    std::string connection_id;
    std::optional<int> attempt;
    std::optional<std::int64_t> next_retry_ms;
    std::optional<std::int64_t> queued;
};

/// Payload of `database:error` (R5, R6).
struct ErrorEvent {
    std::string operation;  ///< "connect", "health", "query", ...
    std::string error;      ///< code of contract 5.11: ECONNREFUSED, AUTH_FAILED, ...
    std::string message;    ///< for people, texts of R96-R103
    bool recoverable = false;
    std::int64_t timestamp_us = 0;
    std::optional<std::string> sqlstate, resolution, service, table, operation_id;
    std::optional<int> attempt;
    std::optional<bool> final_attempt;
};

/// Payload of `database:health` (R7, K17): a projection of HealthCheckResult.
struct HealthEvent {
    bool healthy = false;
    double latency_ms = 0;
    DatabaseMode mode = DatabaseMode::Local;
    std::int64_t timestamp_us = 0;
    std::string connection_id;
    std::optional<std::string> error;
};

HealthEvent to_health_event(const HealthCheckResult& result, DatabaseMode mode);

/// The payload objects alone, as the contract's schema has them.
std::string to_json(const StatusEvent& event);
std::string to_json(const ErrorEvent& event);
std::string to_json(const HealthEvent& event);

}  // namespace pgsidecar::model
