#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace pgsidecar::realtime {

/// RFC 4648 section 5, padding optional. Nothing: other characters, or an impossible length.
std::optional<std::string> decode_base64url(std::string_view text);

}  // namespace pgsidecar::realtime
