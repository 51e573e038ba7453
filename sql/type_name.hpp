#pragma once

#include <cstdint>

#include "sql/token_reader.hpp"

namespace pgsidecar::sql {

/// Reads the name of a type as one writes it in a cast (gram.y, Typename) and stands behind it
/// then. The oid of a built-in type; 0 for every other, and for what it does not understand.
std::uint32_t read_type_name(TokenReader& reader);

}  // namespace pgsidecar::sql
