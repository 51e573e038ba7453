#pragma once

#include <rapidjson/document.h>

#include <string>
#include <vector>

#include "base/clock.hpp"
#include "model/database_operation.hpp"
#include "model/events.hpp"
#include "realtime/frame.hpp"

namespace pgsidecar::realtime::samples {

inline constexpr std::int64_t kWall = 1'795'860'000'000'000;  // 2026-11-28T10:00:00Z

inline base::Now at_ms(std::int64_t ms) { return {ms * 1'000'000, kWall + ms * 1'000}; }

inline model::StatusEvent status(model::ConnectionStatus word, std::string message = {}) {
    model::StatusEvent event;
    event.status = word;
    event.timestamp_us = kWall;
    event.connection_id = "c-1";
    if (!message.empty()) event.message = std::move(message);
    return event;
}

inline model::HealthEvent healthy(double latency_ms = 1.8) {
    model::HealthEvent event;
    event.healthy = true;
    event.latency_ms = latency_ms;
    event.timestamp_us = kWall;
    event.connection_id = "c-1";
    return event;
}

inline model::ErrorEvent refused(std::string operation = "connect") {
    model::ErrorEvent event;
    event.operation = std::move(operation);
    event.error = "ECONNREFUSED";
    event.message = "Cannot connect to database. Please check if PostgreSQL is running.";
    event.recoverable = true;
    event.timestamp_us = kWall;
    return event;
}

inline model::DatabaseOperation operation(std::string id, bool success = true) {
    model::DatabaseOperation op;
    op.id = std::move(id);
    op.connection_id = "c-1";
    op.type = "insert";
    op.table = "public.orders";
    op.start_us = kWall;
    op.end_us = kWall + 1'920;
    op.duration_ms = 1.92;
    op.success = success;
    op.outcome = success ? "success" : "failure";
    if (!success) op.error = "duplicate key";
    return op;
}

inline rapidjson::Document parse(const std::string& text) {
    rapidjson::Document out;
    out.Parse(text.data(), text.size());
    return out;
}

inline std::string type_of(const Frame& frame) {
    rapidjson::Document json = parse(*frame);
    return json.IsObject() && json.HasMember("type") ? json["type"].GetString()
                                                     : "not a message: " + *frame;
}

}  // namespace pgsidecar::realtime::samples
