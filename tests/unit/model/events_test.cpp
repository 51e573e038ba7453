#include "model/events.hpp"

#include <gtest/gtest.h>

namespace pgsidecar::model {
namespace {

constexpr std::int64_t kTenOClock = 1'795'168'800'000'000;  // 2026-11-20T10:00:00Z

TEST(StatusEvent, EqualsTheContractsExample) {
    StatusEvent event;
    event.status = ConnectionStatus::Connected;
    event.timestamp_us = kTenOClock;
    event.message = "Connected to PostgreSQL";
    event.connection_id = "c-1";
    EXPECT_EQ(to_json(event),
              R"({"mode":"local","status":"connected","timestamp":"2026-11-20T10:00:00.000Z",)"
              R"("message":"Connected to PostgreSQL","connectionId":"c-1"})");
}

TEST(StatusEvent, RetriesAndQueueAreNumbers) {
    StatusEvent event;
    event.attempt = 2;
    event.next_retry_ms = 2'000;
    event.queued = 0;
    EXPECT_EQ(to_json(event),
              R"({"mode":"local","status":"connecting","timestamp":"1970-01-01T00:00:00.000Z",)"
              R"("attempt":2,"nextRetryMs":2000,"queued":0})");
}

TEST(ErrorEvent, HasTheContractsNames) {
    ErrorEvent event;
    event.operation = "connect";
    event.error = "ECONNREFUSED";
    event.message = "Cannot connect to database. Please check if PostgreSQL is running.";
    event.recoverable = true;
    event.timestamp_us = kTenOClock + 4'000;
    event.attempt = 3;
    event.final_attempt = true;
    event.resolution = "Start PostgreSQL or fix databaseUrl, then send database:reconnect.";
    EXPECT_EQ(
        to_json(event),
        R"({"operation":"connect","error":"ECONNREFUSED",)"
        R"("message":"Cannot connect to database. Please check if PostgreSQL is running.",)"
        R"("recoverable":true,"timestamp":"2026-11-20T10:00:00.004Z",)"
        R"("resolution":"Start PostgreSQL or fix databaseUrl, then send database:reconnect.",)"
        R"("attempt":3,"final":true})");
}

TEST(ErrorEvent, OptionalNamesAreCamelCase) {
    ErrorEvent event;
    event.sqlstate = "42P01";
    event.service = "AuditService";
    event.table = "audit_logs";
    event.operation_id = "op-7";
    EXPECT_EQ(
        to_json(event),
        R"({"operation":"","error":"","message":"","recoverable":false,)"
        R"("timestamp":"1970-01-01T00:00:00.000Z","sqlstate":"42P01","service":"AuditService",)"
        R"("table":"audit_logs","operationId":"op-7"})");
}

}  // namespace
}  // namespace pgsidecar::model
