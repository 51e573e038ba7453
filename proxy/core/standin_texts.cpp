#include "proxy/core/standin_texts.hpp"

#include "protocol/messages/sqlstate.hpp"

namespace pgsidecar::proxy {

namespace sqlstate = protocol::sqlstate;

std::string why_not_queued(model::Queueable reason) {
    switch (reason) {
        case model::Queueable::Returning:
            return "RETURNING asks for values that only the database can make";
        case model::Queueable::ConflictUnknown:
            return "with this ON CONFLICT only the database knows how many rows are written";
        case model::Queueable::FromQuery: return "it reads from the database, which is away";
        case model::Queueable::NotInsert: return "only INSERT can be queued";
        case model::Queueable::NotUnderstood:
        case model::Queueable::Yes: break;
    }
    return "it could not be parsed";
}

std::string bare_table(std::string_view table) {
    std::size_t dot = table.rfind('.');
    return std::string(dot == std::string_view::npos ? table : table.substr(dot + 1));
}

std::string_view begin_tag(std::string_view text) {
    std::size_t at = text.find_first_not_of(" \t\r\n");
    bool start = at != std::string_view::npos && (text[at] == 's' || text[at] == 'S');
    return start ? "START TRANSACTION" : "BEGIN";
}

LocalError queued_notice() {
    LocalError notice;
    notice.sqlstate = sqlstate::kSuccessful;
    notice.message =
        "The database is away; the write is on disk and will be applied when it is back.";
    return notice;
}

LocalError malformed(std::string_view message) {
    LocalError error;
    error.sqlstate = sqlstate::kProtocolViolation;
    error.message = "The " + std::string(message) + " message is malformed.";
    return error;
}

LocalError too_big(std::int64_t limit, std::string_view setting) {
    LocalError error;
    error.sqlstate = sqlstate::kProgramLimitExceeded;
    error.message = "The database is away and this write is too large to be queued.";
    error.detail =
        "The limit is " + std::to_string(limit) + " bytes (" + std::string(setting) + ").";
    error.hint = "Send it again when the database is back, or raise " + std::string(setting) + ".";
    return error;
}

LocalError mixed_transaction(const std::string& why_not) {
    LocalError error;
    error.sqlstate = sqlstate::kConnectionFailure;
    error.message =
        "The database is away; a transaction is queued only when it holds nothing but queueable "
        "writes.";
    if (!why_not.empty()) error.detail = "This statement cannot be queued: " + why_not + ".";
    error.hint = "Roll back and send the transaction again when the database is back.";
    return error;
}

LocalError not_stored(const model::SpoolVerdict& verdict) {
    using Reason = model::SpoolVerdict::Reason;
    LocalError error;
    const auto code_of = [](Reason reason) {
        switch (reason) {
            case Reason::EntryTooBig: return sqlstate::kProgramLimitExceeded;
            case Reason::Full:
            case Reason::DiskFull: return sqlstate::kDiskFull;
            case Reason::Failed: return sqlstate::kIoError;
            case Reason::Stored:
            case Reason::Off: break;
        }
        return sqlstate::kSystemError;
    };
    error.sqlstate = code_of(verdict.reason);
    error.message = "The database is away and the write could not be queued; it has no effect.";
    error.detail = verdict.problem;
    error.hint = "Send it again when the database is back.";
    return error;
}

LocalError writes_ahead(std::int64_t waited_ms) {
    LocalError error;
    error.sqlstate = sqlstate::kObjectNotInPrerequisiteState;
    error.message = "Queued writes to this table are still being applied.";
    error.detail = "The statement waited " + std::to_string(waited_ms) +
                   " ms for them (outage.flush_wait_ms); it would not have seen what was "
                   "acknowledged.";
    error.hint = "Send it again shortly.";
    return error;
}

}  // namespace pgsidecar::proxy
