#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace pgsidecar::sql {

/// A JSON object or array of libpg_query's tree that is open, and what of it matters.
struct Frame {
    std::string_view key;
    std::string_view schema{}, relation{};
};

using Frames = std::span<const Frame>;

/// Index of the statement's own frame: {"stmts":[{"stmt":{"SelectStmt":{...
inline constexpr std::size_t kStatementFrame = 4;

inline bool modifies(std::string_view node) {
    return node == "InsertStmt" || node == "UpdateStmt" || node == "DeleteStmt" ||
           node == "MergeStmt";
}

}  // namespace pgsidecar::sql
