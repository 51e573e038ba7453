#pragma once

#include <iosfwd>
#include <optional>

#include "app/cli/exit_codes.hpp"
#include "config/loader.hpp"

namespace pgsidecar::app {

/// What the command line came to.
struct CliResult {
    std::optional<int> exit_code;  ///< set: the command is done; not set: run with `loaded`
    config::LoadResult loaded;
    config::LoadInput input = {};  ///< of `run`: what it was loaded from, for a reload
};

/// Carries out run, check-config, print-config, version and help. input.args: all arguments after
/// the program's name; without a command it is run. For run nothing is printed unless something is
/// wrong.
CliResult run_cli(config::LoadInput input, std::ostream& out, std::ostream& err);

/// Arguments, environment, terminal and user of this process.
config::LoadInput process_input(int argc, const char* const* argv);

}  // namespace pgsidecar::app
