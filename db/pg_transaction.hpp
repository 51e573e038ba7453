#pragma once

#include "db/database_adapter.hpp"
#include "db/pg_session.hpp"

namespace pgsidecar::db {

/// BEGIN, work, COMMIT or ROLLBACK on a session that nobody else uses meanwhile (R83).
///
/// Errors: R103's text with the cause's SQLSTATE; the cause itself when not even BEGIN went
/// through; fate_unknown when the connection ended during COMMIT. The session is left outside a
/// transaction or closed.
asio::awaitable<Result<void>> run_transaction(PgSession& session, DatabaseAdapter::Work work,
                                              Limit limit);

}  // namespace pgsidecar::db
