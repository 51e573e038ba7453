#include "model/database_operation.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <limits>

namespace pgsidecar::model {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

OperationRecord insert_record() {
    auto* source = new OperationSource;
    source->connection_id = "c-1";
    source->session_id = "s-1";
    source->service = "AuditService";
    source->user = "app";
    source->database = "shop";
    auto* shape = new StatementShape;
    shape->fingerprint = 0xabc;
    shape->kind = StatementKind::Insert;
    shape->text = "insert into audit_logs select $1";
    shape->table = "audit_logs";
    OperationRecord record;
    record.source = OperationSourcePtr(source);
    record.shape = StatementShapePtr(shape);
    record.start_us = 1'000'000;
    record.duration_ns = 1'920'000;
    record.pool_wait_ns = 20'000;
    record.affected_rows = 1;
    record.bytes_returned = 17;
    return record;
}

void set_error(OperationRecord& record, std::string_view text) {
    std::memcpy(record.error.data(), text.data(), std::min(text.size(), record.error.size()));
}

TEST(DatabaseOperation, JsonOfASuccessHasEveryName) {
    EXPECT_EQ(
        to_json(to_operation(insert_record())),
        R"({"id":"00000000-0000-0000-0000-000000000000","connectionId":"c-1","type":"insert",)"
        R"("table":"audit_logs","service":"AuditService","startTime":"1970-01-01T00:00:01.000Z",)"
        R"("endTime":"1970-01-01T00:00:01.001Z","durationMs":1.92,"success":true,)"
        R"("affectedRows":1,"sessionId":"s-1","user":"app","database":"shop",)"
        R"("statement":"insert into audit_logs select $1","kind":"insert",)"
        R"("fingerprint":"0000000000000abc","poolWaitMs":0.02,"rowsReturned":0,)"
        R"("bytesReturned":17,"outcome":"success"})");
}

TEST(DatabaseOperation, RecordWithoutSourceOrShapeIsAnUnknownQuery) {
    const auto operation = to_operation(OperationRecord{});
    EXPECT_EQ(operation.type, "query");
    EXPECT_EQ(operation.kind, "unknown");
    EXPECT_EQ(operation.table, std::nullopt);
    EXPECT_EQ(operation.affected_rows, std::nullopt);
    EXPECT_THAT(validate(operation), IsEmpty());
}

TEST(DatabaseOperation, FailureKeepsItsErrorAndSqlstate) {
    auto record = insert_record();
    record.outcome = Outcome::Failure;
    std::memcpy(record.sqlstate.data(), "23505", 5);
    set_error(record, "duplicate key");
    const auto operation = to_operation(record);
    EXPECT_FALSE(operation.success);
    EXPECT_EQ(operation.error, "duplicate key");
    EXPECT_EQ(operation.sqlstate, "23505");
    EXPECT_EQ(operation.outcome, "failure");
}

TEST(DatabaseOperation, UnsuccessfulAlwaysHasAnErrorText) {
    for (auto outcome : {Outcome::Failure, Outcome::Unknown}) {
        for (const char* state : {"00000", "42P01", "\xff\xff\xff\xff\xff", "abcde"}) {
            auto record = insert_record();
            record.outcome = outcome;
            std::memcpy(record.sqlstate.data(), state, 5);
            const auto operation = to_operation(record);
            EXPECT_FALSE(operation.success);
            EXPECT_FALSE(operation.error.value_or("").empty());
            EXPECT_EQ(operation.sqlstate.has_value(), std::string_view(state) == "42P01");
            EXPECT_THAT(validate(operation), IsEmpty());
        }
    }
}

TEST(DatabaseOperation, ErrorWithoutTerminatorStopsAtItsArray) {
    auto record = insert_record();
    record.outcome = Outcome::Failure;
    record.error.fill('x');
    EXPECT_EQ(to_operation(record).error, std::string(record.error.size(), 'x'));
}

TEST(DatabaseOperation, ErrorCutInsideACharacterIsRepaired) {
    auto record = insert_record();
    record.outcome = Outcome::Failure;
    set_error(record, "caf\xC3");
    EXPECT_EQ(to_operation(record).error, "caf\xEF\xBF\xBD");
}

TEST(DatabaseOperation, NegativeTimesBecomeZero) {
    auto record = insert_record();
    record.duration_ns = -5;
    record.pool_wait_ns = std::numeric_limits<std::int64_t>::min();
    const auto operation = to_operation(record);
    EXPECT_EQ(operation.duration_ms, 0);
    EXPECT_EQ(operation.pool_wait_ms, 0);
    EXPECT_EQ(operation.end_us, operation.start_us);
}

TEST(DatabaseOperation, BrokenRulesAreNamedTogether) {
    DatabaseOperation operation;
    operation.type = "select";
    operation.start_us = 2;
    operation.end_us = 1;
    operation.affected_rows = -1;
    EXPECT_THAT(validate(operation), ElementsAre(HasSubstr("type"), HasSubstr("endTime"),
                                                 HasSubstr("error"), HasSubstr("affectedRows")));
}

TEST(DatabaseOperation, EqualTimesAreAllowed) {
    DatabaseOperation operation;
    operation.type = "query";
    operation.success = true;
    operation.start_us = 5;
    operation.end_us = 5;
    EXPECT_THAT(validate(operation), IsEmpty());
}

TEST(StatementKind, EveryKindHasANameAndOneOfTheFiveTypes) {
    const std::vector<std::string_view> types{"query", "insert", "update", "delete", "transaction"};
    for (int i = 0; i <= static_cast<int>(StatementKind::Unknown); ++i) {
        const auto kind = static_cast<StatementKind>(i);
        EXPECT_FALSE(to_string(kind).empty());
        EXPECT_THAT(types, testing::Contains(operation_type(kind)));
        if (kind != StatementKind::Unknown) {
            EXPECT_NE(to_string(kind), "unknown");
        }
    }
    EXPECT_EQ(operation_type(StatementKind::Merge), "update");
    EXPECT_EQ(operation_type(StatementKind::Transaction), "transaction");
    EXPECT_EQ(operation_type(StatementKind::Copy), "query");
}

}  // namespace
}  // namespace pgsidecar::model
