#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "model/events.hpp"

namespace pgsidecar::model {

/// The words of `database:error` payload.error (contract 5.11).
enum class ErrorCode : std::uint8_t {
    ConnRefused,
    NotFound,
    ConnReset,
    AuthFailed,
    SchemaMissing,
    ConstraintViolation,
    Timeout,
    TxRollback,
    TooManyConnections,
    ReadOnly,
    Shutdown,
    DbDisconnected,
    OperationRejected,
    QueueFull,
    Unknown,
};

/// "ECONNREFUSED", "AUTH_FAILED", ...
std::string_view to_string(ErrorCode code);

/// What was being done. An unknown cause is worth another try while connecting and is not while a
/// statement runs; a timeout likewise.
enum class ErrorPhase : std::uint8_t { Connect, Statement };

/// One failure in the words that people, the feed and the retry policy need.
///
/// message and resolution hold no values, no SQL and no secrets (K21); they may be shown to anybody
/// who may see the status. server_message is what the server wrote and may quote values: for the
/// direct caller only, never for logs, metrics or the feed.
struct ErrorInfo {
    ErrorCode code = ErrorCode::Unknown;
    bool transient = false;  ///< trying again later can help (R23); else permanent (R26)
    std::string message;     ///< R96-R103 word for word where they apply
    std::string resolution;  ///< what to do next (R27)
    std::string sqlstate;    ///< five characters, or empty when no server said one
    std::string server_message;

    friend bool operator==(const ErrorInfo&, const ErrorInfo&) = default;
};

/// Fields of an ErrorResponse (manual, "Error and Notice Message Fields"); views, not kept.
struct ServerErrorFields {
    std::string_view sqlstate = {};    ///< 'C'; anything but [0-9A-Z]{5} counts as absent
    std::string_view message = {};     ///< 'M'
    std::string_view constraint = {};  ///< 'n'
    std::string_view table = {};       ///< 't'
    std::int64_t timeout_ms = -1;      ///< the limit that was in force, for R102; -1: not known
};

/// What a server said.
ErrorInfo classify_server_error(const ServerErrorFields& fields, ErrorPhase phase);

/// What the operating system said of a socket: an errno value. timeout_ms: for ETIMEDOUT, -1
/// unknown.
ErrorInfo classify_errno(int error, ErrorPhase phase, std::int64_t timeout_ms = -1);

/// R97. The name service may come back: transient.
ErrorInfo host_not_found();
/// R98: the connection ended without the server saying why.
ErrorInfo connection_lost();
/// R99, for refusals that a client notices itself (no password given, server signature wrong).
ErrorInfo authentication_failed();
/// R102, for our own deadlines. Transient while connecting only (5.11).
ErrorInfo timed_out(std::int64_t timeout_ms, ErrorPhase phase);
/// R103 around the cause; sqlstate and transience are the cause's.
ErrorInfo rolled_back(const ErrorInfo& cause);
/// TLS was required and the server has none, or its certificate was not accepted. Permanent.
ErrorInfo tls_refused();
ErrorInfo certificate_refused();
/// TLS could not be agreed on for another reason. Permanent.
ErrorInfo tls_failed();
/// K16: the database was left on purpose.
ErrorInfo disconnected();
/// Anything else, in the caller's own sentences (without values).
ErrorInfo other_error(std::string message, std::string resolution, bool transient);

/// The feed's form (R5, R6). operation: "connect", "health", "query", ...; timestamp in
/// microseconds.
ErrorEvent to_error_event(const ErrorInfo& error, std::string operation, std::int64_t timestamp_us);

}  // namespace pgsidecar::model
