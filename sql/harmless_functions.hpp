#pragma once

#include <string_view>

namespace pgsidecar::sql {

/// True for a function of pg_catalog that changes nothing: not data, not the session, not another
/// one; calling it twice is as good as once. Aggregates and window functions included. Any other
/// name: false.
bool is_harmless_function(std::string_view name);

}  // namespace pgsidecar::sql
