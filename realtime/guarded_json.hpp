#pragma once

#include <rapidjson/document.h>

#include <cstdint>
#include <string_view>

namespace pgsidecar::realtime {

enum class JsonFault : std::uint8_t { None, Syntax, TooDeep, DuplicateKey };

/// Reads text into a document, iteratively, so that nesting costs heap and not stack.
///
/// Stops at the first container below max_depth and at the first key that an object has twice: two
/// readers may otherwise see two different messages. Include only in .cpp files.
JsonFault parse_guarded(std::string_view text, int max_depth, rapidjson::Document& out);

}  // namespace pgsidecar::realtime
