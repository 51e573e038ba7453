#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>

#include "model/statement_shape.hpp"

namespace pgsidecar::proxy {

/// Which tables were altered or dropped since when, so that a statement prepared before is not
/// silently prepared anew with another result: its client may know the old columns by heart.
///
/// Thread: the worker's.
class TableChanges {
public:
    static constexpr std::size_t kMostTables = 10'000;

    /// Counts the changes.
    std::uint32_t epoch() const { return epoch_; }
    /// The statement was an ALTER or DROP; what it names no table of may concern every table.
    void changed(const model::StatementShape& shape);
    /// True when a statement of this shape that was prepared at that epoch may return another
    /// thing.
    bool may_concern(const model::StatementShape& shape, std::uint32_t prepared_at) const;

private:
    std::uint32_t epoch_ = 0;
    std::uint32_t all_ = 0;  ///< of the last change that concerned every table
    std::unordered_map<std::string, std::uint32_t> tables_;  ///< without schema
};

}  // namespace pgsidecar::proxy
