#pragma once

#include <cstdint>
#include <string_view>

namespace pgsidecar::sql {

/// pg_type.oid of a type that every PostgreSQL has, by its name in pg_type; 0 when it is not among
/// them. The numbers are fixed by pg_type.dat and never change.
std::uint32_t built_in_type(std::string_view name, bool array);

}  // namespace pgsidecar::sql
