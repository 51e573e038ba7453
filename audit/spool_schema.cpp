#include "audit/spool_schema.hpp"

#include <array>

#include "audit/spool_checksum.hpp"
#include "audit/spool_connection.hpp"
#include "audit/spool_query.hpp"
#include "audit/spool_state.hpp"
#include "base/clock.hpp"

namespace pgsidecar::audit {
namespace {

constexpr std::int64_t kApplication = 0x70677371;  // "pgsq"

/// Fuller pages waste less at their end; larger ones would be written again more often.
constexpr const char* kBeforeTables = R"(
PRAGMA page_size = 4096;
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
BEGIN IMMEDIATE;
)";

constexpr const char* kTables = R"(
CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT, checksum INTEGER) WITHOUT ROWID;
CREATE TABLE state(one INTEGER PRIMARY KEY CHECK(one = 1), changes INTEGER, last_sequence INTEGER,
    waiting INTEGER, dead INTEGER, last_record INTEGER, record_rows INTEGER, checksum INTEGER);
CREATE TABLE contexts(id INTEGER PRIMARY KEY, user TEXT, database TEXT, service TEXT, session TEXT,
    settings TEXT, checksum INTEGER);
CREATE TABLE entries(sequence INTEGER PRIMARY KEY, accepted_us INTEGER, class INTEGER,
    context INTEGER, bytes INTEGER, parts INTEGER, checksum INTEGER,
    relation TEXT, rows INTEGER, sql TEXT, types TEXT, parameters BLOB);
CREATE TABLE dead(sequence INTEGER PRIMARY KEY, accepted_us INTEGER, class INTEGER,
    context INTEGER, bytes INTEGER, parts INTEGER, checksum INTEGER,
    relation TEXT, rows INTEGER, sql TEXT, types TEXT, parameters BLOB,
    sqlstate TEXT, message TEXT, died_us INTEGER, damaged INTEGER, dead_checksum INTEGER);
CREATE TABLE parts(sequence INTEGER, part INTEGER, relation TEXT, rows INTEGER, sql TEXT,
    types TEXT, parameters BLOB, PRIMARY KEY(sequence, part)) WITHOUT ROWID;
CREATE TABLE records(sequence INTEGER PRIMARY KEY, count INTEGER, body BLOB, checksum INTEGER);
CREATE TABLE servers(user TEXT, database TEXT, parameters TEXT, checksum INTEGER,
    PRIMARY KEY(user, database)) WITHOUT ROWID;
CREATE TABLE schemas(database TEXT PRIMARY KEY, tables TEXT, checksum INTEGER) WITHOUT ROWID;
CREATE TABLE commands(id INTEGER PRIMARY KEY AUTOINCREMENT, verb TEXT, sequence INTEGER,
    result TEXT);
)";

constexpr const char* kViews = R"(
CREATE VIEW waiting AS
SELECT e.sequence, 1 AS part, strftime('%Y-%m-%dT%H:%M:%fZ', e.accepted_us / 1e6, 'unixepoch') AS
    accepted, CASE e.class WHEN 1 THEN 'durable' WHEN 2 THEN 'queue' WHEN 3 THEN 'buffer' END AS
    class, c.user, c.database, c.service, c.session, c.settings, e.relation, e.rows, e.sql,
    e.types, e.parameters
FROM entries e LEFT JOIN contexts c ON c.id = e.context
UNION ALL
SELECT e.sequence, p.part, strftime('%Y-%m-%dT%H:%M:%fZ', e.accepted_us / 1e6, 'unixepoch'),
    CASE e.class WHEN 1 THEN 'durable' WHEN 2 THEN 'queue' WHEN 3 THEN 'buffer' END,
    c.user, c.database, c.service, c.session, c.settings, p.relation, p.rows, p.sql, p.types,
    p.parameters
FROM entries e JOIN parts p ON p.sequence = e.sequence LEFT JOIN contexts c ON c.id = e.context
ORDER BY 1, 2;
CREATE VIEW dead_letters AS
SELECT d.sequence, 1 AS part, strftime('%Y-%m-%dT%H:%M:%fZ', d.died_us / 1e6, 'unixepoch') AS died,
    d.sqlstate, d.message, d.damaged, c.user, c.database, c.service, c.session, c.settings,
    d.relation, d.rows, d.sql, d.types, d.parameters
FROM dead d LEFT JOIN contexts c ON c.id = d.context
UNION ALL
SELECT d.sequence, p.part, strftime('%Y-%m-%dT%H:%M:%fZ', d.died_us / 1e6, 'unixepoch'),
    d.sqlstate, d.message, d.damaged, c.user, c.database, c.service, c.session, c.settings,
    p.relation, p.rows, p.sql, p.types, p.parameters
FROM dead d JOIN parts p ON p.sequence = d.sequence LEFT JOIN contexts c ON c.id = d.context
ORDER BY 1, 2;
)";

/// The step from version i + 1 to i + 2; the first version has none before it.
constexpr std::array<const char*, kSpoolVersion - 1> kUpgrades{};

bool set_identity(SpoolConnection& connection, std::int64_t version) {
    const std::string sql = "PRAGMA application_id = " + std::to_string(kApplication) +
                            "; PRAGMA user_version = " + std::to_string(version) + ";";
    return connection.run(sql.c_str());
}

std::int64_t one_number(SpoolConnection& connection, const char* sql) {
    SpoolQuery query(connection, sql);
    const std::int64_t number = query.next() ? query.integer(0) : 0;
    query.reset();
    return number;
}

}  // namespace

SpoolIdentity spool_identity(SpoolConnection& connection) {
    SpoolIdentity identity;
    identity.application = one_number(connection, "PRAGMA application_id");
    identity.version = one_number(connection, "PRAGMA user_version");
    identity.has_tables = one_number(connection, "SELECT count(*) FROM sqlite_schema") > 0;
    return identity;
}

std::string unusable_because(const SpoolIdentity& identity) {
    if (identity.is_new()) return {};
    if (identity.application != kApplication) return "is not a spool of pgsidecar";
    if (identity.version > kSpoolVersion)
        return "was written by a newer pgsidecar (its version is " +
               std::to_string(identity.version) + ", this program knows " +
               std::to_string(kSpoolVersion) + ")";
    if (identity.version < 1 || !identity.has_tables) return "has lost its tables";
    return {};
}

std::string spool_definition(SpoolConnection& connection) {
    SpoolChecksum checksum;
    SpoolQuery rows(connection,
                    "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name IN ('meta', "
                    "'state', 'contexts', 'entries', 'dead', 'parts', 'records', 'servers', "
                    "'schemas', 'commands') ORDER BY name");
    while (rows.next()) checksum.add(rows.bytes(0));
    return std::to_string(checksum.value());
}

bool make_spool_tables(SpoolConnection& connection, const std::string& name, std::int64_t wall_us) {
    return connection.run(kBeforeTables) && connection.run(kTables) && connection.run(kViews) &&
           set_identity(connection, kSpoolVersion) && put_meta(connection, "id", name) &&
           put_meta(connection, "definition", spool_definition(connection)) &&
           put_meta(connection, "created", base::to_iso8601(wall_us)) &&
           put_state(connection, SpoolState{}) && connection.run("COMMIT");
}

bool upgrade_spool_tables(SpoolConnection& connection, std::int64_t from_version) {
    if (from_version >= kSpoolVersion) return true;
    bool good = connection.run("BEGIN IMMEDIATE");
    for (auto version = from_version; good && version < kSpoolVersion; ++version)
        good = connection.run(kUpgrades.at(static_cast<std::size_t>(version - 1)));
    good = good && set_identity(connection, kSpoolVersion) &&
           put_meta(connection, "definition", spool_definition(connection)) &&
           connection.run("COMMIT");
    if (!good) connection.run("ROLLBACK");
    return good;
}

}  // namespace pgsidecar::audit
