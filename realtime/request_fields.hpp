#pragma once

#include <rapidjson/document.h>

#include <optional>
#include <string>

#include "realtime/request.hpp"

namespace pgsidecar::realtime {

/// Reads the members that out.type has into out; the sentence of what is wrong, or nothing. Members
/// of unknown types are not looked at. Include only in .cpp files.
std::optional<std::string> read_fields(rapidjson::Value& root, Request& out);

}  // namespace pgsidecar::realtime
