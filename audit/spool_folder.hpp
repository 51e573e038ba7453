#pragma once

#include <map>
#include <string>

#include "config/settings.hpp"

namespace pgsidecar::audit {

/// Where the spool of a sidecar with these settings is: outage.spool_dir; "" when that is "off";
/// by default a folder named after the database and listen.port, so that two sidecars do not meet,
/// below pgsidecar's in the environment's $STATE_DIRECTORY (systemd), $XDG_STATE_HOME or
/// $HOME/.local/state.
std::string spool_folder(const config::Settings& settings,
                         const std::map<std::string, std::string>& environment);

}  // namespace pgsidecar::audit
