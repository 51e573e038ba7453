#pragma once

#include <cstdint>

namespace pgsidecar::sql {

/// How the server reads a backslash in '..': Plain when its standard_conforming_strings is on, the
/// default since 9.1.
enum class Backslash : std::uint8_t { Plain, Escapes };

}  // namespace pgsidecar::sql
