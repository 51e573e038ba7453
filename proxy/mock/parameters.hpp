#pragma once

#include <string_view>
#include <vector>

#include "proxy/mock/types.hpp"
#include "sql/backslash.hpp"

namespace pgsidecar::proxy::mock {

/// One type for each parameter of the statement: the given one where it is not 0, else that of a
/// cast that follows it, int8 behind LIMIT and OFFSET, else text.
std::vector<Oid> parameter_types_of(std::string_view statement, std::vector<Oid> given,
                                    sql::Backslash backslash);

}  // namespace pgsidecar::proxy::mock
