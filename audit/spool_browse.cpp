#include "audit/spool_browse.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "audit/spool_file.hpp"

namespace pgsidecar::audit {
namespace {

/// SQLite's numbers are signed.
constexpr auto kHighest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());

BrowsedEntry summary_of(const StoredEntry& stored, std::uint64_t bytes, bool damaged) {
    BrowsedEntry out;
    out.sequence = stored.sequence;
    out.bytes = bytes;
    out.accepted_us = stored.accepted_us;
    out.outage_class = stored.entry.outage_class;
    out.damaged = damaged;
    if (const auto& context = stored.entry.context) {
        out.user = context->user;
        out.database = context->database;
        out.service = context->service;
    }
    out.statements = stored.entry.statements.size();
    for (const auto& statement : stored.entry.statements) {
        out.rows += statement.rows;
        if (std::find(out.tables.begin(), out.tables.end(), statement.table) == out.tables.end())
            out.tables.push_back(statement.table);
    }
    return out;
}

}  // namespace

std::vector<DeadLetter> SpoolFile::dead_letters(std::size_t max) {
    std::vector<DeadLetter> out;
    dead_.list(0, max, [&](DeadLetter letter, std::uint64_t) {
        out.push_back(std::move(letter));
        return true;
    });
    return out;
}

Browsed SpoolFile::browse(const BrowseQuery& query) {
    connection_->clear_failure();
    Browsed page;
    std::uint64_t bytes = 0;
    auto take = [&](BrowsedEntry entry) {
        bytes += entry.bytes;
        const bool full = page.entries.size() >= query.max_entries || bytes > query.max_bytes;
        page.more = !page.entries.empty() && full;
        if (page.more) return false;
        page.entries.push_back(std::move(entry));
        return true;
    };
    // One more than wanted says whether there are others.
    const std::size_t looked_at = query.max_entries + 1;
    if (query.dead) {
        dead_.list(std::min(query.after, kHighest), looked_at,
                   [&](const DeadLetter& letter, std::uint64_t size) {
                       BrowsedEntry entry = summary_of(letter.stored, size, letter.damaged);
                       entry.sqlstate = letter.sqlstate;
                       entry.message = letter.message;
                       entry.died_us = letter.died_us;
                       return take(std::move(entry));
                   });
        return page;
    }
    // read() stops at the first one that is too much; the next tells that there is one.
    const auto rows = read(query.after, looked_at, query.max_bytes);
    for (const SpoolRow& row : rows) {
        if (!take(summary_of(row.stored, row.bytes, row.damaged))) return page;
    }
    const std::uint64_t last = rows.empty() ? query.after : rows.back().stored.sequence;
    page.more = good() && !rows.empty() && rows.size() < looked_at && !read(last, 1, 1).empty();
    return page;
}

}  // namespace pgsidecar::audit
