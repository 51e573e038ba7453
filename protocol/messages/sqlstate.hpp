#pragma once

#include <string_view>

/// The SQLSTATE codes that pgsidecar itself sends or acts on (manual, appendix A).
namespace pgsidecar::protocol::sqlstate {

/// The statement succeeded.
inline constexpr std::string_view kSuccessful = "00000";
/// A general warning, as in a NOTICE that says a statement waits.
inline constexpr std::string_view kWarning = "01000";
/// A general connection failure; the server went away during a statement.
inline constexpr std::string_view kConnectionException = "08000";
/// No connection to the server could be made.
inline constexpr std::string_view kCannotConnect = "08001";
/// The connection to use does not exist any more.
inline constexpr std::string_view kConnectionDoesNotExist = "08003";
/// The server refuses new connections.
inline constexpr std::string_view kConnectionRejected = "08004";
/// The connection to the server broke.
inline constexpr std::string_view kConnectionFailure = "08006";
/// The connection broke while a transaction's fate was open; it may have been committed.
inline constexpr std::string_view kTransactionResolutionUnknown = "08007";
/// A message broke the rules of the protocol.
inline constexpr std::string_view kProtocolViolation = "08P01";
/// Something that the mode or pgsidecar does not have.
inline constexpr std::string_view kFeatureNotSupported = "0A000";
/// A statement needs a transaction and there is none.
inline constexpr std::string_view kNoActiveTransaction = "25P01";
/// The transaction has failed; only ROLLBACK is accepted.
inline constexpr std::string_view kInFailedTransaction = "25P02";
/// A session sat in a transaction longer than the limit.
inline constexpr std::string_view kIdleInTransactionTimeout = "25P03";
/// The prepared statement does not exist.
inline constexpr std::string_view kInvalidStatementName = "26000";
/// The login is not allowed for a reason other than the password.
inline constexpr std::string_view kInvalidAuthorization = "28000";
/// The user or the password is wrong; the message never says which.
inline constexpr std::string_view kInvalidPassword = "28P01";
/// The portal does not exist.
inline constexpr std::string_view kInvalidCursorName = "34000";
/// The database does not exist or is not offered here.
inline constexpr std::string_view kInvalidCatalogName = "3D000";
/// A serialisation failure; the transaction may be tried again.
inline constexpr std::string_view kSerializationFailure = "40001";
/// The statement or an option cannot be parsed.
inline constexpr std::string_view kSyntaxError = "42601";
/// The user lacks a privilege.
inline constexpr std::string_view kInsufficientPrivilege = "42501";
/// A prepared statement of that name exists already.
inline constexpr std::string_view kDuplicateStatement = "42P05";
/// The disk is full; nothing was acknowledged.
inline constexpr std::string_view kDiskFull = "53100";
/// Memory for one more session or statement is not there.
inline constexpr std::string_view kOutOfMemory = "53200";
/// All connections, to us or to the server, are taken.
inline constexpr std::string_view kTooManyConnections = "53300";
/// A configured limit is reached, such as the queue of waiting statements.
inline constexpr std::string_view kConfigurationLimitExceeded = "53400";
/// Something is larger than a fixed limit.
inline constexpr std::string_view kProgramLimitExceeded = "54000";
/// The object is not in the state that the statement needs.
inline constexpr std::string_view kObjectNotInPrerequisiteState = "55000";
/// A wait for a lock or a connection was given up.
inline constexpr std::string_view kLockNotAvailable = "55P03";
/// The statement was cancelled, by its user or by a time limit.
inline constexpr std::string_view kQueryCanceled = "57014";
/// The session is ended because the sidecar stops or drains.
inline constexpr std::string_view kAdminShutdown = "57P01";
/// The session is ended because the other side crashed.
inline constexpr std::string_view kCrashShutdown = "57P02";
/// The database is not there now; trying again later can succeed.
inline constexpr std::string_view kCannotConnectNow = "57P03";
/// The session was idle longer than the limit.
inline constexpr std::string_view kIdleSessionTimeout = "57P05";
/// The operating system or a library failed.
inline constexpr std::string_view kSystemError = "58000";
/// A file cannot be read or written.
inline constexpr std::string_view kIoError = "58030";
/// An own invariant is broken; a bug.
inline constexpr std::string_view kInternalError = "XX000";

}  // namespace pgsidecar::protocol::sqlstate
