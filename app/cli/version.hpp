#pragma once

#include <string>
#include <string_view>

namespace pgsidecar::app {

/// "0.1.0".
std::string_view version();

/// One line for people: ours and the versions of the libraries that matter for security.
std::string version_text();

/// The same as one JSON object.
std::string version_json();

}  // namespace pgsidecar::app
