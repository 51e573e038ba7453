#pragma once

namespace pgsidecar::protocol {

/// The byte of ReadyForQuery: the only truth about a session's transaction.
enum class TransactionStatus : char { Idle = 'I', InTransaction = 'T', Failed = 'E' };

}  // namespace pgsidecar::protocol
