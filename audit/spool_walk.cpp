#include "audit/spool_walk.hpp"

#include "audit/spool_connection.hpp"

namespace pgsidecar::audit {
namespace {

/// When the root of a tree is broken every look fails; then more of them bring nothing.
constexpr std::uint64_t kMostBrokenLooks = 10'000;

}  // namespace

SpoolWalk::SpoolWalk(SpoolConnection& connection, std::string_view table, std::string_view columns)
    : connection_(connection),
      rows_("SELECT " + std::string(columns) + " FROM " + std::string(table) +
            " WHERE sequence >= ? AND sequence <= ? ORDER BY sequence"),
      rows_down_("SELECT sequence FROM " + std::string(table) +
                 " WHERE sequence >= ? AND sequence <= ? ORDER BY sequence DESC") {}

void SpoolWalk::run(std::uint64_t last, const Visit& visit) { range(1, last, visit); }

bool SpoolWalk::range(std::uint64_t from, std::uint64_t through, const Visit& visit) {
    connection_.clear_failure();
    SpoolQuery rows(connection_, rows_);
    rows.bind(from).bind(through);
    while (rows.next()) {
        from = rows.number(0) + 1;
        if (!visit(rows)) return false;
        connection_.clear_failure();  // of a part of the entry, which shows by its checksum
    }
    if (connection_.failure() == SpoolFailure::None) return true;
    ++broken_looks_;
    return around(from, through, visit);
}

bool SpoolWalk::around(std::uint64_t from, std::uint64_t through, const Visit& visit) {
    if (from >= through || broken_looks_ > kMostBrokenLooks) return true;
    const std::uint64_t above = lowest_from_above(from, through);
    // The row is there, but what it continues on is not.
    if (above == from) return range(from + 1, through, visit);
    // Between two places that cannot be read there may be one that can.
    const std::uint64_t last = above - 1;
    const std::uint64_t middle = from + (last - from) / 2;
    if (from < last && !range(from, middle, visit)) return false;
    if (from < last && !range(middle + 1, last, visit)) return false;
    return above > through || range(above, through, visit);
}

std::uint64_t SpoolWalk::lowest_from_above(std::uint64_t from, std::uint64_t through) {
    connection_.clear_failure();
    std::uint64_t lowest = through + 1;
    SpoolQuery rows(connection_, rows_down_);
    rows.bind(from).bind(through);
    while (rows.next()) lowest = rows.number(0);
    return lowest;
}

}  // namespace pgsidecar::audit
