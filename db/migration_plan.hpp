#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "db/migration_file.hpp"
#include "db/migration_table.hpp"

namespace pgsidecar::db {

enum class MigrationState : std::uint8_t {
    Applied,
    Pending,
    Edited,      ///< applied, and the file has changed since
    Renamed,     ///< applied under another name: most likely another migration
    Missing,     ///< applied, and there is no file
    OutOfOrder,  ///< not applied, but a later one is
};

/// "applied", "pending", ..., "out of order".
std::string_view to_string(MigrationState state);

/// One migration as files and table together see it; file and row point into what the plan was
/// made of.
struct MigrationEntry {
    MigrationState state = MigrationState::Pending;
    const MigrationFile* file = nullptr;
    const AppliedMigration* row = nullptr;

    int version() const { return file != nullptr ? file->version : row->version; }
};

/// What is to be done, and why it must not be (R106). Pure.
struct MigrationPlan {
    std::vector<MigrationEntry> entries;           ///< in the order of their versions
    std::vector<const MigrationFile*> pending;     ///< in the order in which they are to be applied
    std::vector<const MigrationFile*> unverified;  ///< applied, but recorded without a checksum
    std::vector<MigrationProblem> problems;        ///< any: nothing may be applied
    /// Not empty: the database has more migrations than there are files, which an older program
    /// after a newer one finds; it does no harm, and there is nothing to do.
    std::string ahead;
};

MigrationPlan plan_migrations(const MigrationSet& set, const MigrationTable& table);

}  // namespace pgsidecar::db
