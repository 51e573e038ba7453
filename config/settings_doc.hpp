#pragma once

#include <string>

namespace pgsidecar::config {

/// docs/settings.md, whole: what every setting is called, may be and does.
std::string settings_markdown();

/// The same for a terminal: flags, defaults and sentences.
std::string settings_help();

}  // namespace pgsidecar::config
