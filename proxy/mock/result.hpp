#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "proxy/core/local_error.hpp"
#include "proxy/mock/value.hpp"

namespace pgsidecar::proxy::mock {

struct Column {
    std::string name;
    Oid type = oid::kText;
};

/// What a statement gives.
struct Result {
    enum class Copy : std::uint8_t { None, In, Out };

    std::optional<LocalError> error{};
    std::vector<LocalError> notices{};
    bool has_rows = false;  ///< answers with RowDescription, even when there is no row
    std::vector<Column> columns{};
    std::vector<std::vector<Value>> rows{};
    std::string tag{};         ///< of CommandComplete
    bool counts_rows = false;  ///< the number of rows sent follows the tag
    Copy copy = Copy::None;
    bool copy_binary = false, copy_csv = false, copy_header = false;
    std::size_t copy_columns = 0;
};

}  // namespace pgsidecar::proxy::mock
