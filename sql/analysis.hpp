#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/statement_shape.hpp"

namespace pgsidecar::sql {

/// What a statement does and to which tables.
struct Analysis {
    model::StatementKind kind = model::StatementKind::Unknown;
    std::string table;
    std::vector<std::string> tables;
    model::TransactionVerb verb = model::TransactionVerb::None;
    model::Queueable queueable = model::Queueable::NotUnderstood;
    bool read_only = false;
    std::uint16_t effects = model::session_effect::kUnknown;
};

/// Bounds that keep libpg_query's recursion, memory and time small whatever a client sends.
///
/// Its tree writer takes up to 200 bytes of stack per token of one nested chain (measured on
/// 15-4.0.0), so the depth bound alone keeps it below 128 KiB; were the estimate of depth wrong,
/// the byte bound still keeps it below 2 MiB. It also keeps one parse to some 10 ms. Both apply to
/// the skeleton, in which lists and rows of constants are folded already.
inline constexpr std::size_t kMaxParsedBytes = std::size_t{16} * 1024;
inline constexpr std::size_t kMaxParsedDepth = 500;
inline constexpr std::size_t kMaxTables = 32;
/// PostgreSQL's NAMEDATALEN - 1.
inline constexpr std::size_t kMaxNameBytes = 63;

/// An upper bound of how deep the tree of this statement gets, in tokens of the longest nested
/// chain.
std::size_t nesting_depth(std::string_view skeleton);

/// True when libpg_query (PostgreSQL 15's grammar) understands it; the caller has checked both
/// bounds and that there is no zero byte. Thread: any.
bool analyse_tree(const std::string& skeleton, Analysis& analysis);

/// The same from a few keywords, for what libpg_query cannot or must not read. Never fails; Unknown
/// when it has no idea. Nothing of it is queueable or read-only, and its effects are unknown unless
/// they are certain. complete: the skeleton is the whole statement, not its beginning.
Analysis analyse_keywords(std::string_view skeleton, bool complete = true);

/// Reads the JSON tree that libpg_query wrote. Does not recurse.
Analysis read_tree(std::string_view json);

}  // namespace pgsidecar::sql
