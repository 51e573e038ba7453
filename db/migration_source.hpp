#pragma once

#include <span>
#include <string>
#include <string_view>

#include "db/migration_file.hpp"

namespace pgsidecar::db {

/// A file of migrations/ as it was when the program was built.
struct EmbeddedMigration {
    std::string_view file_name;
    std::string_view bytes;
};

std::span<const EmbeddedMigration> embedded_migrations();

/// The migrations that are built into the program.
MigrationSet built_in_migrations();

/// Those of a folder: every `*.sql` in it. Other files, hidden ones and sub-folders do not count.
/// Blocks.
MigrationSet read_migrations(const std::string& folder);

}  // namespace pgsidecar::db
