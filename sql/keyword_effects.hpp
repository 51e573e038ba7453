#pragma once

#include <cstdint>
#include <string_view>

#include "model/statement_shape.hpp"

namespace pgsidecar::sql {

/// What a statement that could not be parsed may leave behind in its session; kUnknown, unless its
/// kind and the lack of certain words say it for sure. skeleton: all of it, in lower case.
std::uint16_t keyword_effects(std::string_view skeleton, model::StatementKind kind);

}  // namespace pgsidecar::sql
