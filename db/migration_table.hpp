#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "db/migration_connection.hpp"
#include "db/migration_file.hpp"
#include "db/migration_problem.hpp"

namespace pgsidecar::db {

/// A row of schema_migrations.
struct AppliedMigration {
    int version = 0;
    std::string name;         ///< as stored; see same_name()
    std::string applied_at;   ///< UTC, ISO 8601 when the column is a timestamp
    std::string checksum;     ///< empty: recorded by something that knows no checksums
    std::string duration_ms;  ///< empty: not known
};

/// Whether a stored name means this file: "name", "003_name" and "003_name.sql" do.
bool same_name(const AppliedMigration& row, const MigrationFile& file);

/// The table as it was found (R105). A table that has only version, name and applied_at is used
/// and, before the first write, extended.
struct MigrationTable {
    std::string name;                    ///< qualified and quoted; empty: there is none yet
    bool complete = false;               ///< has our own columns, too
    std::vector<AppliedMigration> rows;  ///< in the order of their versions
};

/// Reads it in a read-only transaction of its own; writes nothing.
std::variant<MigrationTable, MigrationProblem> read_migration_table(
    MigrationConnection& connection);

/// Makes or extends the table and fills in the checksums that are missing, in one transaction.
/// adopted: files whose rows have none.
std::optional<ServerReport> prepare_migration_table(
    MigrationConnection& connection, MigrationTable& table,
    const std::vector<const MigrationFile*>& adopted);

/// Notes the file as applied, in the transaction that is open if one is.
std::optional<ServerReport> record_migration(MigrationConnection& connection,
                                             const MigrationTable& table, const MigrationFile& file,
                                             std::int64_t duration_ms);

}  // namespace pgsidecar::db
