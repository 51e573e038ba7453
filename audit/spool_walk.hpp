#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "audit/spool_query.hpp"

namespace pgsidecar::audit {

/// Goes through a table by sequence and around what cannot be read, so that a broken page hides no
/// more than its own rows.
class SpoolWalk {
public:
    using Visit = std::function<bool(const SpoolQuery& row)>;

    /// columns: beginning with sequence.
    SpoolWalk(SpoolConnection& connection, std::string_view table, std::string_view columns);

    /// Rows up to `last` in order; visit returns false to stop.
    void run(std::uint64_t last, const Visit& visit);
    bool incomplete() const { return broken_looks_ > 0; }

private:
    bool range(std::uint64_t from, std::uint64_t through, const Visit& visit);
    bool around(std::uint64_t from, std::uint64_t through, const Visit& visit);
    std::uint64_t lowest_from_above(std::uint64_t from, std::uint64_t through);

    SpoolConnection& connection_;
    std::string rows_, rows_down_;
    std::uint64_t broken_looks_ = 0;
};

}  // namespace pgsidecar::audit
