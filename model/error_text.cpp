#include "model/error_text.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace pgsidecar::model {
namespace {

/// NAMEDATALEN - 1 bytes; a hostile server may send more.
constexpr std::size_t kMaxNameBytes = 63;

constexpr std::array<std::string_view, 15> kCodeWords{
    "ECONNREFUSED",
    "ENOTFOUND",
    "ECONNRESET",
    "AUTH_FAILED",
    "SCHEMA_MISSING",
    "CONSTRAINT_VIOLATION",
    "TIMEOUT",
    "TX_ROLLBACK",
    "TOO_MANY_CONNECTIONS",
    "READ_ONLY",
    "SHUTDOWN",
    "DB_DISCONNECTED",
    "OPERATION_REJECTED",
    "QUEUE_FULL",
    "UNKNOWN",
};
static_assert(kCodeWords.size() == static_cast<std::size_t>(ErrorCode::Unknown) + 1);

bool is_sqlstate(std::string_view text) {
    return text.size() == 5 && std::ranges::all_of(text, [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
           });
}

std::string quoted_name(std::string_view name) {
    std::string out = "\"";
    for (char c : name.substr(0, kMaxNameBytes)) {
        out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
    }
    return out + '"';
}

std::string_view constraint_kind(std::string_view sqlstate) {
    if (sqlstate == "23502") return "not-null constraint";
    if (sqlstate == "23503") return "foreign key constraint";
    if (sqlstate == "23505") return "unique constraint";
    if (sqlstate == "23514") return "check constraint";
    if (sqlstate == "23P01") return "exclusion constraint";
    return "constraint";
}

/// Names only: PostgreSQL's DETAIL would quote the row's values (K21).
std::string constraint_details(const ServerErrorFields& fields) {
    std::string details(constraint_kind(fields.sqlstate));
    if (!fields.constraint.empty()) details += ' ' + quoted_name(fields.constraint);
    if (!fields.table.empty()) details += " on table " + quoted_name(fields.table);
    return details;
}

std::string_view rollback_reason(std::string_view sqlstate) {
    if (sqlstate == "40001") return "it conflicted with a concurrent transaction";
    if (sqlstate == "40P01") return "deadlock detected";
    if (sqlstate == "40002") return "a deferred constraint was violated";
    if (sqlstate == "25P02") return "an earlier statement in it failed";
    return "the server gave no reason that can be shown";
}

ErrorInfo make(ErrorCode code, bool transient, std::string message, std::string resolution) {
    return {code, transient, std::move(message), std::move(resolution), {}, {}};
}

ErrorInfo refused(std::string resolution) {
    return make(ErrorCode::ConnRefused, true,
                "Cannot connect to database. Please check if PostgreSQL is running.",
                std::move(resolution));
}

ErrorInfo rollback(std::string_view reason, bool transient) {
    return make(ErrorCode::TxRollback, transient,
                "Transaction failed and was rolled back: " + std::string(reason),
                transient ? "Run the whole transaction again."
                          : "Correct the cause, then run the whole transaction again.");
}

ErrorInfo shutting_down(std::string_view sqlstate) {
    std::string message =
        sqlstate == "57P03"
            ? "Database is starting up or shutting down and accepts no connections."
            : "Database ended the connection: it is shutting down, restarting or was "
              "told to by an administrator.";
    return make(ErrorCode::Shutdown, true, std::move(message),
                "Wait until the server accepts connections again; the connection is retried.");
}

ErrorInfo missing_database() {
    return make(
        ErrorCode::Unknown, false,
        "Database does not exist. Please check the database name in your connection settings.",
        "Create the database or correct its name in DATABASE_URL, then send "
        "database:reconnect.");
}

ErrorInfo too_many_connections() {
    return make(ErrorCode::TooManyConnections, true,
                "Database has no free connection slot. Please try again shortly.",
                "Lower poolSize or the number of other clients, or raise the server's "
                "max_connections.");
}

ErrorInfo read_only() {
    return make(ErrorCode::ReadOnly, false,
                "Database is read-only, so the operation was not carried out.",
                "Point DATABASE_URL at the primary server, or make the transaction read-write.");
}

ErrorInfo schema_missing() {
    return make(ErrorCode::SchemaMissing, false,
                "Database schema not initialized. Please run migrations.",
                "Apply the migrations, or check the table's name and the search_path.");
}

ErrorInfo unknown(std::string_view sqlstate, bool transient) {
    std::string message = "Database operation failed";
    message += sqlstate.empty() ? "." : " (SQLSTATE " + std::string(sqlstate) + ").";
    return make(ErrorCode::Unknown, transient, std::move(message),
                "Look the SQLSTATE up in PostgreSQL's manual, appendix \"PostgreSQL Error Codes\", "
                "and see the server's log.");
}

/// Unknown classes that can heal by themselves: resources, system errors.
bool class_is_transient(std::string_view sqlstate, ErrorPhase phase) {
    std::string_view klass = sqlstate.substr(0, 2);
    if (klass == "53") return true;
    if (klass == "42" || klass == "3F" || klass == "0A" || klass == "22") return false;
    return phase == ErrorPhase::Connect;
}

ErrorInfo by_sqlstate(const ServerErrorFields& fields, ErrorPhase phase) {
    std::string_view state = fields.sqlstate;
    std::string_view klass = state.substr(0, 2);
    if (state == "08001" || state == "08004") {
        return refused("Check that the server runs and accepts connections from this host.");
    }
    if (klass == "08" || state == "25P03" || state == "57P05") return connection_lost();
    if (klass == "23") {
        return make(ErrorCode::ConstraintViolation, false,
                    "Operation violates database constraints: " + constraint_details(fields),
                    "Correct the data and send the operation again.");
    }
    if (state == "25006") return read_only();
    if (klass == "28") return authentication_failed();
    if (state == "3D000" || state == "57P04") return missing_database();
    if (klass == "40" || state == "25P02") {
        return rollback(rollback_reason(state), state == "40001" || state == "40P01");
    }
    if (state == "42P01") return schema_missing();
    if (state == "53300") return too_many_connections();
    if (state == "57014") return timed_out(fields.timeout_ms, phase);
    if (state == "57P01" || state == "57P02" || state == "57P03") return shutting_down(state);
    return unknown(state, class_is_transient(state, phase));
}

}  // namespace

std::string_view to_string(ErrorCode code) { return kCodeWords[static_cast<std::size_t>(code)]; }

ErrorInfo classify_server_error(const ServerErrorFields& fields, ErrorPhase phase) {
    ErrorInfo error = is_sqlstate(fields.sqlstate) ? by_sqlstate(fields, phase)
                                                   : unknown({}, phase == ErrorPhase::Connect);
    if (is_sqlstate(fields.sqlstate)) error.sqlstate = fields.sqlstate;
    error.server_message = fields.message;
    return error;
}

ErrorInfo classify_errno(int error, ErrorPhase phase, std::int64_t timeout_ms) {
    switch (error) {
        case ECONNREFUSED:
        case ENOENT:  // a Unix socket that is not there
            return refused("Start PostgreSQL, or correct host and port in DATABASE_URL.");
        case EHOSTUNREACH:
        case ENETUNREACH:
        case EHOSTDOWN:
        case ENETDOWN:
        case EPERM:  // a local firewall's answer; it may be lifted
            return refused(
                "The network has no way to the database host: check routes and firewalls.");
        case EACCES:
            return other_error(
                "Cannot connect to database: the system does not permit it.",
                "Check the permissions of the socket's folder and the firewall rules, "
                "then send database:reconnect.",
                false);
        case ETIMEDOUT:
            // An established connection that went dead is lost, whatever ran on it.
            return phase == ErrorPhase::Connect ? timed_out(timeout_ms, phase) : connection_lost();
        case ECONNRESET:
        case ECONNABORTED:
        case EPIPE:
        case ENOTCONN: return connection_lost();
        default:
            return other_error("Cannot use the connection to the database (system error " +
                                   std::to_string(error) + ").",
                               "Check this host's limits (open files, memory) and the network.",
                               phase == ErrorPhase::Connect);
    }
}

ErrorInfo host_not_found() {
    return make(ErrorCode::NotFound, true,
                "Database host not found. Please check your connection settings.",
                "Correct the host in DATABASE_URL, or check this host's name service.");
}

ErrorInfo connection_lost() {
    return make(
        ErrorCode::ConnReset, true, "Database connection lost. Attempting to reconnect...",
        "Wait for the reconnection; see the server's log for why it closed the connection.");
}

ErrorInfo authentication_failed() {
    return make(
        ErrorCode::AuthFailed, false,
        "Database authentication failed. Please check your credentials.",
        "Correct user and password in DATABASE_URL (and the server's pg_hba.conf), then send "
        "database:reconnect.");
}

ErrorInfo timed_out(std::int64_t timeout_ms, ErrorPhase phase) {
    std::string message = "Database operation timed out";
    if (timeout_ms >= 0) message += " after " + std::to_string(timeout_ms) + "ms";
    bool connecting = phase == ErrorPhase::Connect;
    return make(ErrorCode::Timeout, connecting, std::move(message),
                connecting ? "Check the network and the server's load; the connection is retried."
                           : "Make the statement faster or its time limit longer.");
}

ErrorInfo rolled_back(const ErrorInfo& cause) {
    if (cause.code == ErrorCode::TxRollback) return cause;
    ErrorInfo error = rollback(cause.message, cause.transient);
    error.sqlstate = cause.sqlstate;
    error.server_message = cause.server_message;
    return error;
}

ErrorInfo tls_refused() {
    return other_error(
        "Database does not offer TLS, which the connection settings require.",
        "Turn TLS on at the server, or set sslmode in DATABASE_URL accordingly, then "
        "send database:reconnect.",
        false);
}

ErrorInfo certificate_refused() {
    return other_error(
        "Database certificate was not accepted. Please check your connection settings.",
        "Check sslmode, sslrootcert and the host name in DATABASE_URL against the "
        "server's certificate, then send database:reconnect.",
        false);
}

ErrorInfo tls_failed() {
    return other_error(
        "TLS with the database could not be established. Please check your connection settings.",
        "Check sslmode, sslcert, ssl_min_protocol_version and sslnegotiation in DATABASE_URL "
        "against the server's TLS settings, then send database:reconnect.",
        false);
}

ErrorInfo disconnected() {
    return make(ErrorCode::DbDisconnected, true, "Database is disconnected.",
                "Send database:reconnect to connect again.");
}

ErrorInfo other_error(std::string message, std::string resolution, bool transient) {
    return make(ErrorCode::Unknown, transient, std::move(message), std::move(resolution));
}

ErrorEvent to_error_event(const ErrorInfo& error, std::string operation,
                          std::int64_t timestamp_us) {
    ErrorEvent event;
    event.operation = std::move(operation);
    event.error = to_string(error.code);
    event.message = error.message;
    event.recoverable = error.transient;
    event.timestamp_us = timestamp_us;
    if (!error.sqlstate.empty()) event.sqlstate = error.sqlstate;
    if (!error.resolution.empty()) event.resolution = error.resolution;
    return event;
}

}  // namespace pgsidecar::model
