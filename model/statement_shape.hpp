#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/intrusive_ptr.hpp"

namespace pgsidecar::model {

/// What a statement does, finer than R63's five types; metrics use these words as label values.
enum class StatementKind : std::uint8_t {
    Select,
    Insert,
    Update,
    Delete,
    Merge,
    Ddl,
    Transaction,
    Copy,
    Set,
    Call,
    Prepare,
    Listen,
    Cursor,
    Explain,
    Other,
    Unknown,
};

std::string_view to_string(StatementKind kind);

/// R63's five words: query, insert, update, delete, transaction.
std::string_view operation_type(StatementKind kind);

/// What is known of one statement text without its literals. Immutable, shared by all records of
/// that text; refcounted so that a record can outlive the cache entry and cross threads.
class StatementShape final : public base::RefCounted {
public:
    std::uint64_t fingerprint = 0;  ///< of the literal-free text
    StatementKind kind = StatementKind::Unknown;
    std::string text;   ///< literal-free, bounded length
    std::string table;  ///< target table (R64), "schema.table" when written so, empty when none
    std::vector<std::string> tables;  ///< every table named
};

using StatementShapePtr = base::IntrusivePtr<const StatementShape>;

}  // namespace pgsidecar::model
