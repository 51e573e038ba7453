#include "model/error_text.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <tuple>

namespace pgsidecar::model {
namespace {

ErrorInfo server(std::string_view sqlstate, ErrorPhase phase = ErrorPhase::Statement) {
    ServerErrorFields fields;
    fields.sqlstate = sqlstate;
    fields.message = "secret 4711";
    fields.constraint = "users_email_key";
    fields.table = "users";
    fields.timeout_ms = 5000;
    return classify_server_error(fields, phase);
}

TEST(ErrorText, TheEightTextsAreWordForWord) {
    EXPECT_EQ(classify_errno(ECONNREFUSED, ErrorPhase::Connect).message,
              "Cannot connect to database. Please check if PostgreSQL is running.");
    EXPECT_EQ(host_not_found().message,
              "Database host not found. Please check your connection settings.");
    EXPECT_EQ(classify_errno(ECONNRESET, ErrorPhase::Statement).message,
              "Database connection lost. Attempting to reconnect...");
    EXPECT_EQ(server("28P01").message,
              "Database authentication failed. Please check your credentials.");
    EXPECT_EQ(server("42P01").message, "Database schema not initialized. Please run migrations.");
    EXPECT_EQ(server("23505").message,
              "Operation violates database constraints: unique constraint \"users_email_key\" on "
              "table \"users\"");
    EXPECT_EQ(timed_out(5000, ErrorPhase::Connect).message,
              "Database operation timed out after 5000ms");
    EXPECT_EQ(server("40P01").message, "Transaction failed and was rolled back: deadlock detected");
}

using Row = std::tuple<const char*, ErrorCode, bool>;
class ServerErrors : public testing::TestWithParam<Row> {};

TEST_P(ServerErrors, HaveTheContractsCodeAndTransience) {
    auto [sqlstate, code, transient] = GetParam();
    ErrorInfo error = server(sqlstate);
    EXPECT_EQ(to_string(error.code), to_string(code));
    EXPECT_EQ(error.transient, transient);
    EXPECT_EQ(error.sqlstate, sqlstate);
    EXPECT_FALSE(error.resolution.empty());
    EXPECT_EQ(error.message.find("4711"), std::string::npos) << error.message;
    EXPECT_EQ(error.resolution.find("4711"), std::string::npos) << error.resolution;
}

INSTANTIATE_TEST_SUITE_P(
    Contract511, ServerErrors,
    testing::Values(
        Row{"08000", ErrorCode::ConnReset, true}, Row{"08001", ErrorCode::ConnRefused, true},
        Row{"08003", ErrorCode::ConnReset, true}, Row{"08006", ErrorCode::ConnReset, true},
        Row{"08P01", ErrorCode::ConnReset, true}, Row{"28P01", ErrorCode::AuthFailed, false},
        Row{"28000", ErrorCode::AuthFailed, false}, Row{"42P01", ErrorCode::SchemaMissing, false},
        Row{"42501", ErrorCode::Unknown, false}, Row{"42601", ErrorCode::Unknown, false},
        Row{"23502", ErrorCode::ConstraintViolation, false},
        Row{"23503", ErrorCode::ConstraintViolation, false},
        Row{"23505", ErrorCode::ConstraintViolation, false},
        Row{"23514", ErrorCode::ConstraintViolation, false},
        Row{"23P01", ErrorCode::ConstraintViolation, false},
        Row{"57014", ErrorCode::Timeout, false}, Row{"40001", ErrorCode::TxRollback, true},
        Row{"40P01", ErrorCode::TxRollback, true}, Row{"25P02", ErrorCode::TxRollback, false},
        Row{"53300", ErrorCode::TooManyConnections, true}, Row{"53100", ErrorCode::Unknown, true},
        Row{"25006", ErrorCode::ReadOnly, false}, Row{"57P01", ErrorCode::Shutdown, true},
        Row{"57P02", ErrorCode::Shutdown, true}, Row{"57P03", ErrorCode::Shutdown, true},
        Row{"3D000", ErrorCode::Unknown, false}, Row{"57P04", ErrorCode::Unknown, false},
        Row{"57P05", ErrorCode::ConnReset, true}, Row{"XX000", ErrorCode::Unknown, false},
        Row{"22P02", ErrorCode::Unknown, false}),
    [](const auto& row) { return std::string(std::get<0>(row.param)); });

TEST(ErrorText, UnknownCausesAreRetriedWhileConnectingOnly) {
    EXPECT_TRUE(server("XX000", ErrorPhase::Connect).transient);
    EXPECT_FALSE(server("28P01", ErrorPhase::Connect).transient);
    EXPECT_FALSE(server("3D000", ErrorPhase::Connect).transient);
    EXPECT_FALSE(server("42501", ErrorPhase::Connect).transient);
    EXPECT_TRUE(timed_out(1, ErrorPhase::Connect).transient);
    EXPECT_FALSE(timed_out(1, ErrorPhase::Statement).transient);
}

TEST(ErrorText, AServerWithoutAUsableSqlstateIsUnknown) {
    for (std::string_view broken : {"", "1", "abcde", "23505\n", "2350\"", "235055"}) {
        ErrorInfo error = server(broken);
        EXPECT_EQ(error.code, ErrorCode::Unknown) << broken;
        EXPECT_EQ(error.sqlstate, "") << broken;
        EXPECT_EQ(error.message, "Database operation failed.") << broken;
    }
}

TEST(ErrorText, HostileNamesAreCutAndCleaned) {
    std::string name = "evil\n\x1b[31m" + std::string(500, 'x');
    ServerErrorFields fields;
    fields.sqlstate = "23505";
    fields.constraint = name;
    std::string message = classify_server_error(fields, ErrorPhase::Statement).message;
    EXPECT_LT(message.size(), 160U);
    EXPECT_EQ(message.find('\n'), std::string::npos);
    EXPECT_EQ(message.find('\x1b'), std::string::npos);
}

TEST(ErrorText, ConstraintWithoutNamesStillSaysItsKind) {
    ServerErrorFields fields;
    fields.sqlstate = "23502";
    fields.table = "users";
    EXPECT_EQ(classify_server_error(fields, ErrorPhase::Statement).message,
              "Operation violates database constraints: not-null constraint on table \"users\"");
}

TEST(ErrorText, SystemErrors) {
    for (int error : {ECONNREFUSED, ENOENT, EHOSTUNREACH, ENETUNREACH, EPERM}) {
        EXPECT_EQ(classify_errno(error, ErrorPhase::Connect).code, ErrorCode::ConnRefused) << error;
        EXPECT_TRUE(classify_errno(error, ErrorPhase::Connect).transient) << error;
    }
    for (int error : {ECONNRESET, EPIPE, ECONNABORTED}) {
        EXPECT_EQ(classify_errno(error, ErrorPhase::Statement).code, ErrorCode::ConnReset) << error;
    }
    EXPECT_EQ(classify_errno(ETIMEDOUT, ErrorPhase::Connect, 70).message,
              "Database operation timed out after 70ms");
    EXPECT_EQ(classify_errno(ETIMEDOUT, ErrorPhase::Statement).code, ErrorCode::ConnReset);
    EXPECT_FALSE(classify_errno(EACCES, ErrorPhase::Connect).transient);
    EXPECT_TRUE(classify_errno(EMFILE, ErrorPhase::Connect).transient);
}

TEST(ErrorText, ARollbackKeepsItsCausesStateAndTransience) {
    ErrorInfo error = rolled_back(server("23505"));
    EXPECT_EQ(error.code, ErrorCode::TxRollback);
    EXPECT_EQ(error.sqlstate, "23505");
    EXPECT_FALSE(error.transient);
    EXPECT_EQ(error.message,
              "Transaction failed and was rolled back: Operation violates database constraints: "
              "unique constraint \"users_email_key\" on table \"users\"");
    EXPECT_TRUE(rolled_back(connection_lost()).transient);
    EXPECT_EQ(rolled_back(server("40001")), server("40001"));
}

TEST(ErrorText, TheEventCarriesNoServerText) {
    ErrorEvent event = to_error_event(server("23505"), "insert", 7);
    EXPECT_EQ(event.operation, "insert");
    EXPECT_EQ(event.error, "CONSTRAINT_VIOLATION");
    EXPECT_EQ(event.sqlstate, "23505");
    EXPECT_FALSE(event.recoverable);
    EXPECT_EQ(event.timestamp_us, 7);
    EXPECT_EQ(to_json(event).find("4711"), std::string::npos);
}

}  // namespace
}  // namespace pgsidecar::model
