#pragma once

#include <string_view>
#include <vector>

#include "proxy/mock/table_book.hpp"
#include "proxy/mock/types.hpp"
#include "sql/backslash.hpp"

namespace pgsidecar::proxy::mock {

/// One type for each parameter of the statement: the given one where it is not 0, else that of a
/// cast that follows it, that of the column that it is compared with or stored in where the table
/// is known, int8 behind LIMIT and OFFSET, else text.
std::vector<Oid> parameter_types_of(std::string_view statement, std::vector<Oid> given,
                                    const TableBook& tables, sql::Backslash backslash);

}  // namespace pgsidecar::proxy::mock
