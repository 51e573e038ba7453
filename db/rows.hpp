#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pgsidecar::db {

/// A parameter or a field in PostgreSQL's text form; nullopt is NULL.
using Value = std::optional<std::string>;

/// A column and what it is to hold, for insert and update.
struct Assignment {
    std::string column;
    Value value;
};

/// A table; schema empty: found by the search_path. Both are names as they are, never quoted SQL.
struct TableName {
    std::string name;
    std::string schema = {};
};

/// What a statement returned, copied out of libpq.
struct Rows {
    std::vector<std::string> columns;
    std::vector<std::vector<Value>> rows;
    std::int64_t affected = 0;  ///< the command tag's count; 0 when it has none

    std::size_t size() const { return rows.size(); }
    bool empty() const { return rows.empty(); }
    /// The field of that row; nullptr when there is no such row or column.
    const Value* find(std::size_t row, std::string_view column) const {
        for (std::size_t i = 0; row < rows.size() && i < columns.size(); ++i) {
            if (columns[i] == column) return &rows[row][i];
        }
        return nullptr;
    }
};

}  // namespace pgsidecar::db
