#include "audit/spool_salvage.hpp"

#include "audit/spool_pages.hpp"
#include "audit/spool_query.hpp"
#include "audit/spool_rows.hpp"

namespace pgsidecar::audit {
namespace {

constexpr const char* kTables = R"(
PRAGMA synchronous = OFF;
BEGIN;
CREATE TABLE contexts(id, user, database, service, session, settings, checksum);
CREATE INDEX contexts_by_id ON contexts(id);
CREATE TABLE entries(sequence, accepted_us, class, context, bytes, parts, checksum, relation, rows,
    sql, types, parameters);
CREATE TABLE dead(sequence, accepted_us, class, context, bytes, parts, checksum, relation, rows,
    sql, types, parameters, sqlstate, message, died_us, damaged, dead_checksum);
CREATE TABLE parts(sequence, part, relation, rows, sql, types, parameters,
    PRIMARY KEY(sequence, part)) WITHOUT ROWID;
)";

constexpr std::size_t kContextColumns = 7, kPartColumns = 7, kDeadColumns = 17;
constexpr std::size_t kEntryColumns = kSpoolColumnCount;

/// An INSERT with as many values as the row has.
class RowCopy {
public:
    RowCopy(SpoolConnection& connection, const char* sql) : query_(connection, sql) {}

    /// has_row: the first column is the row's number, which its record leaves out.
    void copy(const SpoolCell& cell, bool has_row) {
        if (has_row) query_.bind(cell.row);
        for (std::size_t i = has_row ? 1 : 0; i < cell.values.size(); ++i) {
            const auto& value = cell.values[i];
            value.is_number ? query_.bind(value.number) : query_.blob(value.bytes);
        }
        query_.run();
    }

private:
    SpoolQuery query_;
};

}  // namespace

bool salvage_spool(const std::string& database, const std::string& log, SpoolConnection& out) {
    if (!out.open({}, SpoolConnection::Mode::ReadWrite, {}) || !out.run(kTables)) return false;
    const SpoolPages pages(database, log);
    RowCopy contexts(out, "INSERT INTO contexts VALUES(?, ?, ?, ?, ?, ?, ?)");
    RowCopy parts(out, "INSERT OR IGNORE INTO parts VALUES(?, ?, ?, ?, ?, ?, ?)");
    RowCopy entries(out, "INSERT INTO entries VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    RowCopy dead(out, "INSERT INTO dead VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    pages.table_rows([&](const SpoolCell& cell) {
        switch (cell.values.size()) {
            case kContextColumns: contexts.copy(cell, true); break;
            case kEntryColumns: entries.copy(cell, true); break;
            case kDeadColumns: dead.copy(cell, true); break;
            default: break;
        }
    });
    pages.index_rows([&](const SpoolCell& cell) {
        if (cell.values.size() == kPartColumns) parts.copy(cell, false);
    });
    return out.run("COMMIT") && out.failure() == SpoolFailure::None;
}

}  // namespace pgsidecar::audit
