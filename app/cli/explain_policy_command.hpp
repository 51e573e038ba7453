#pragma once

#include <iosfwd>

#include "app/cli/cli.hpp"

namespace pgsidecar::app {

/// explain-policy "SQL" [--service NAME] [--json] [settings]: what would happen to each statement,
/// and why. Asks no database and needs no address of one.
CliResult explain_policy(const config::LoadInput& given, std::ostream& out, std::ostream& err);

}  // namespace pgsidecar::app
