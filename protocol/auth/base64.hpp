#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"

namespace pgsidecar::protocol {

/// Standard alphabet with padding (RFC 4648, section 4), as SCRAM writes it.
std::string base64_encode(base::Bytes data);

/// Strict: no white space, padding in its place, unused bits zero. nullopt otherwise.
std::optional<std::vector<std::byte>> base64_decode(std::string_view text);

}  // namespace pgsidecar::protocol
