#include "audit/ledger.hpp"

#include "db/sidecar_schema.hpp"

namespace pgsidecar::audit::ledger {
namespace {

/// Any number that others are not likely to use, for pg_advisory_xact_lock.
constexpr std::string_view kSchemaLock = "7021985034482116113";

bool is_hex(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

}  // namespace

bool is_spool_id(std::string_view text) {
    if (text.size() != 36) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? text[i] != '-' : !is_hex(text[i])) return false;
    }
    return true;
}

std::string make_schema_sql() {
    std::string sql = "BEGIN;SELECT pg_catalog.pg_advisory_xact_lock(";
    sql += kSchemaLock;
    sql += ");SET LOCAL search_path = pg_catalog;";
    sql += db::kSidecarSchemaSql;
    return sql += "COMMIT";
}

std::string begin_sql(std::string_view spool_id, std::int64_t lock_ms, std::int64_t statement_ms) {
    std::string sql = "BEGIN ISOLATION LEVEL READ COMMITTED;SET LOCAL lock_timeout=";
    sql += std::to_string(lock_ms) + ";SET LOCAL statement_timeout=";
    sql += std::to_string(statement_ms) + ";SET LOCAL idle_in_transaction_session_timeout=";
    sql += std::to_string(statement_ms);
    // An entry is forgotten once COMMIT has been answered, so the answer must mean durable.
    sql +=
        ";SELECT pg_catalog.set_config('synchronous_commit','on',true)"
        " WHERE pg_catalog.current_setting('synchronous_commit') OPERATOR(pg_catalog.=) 'off'"
        ";SELECT applied, applied_records FROM pgsidecar.ledger"
        " WHERE spool_id OPERATOR(pg_catalog.=) '";
    sql += spool_id;
    return sql += "' FOR UPDATE";
}

}  // namespace pgsidecar::audit::ledger
