#pragma once

#include <iosfwd>

#include "app/cli/cli.hpp"

namespace pgsidecar::app {

/// `pgsidecar migrate [--dry-run | --status] [--dir DIR] [--wait SECONDS] [--json] [settings]`
/// (R104-R106, K30). Blocks until it is done.
///
/// Exits with kExitData when files, or files and database, do not fit or a migration fails;
/// kExitIo when a file cannot be read; kExitUnavailable when there is no database or another run
/// does not end.
CliResult migrate(const config::LoadInput& given, std::ostream& out, std::ostream& err);

}  // namespace pgsidecar::app
