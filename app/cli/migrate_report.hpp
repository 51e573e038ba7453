#pragma once

#include <string>

#include "db/migrator.hpp"

namespace pgsidecar::app {

/// The table of --status, with a line of sums.
std::string migration_status_text(const db::MigrationSet& set, const db::MigrationOutcome& outcome);

/// What --dry-run says would be applied.
std::string dry_run_text(const db::MigrationSet& set, const db::MigrationOutcome& outcome);

/// What a run that applied says in the end, beside what its listener said meanwhile.
std::string applied_text(const db::MigrationSet& set, const db::MigrationOutcome& outcome);

/// Why nothing, or not everything, was applied; empty when all is well. For standard error.
std::string trouble_text(const db::MigrationOutcome& outcome);

/// Everything of the above as one JSON object. action: "migrate", "dry-run" or "status".
std::string migration_json(std::string_view action, const db::MigrationSet& set,
                           const db::MigrationOutcome& outcome);

}  // namespace pgsidecar::app
