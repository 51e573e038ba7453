#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace pgsidecar::protocol {

/// One setting of the start-up parameter "options", unescaped; dashes in the name became
/// underscores.
using StartupOption = std::pair<std::string, std::string>;

/// Reads "-c name=value -cname=value --name=value", separated by white space, with a backslash
/// before a character that is meant literally (PostgreSQL's pg_split_opts and
/// process_postgres_switches).
///
/// The order is kept and duplicates too: the last one counts. Error: OptionsSyntax, for other
/// switches of `postgres` as well.
base::Result<std::vector<StartupOption>> parse_startup_options(std::string_view options);

}  // namespace pgsidecar::protocol
