#pragma once

#include <iosfwd>

#include "app/cli/cli.hpp"

namespace pgsidecar::app {

/// `pgsidecar spool list | show SEQ | export | retry SEQ|all | discard SEQ|all | verify
/// [--dir DIR] [--json] [settings]`: what waits for the database and what it refused.
///
/// list, show, export and verify only look, with or without a sidecar running on the folder; retry
/// and discard are done here when none runs, and by the running one when one does. Prints SQL and
/// parameters: they are the asker's own.
/// Exits with kExitData when the file is damaged or what was asked for is not there;
/// kExitUnavailable when a running sidecar does not answer; kExitIo when there is no spool or it
/// cannot be read.
CliResult spool(const config::LoadInput& given, std::ostream& out, std::ostream& err);

}  // namespace pgsidecar::app
