#include "audit/spool_view.hpp"

#include <unistd.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "audit/spool_check.hpp"
#include "audit/spool_connection.hpp"
#include "audit/spool_contexts.hpp"
#include "audit/spool_dead.hpp"
#include "audit/spool_open.hpp"
#include "audit/spool_rows.hpp"

namespace pgsidecar::audit {
namespace {

constexpr std::uint64_t kHighest =
    static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
/// A tree whose root is broken fails at every place; then more looks bring nothing.
constexpr std::uint64_t kMostUnreadable = 10'000;

std::string range_query(std::string_view columns, std::string_view table, bool down) {
    return "SELECT " + std::string(columns) + " FROM " + std::string(table) +
           " WHERE sequence >= ? AND sequence <= ? ORDER BY sequence" + (down ? " DESC" : "");
}

constexpr std::string_view kDeadColumns =
    ", sqlstate, message, died_us, damaged, dead_checksum";

}  // namespace

struct SpoolView::Impl {
    /// Rows of one table from both sides, so that a page that cannot be read hides only itself.
    struct Walk {
        SpoolQuery up, down;
        std::function<bool(const SpoolQuery&)> visit;
    };

    Impl(const SpoolPaths& given, std::optional<SpoolMarkContent> mark_read)
        : paths(given), mark(std::move(mark_read)) {}

    SpoolPaths paths;
    std::optional<SpoolMarkContent> mark;
    SpoolConnection connection;
    std::uint64_t unreadable = 0;

    std::uint64_t last_sequence(std::string_view table) {
        SpoolQuery query(connection, "SELECT max(sequence) FROM " + std::string(table));
        std::uint64_t last = query.next() ? query.number(0) : 0;
        query.reset();
        if (connection.failure() != SpoolFailure::None) last = 0;
        connection.clear_failure();
        return std::max(last, mark ? mark->state.last_sequence : 0);
    }

    /// False when the visitor wants no more.
    bool walk(Walk& walk, std::uint64_t from, std::uint64_t through) {
        connection.clear_failure();
        std::uint64_t at = from;
        walk.up.bind(from).bind(through);
        while (walk.up.next()) {
            at = walk.up.number(0) + 1;
            if (!walk.visit(walk.up)) return walk.up.reset(), false;
            connection.clear_failure();  // of a part of this entry, which is marked damaged
        }
        if (connection.failure() == SpoolFailure::None) return true;
        ++unreadable;
        return around(walk, at, through);
    }

    /// Something from `from` on cannot be read: looks for what can, from the other end and then in
    /// both halves of what is left.
    bool around(Walk& walk_, std::uint64_t from, std::uint64_t through) {
        if (from >= through || unreadable > kMostUnreadable) return true;
        const std::uint64_t readable_from = lowest_from_above(walk_, from, through);
        if (readable_from > from + 1) {
            const std::uint64_t middle = from + (readable_from - 1 - from) / 2;
            // The first of a half has just failed; one further on may be on another page.
            if (!walk(walk_, middle + 1, readable_from - 1)) return false;
            if (middle > from && !around_lower(walk_, from, middle)) return false;
        }
        return readable_from > through || walk(walk_, readable_from, through);
    }

    bool around_lower(Walk& walk_, std::uint64_t from, std::uint64_t through) {
        return walk(walk_, from, through);
    }

    std::uint64_t lowest_from_above(Walk& walk_, std::uint64_t from, std::uint64_t through) {
        connection.clear_failure();
        std::uint64_t lowest = through + 1;
        walk_.down.bind(from).bind(through);
        while (walk_.down.next()) lowest = walk_.down.number(0);
        connection.clear_failure();
        return lowest;
    }
};

}  // namespace pgsidecar::audit
