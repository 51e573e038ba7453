#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace pgsidecar::audit {

/// The row of one spool in pgsidecar.ledger (db/sidecar_schema.hpp): what of it the database has.
/// Read under a lock at the start of each flush transaction and raised at its end, so that a COMMIT
/// whose answer was lost is settled by the next reading. All operators are qualified: the
/// search_path is the user's.
namespace ledger {

/// True for a UUID's text; nothing else is put into our statements.
bool is_spool_id(std::string_view text);

/// One boolean: is everything there.
inline constexpr std::string_view kThere =
    "SELECT pg_catalog.to_regclass('pgsidecar.ledger') IS NOT NULL"
    " AND pg_catalog.to_regclass('pgsidecar.statements') IS NOT NULL"
    " AND pg_catalog.to_regclass('pgsidecar.operations') IS NOT NULL"
    " AND pg_catalog.to_regclass('pgsidecar.operation_log') IS NOT NULL";

/// Everything that is missing, in one transaction, one sidecar at a time.
std::string make_schema_sql();

/// $1 spool, $2 sidecar. No row when it is there already.
inline constexpr std::string_view kInsertRow =
    "INSERT INTO pgsidecar.ledger (spool_id, sidecar) VALUES ($1, $2) ON CONFLICT DO NOTHING";

/// BEGIN with our own limits, then the row's applied and applied_records, locked; no row when
/// somebody removed it.
std::string begin_sql(std::string_view spool_id, std::int64_t lock_ms, std::int64_t statement_ms);

/// $1 spool, $2 new applied, $3 the old one, $4 entries applied, $5 sidecar. One row, or somebody
/// else has been at it.
inline constexpr std::string_view kRaiseEntries =
    "UPDATE pgsidecar.ledger SET applied = $2::bigint,"
    " entries_total = entries_total OPERATOR(pg_catalog.+) $4::bigint,"
    " updated_at = pg_catalog.clock_timestamp(), sidecar = $5"
    " WHERE spool_id OPERATOR(pg_catalog.=) $1::uuid"
    " AND applied OPERATOR(pg_catalog.=) $3::bigint";

/// $1 spool, $2 new applied_records, $3 the old one, $4 sidecar.
inline constexpr std::string_view kRaiseRecords =
    "UPDATE pgsidecar.ledger SET applied_records = $2::bigint,"
    " updated_at = pg_catalog.clock_timestamp(), sidecar = $4"
    " WHERE spool_id OPERATOR(pg_catalog.=) $1::uuid"
    " AND applied_records OPERATOR(pg_catalog.=) $3::bigint";

}  // namespace ledger
}  // namespace pgsidecar::audit
