#include "model/database_operation.hpp"

#include <algorithm>
#include <cstdio>
#include <string_view>

#include "base/clock.hpp"
#include "model/json_object.hpp"

namespace pgsidecar::model {
namespace {

constexpr double kNsPerMs = 1e6;
constexpr std::array<std::string_view, 5> kTypes{"query", "insert", "update", "delete",
                                                 "transaction"};

std::string_view to_string(Outcome outcome) {
    switch (outcome) {
        case Outcome::Success: return "success";
        case Outcome::Failure: return "failure";
        case Outcome::Unknown: return "unknown";
    }
    return "unknown";
}

std::string to_hex(std::uint64_t value) {
    std::array<char, 17> text{};
    std::snprintf(text.data(), text.size(), "%016llx", static_cast<unsigned long long>(value));
    return text.data();
}

/// The SQLSTATE when the record holds a real one: five digits or capitals, not "successful
/// completion".
std::optional<std::string> sqlstate_of(const OperationRecord& record) {
    const std::string state(record.sqlstate.data(), record.sqlstate.size());
    const bool well_formed = std::all_of(state.begin(), state.end(), [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
    });
    if (!well_formed || state == "00000") return std::nullopt;
    return state;
}

std::string error_of(const OperationRecord& record, const std::optional<std::string>& sqlstate) {
    const auto* end = std::find(record.error.begin(), record.error.end(), '\0');
    if (end != record.error.begin())
        return valid_utf8(
            {record.error.data(), static_cast<std::size_t>(end - record.error.begin())});
    if (record.outcome == Outcome::Unknown) {
        return "The connection was lost before the server answered; whether the statement took "
               "effect "
               "is unknown.";
    }
    if (sqlstate) return "The server refused the statement with SQLSTATE " + *sqlstate + ".";
    return "The server refused the statement without saying why.";
}

void take_source(const OperationRecord& record, DatabaseOperation& operation) {
    if (!record.source) return;
    operation.connection_id = record.source->connection_id;
    operation.session_id = record.source->session_id;
    operation.service = record.source->service;
    operation.user = record.source->user;
    operation.database = record.source->database;
}

void take_shape(const OperationRecord& record, DatabaseOperation& operation) {
    const StatementKind kind = record.shape ? record.shape->kind : StatementKind::Unknown;
    operation.type = operation_type(kind);
    operation.kind = to_string(kind);
    if (!record.shape) return;
    operation.statement = record.shape->text;
    operation.fingerprint = to_hex(record.shape->fingerprint);
    if (!record.shape->table.empty()) operation.table = record.shape->table;
}

}  // namespace

DatabaseOperation to_operation(const OperationRecord& record) {
    const std::int64_t duration_ns = std::max<std::int64_t>(record.duration_ns, 0);
    DatabaseOperation operation;
    operation.id = record.id.to_string();
    take_source(record, operation);
    take_shape(record, operation);
    operation.start_us = record.start_us;
    operation.end_us = record.start_us + duration_ns / 1000;
    operation.duration_ms = static_cast<double>(duration_ns) / kNsPerMs;
    operation.pool_wait_ms =
        static_cast<double>(std::max<std::int64_t>(record.pool_wait_ns, 0)) / kNsPerMs;
    operation.outcome = to_string(record.outcome);
    operation.success = record.outcome == Outcome::Success;
    if (!operation.success) {
        operation.sqlstate = sqlstate_of(record);
        operation.error = error_of(record, operation.sqlstate);
    }
    if (record.affected_rows >= 0) operation.affected_rows = record.affected_rows;
    operation.rows_returned = record.rows_returned;
    operation.bytes_returned = record.bytes_returned;
    return operation;
}

std::vector<std::string> validate(const DatabaseOperation& operation) {
    std::vector<std::string> broken;
    if (std::find(kTypes.begin(), kTypes.end(), operation.type) == kTypes.end()) {
        broken.emplace_back(
            "type must be query, insert, update, delete or transaction; use one of the five.");
    }
    if (operation.end_us && *operation.end_us < operation.start_us) {
        broken.emplace_back("endTime lies before startTime; take both from one clock.");
    }
    if (!operation.success && operation.error.value_or("").empty()) {
        broken.emplace_back("error is missing; an operation without success must say what failed.");
    }
    if (operation.affected_rows && *operation.affected_rows < 0) {
        broken.emplace_back(
            "affectedRows must be at least 0; leave it out when the count is not known.");
    }
    return broken;
}

std::string to_json(const DatabaseOperation& operation) {
    auto unless_empty = [](const std::string& text) {
        return text.empty() ? std::nullopt : std::optional<std::string_view>(text);
    };
    JsonObject json;
    json.add("id", operation.id)
        .add("connectionId", operation.connection_id)
        .add("type", operation.type)
        .add("table", operation.table)
        .add("service", unless_empty(operation.service))
        .add("startTime", base::to_iso8601(operation.start_us));
    if (operation.end_us) json.add("endTime", base::to_iso8601(*operation.end_us));
    json.add("durationMs", operation.duration_ms)
        .add("success", operation.success)
        .add("error", operation.error)
        .add("affectedRows", operation.affected_rows)
        .add("sessionId", unless_empty(operation.session_id))
        .add("user", unless_empty(operation.user))
        .add("database", unless_empty(operation.database))
        .add("statement", unless_empty(operation.statement))
        .add("kind", unless_empty(operation.kind))
        .add("fingerprint", unless_empty(operation.fingerprint))
        .add("sqlstate", operation.sqlstate)
        .add("poolWaitMs", operation.pool_wait_ms)
        .add("rowsReturned", operation.rows_returned)
        .add("bytesReturned", operation.bytes_returned)
        .add("outcome", operation.outcome);
    return json.finish();
}

}  // namespace pgsidecar::model
