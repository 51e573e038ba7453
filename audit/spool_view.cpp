#include "audit/spool_view.hpp"

#include <unistd.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "audit/spool_check.hpp"
#include "audit/spool_connection.hpp"
#include "audit/spool_contexts.hpp"
#include "audit/spool_dead.hpp"
#include "audit/spool_open.hpp"
#include "audit/spool_salvage.hpp"
#include "audit/spool_walk.hpp"

namespace pgsidecar::audit {
namespace {

std::uint64_t sequence_of(const SpoolView::Entry& entry) { return entry.stored.sequence; }
std::uint64_t sequence_of(const SpoolView::Letter& letter) { return letter.letter.stored.sequence; }
bool is_damaged(const SpoolView::Entry& entry) { return entry.damaged; }
bool is_damaged(const SpoolView::Letter& letter) { return letter.letter.damaged; }

/// What reads the rows of one connection.
struct Readers {
    explicit Readers(SpoolConnection& connection)
        : contexts(connection), rows(connection, contexts), letters(connection, rows) {}

    SpoolContexts contexts;
    SpoolRowReader rows;
    SpoolDead letters;
};

SpoolView::Entry read_entry(Readers& readers, const SpoolQuery& row) {
    SpoolRow read = readers.rows.read(row);
    return {std::move(read.stored), read.bytes, read.damaged, false};
}

SpoolView::Letter read_letter(Readers& readers, const SpoolQuery& row) {
    SpoolView::Letter out;
    out.letter = readers.letters.read(row, out.bytes);
    return out;
}

}  // namespace

struct SpoolView::Impl {
    explicit Impl(const std::string& folder) : paths(folder), mark(SpoolMark::read(paths.mark)) {}

    std::uint64_t last_sequence(const std::string& table) {
        connection.clear_failure();
        SpoolQuery query(connection, "SELECT max(sequence) FROM " + table);
        // A damaged table may not say.
        const std::uint64_t last = query.next() ? query.number(0) : 0;
        return std::max(last, mark ? mark->state.last_sequence : 0);
    }

    template <class Item>
    void each(const std::string& table, const std::string& columns,
              Item (*read)(Readers&, const SpoolQuery&),
              const std::function<bool(const Item&)>& visit) {
        // Without it SQLite refuses a file that has become shorter than it says.
        connection.run("PRAGMA writable_schema = ON");
        Readers readers(connection);
        SpoolWalk walk(connection, table, columns);
        std::vector<std::uint64_t> whole;
        std::vector<std::uint64_t> damaged;
        bool more = true;
        walk.run(last_sequence(table), [&](const SpoolQuery& row) {
            const Item item = read(readers, row);
            (is_damaged(item) ? damaged : whole).push_back(sequence_of(item));
            return more = visit(item);
        });
        incomplete = incomplete || walk.incomplete();
        // Of a damaged one, or of its context, there may be another copy.
        if (!more || (!walk.incomplete() && damaged.empty())) return;
        const auto known = [&](const Item& item) {
            const auto& seen = is_damaged(item) ? damaged : whole;
            return std::binary_search(seen.begin(), seen.end(), sequence_of(item)) ||
                   std::binary_search(whole.begin(), whole.end(), sequence_of(item));
        };
        each_salvaged<Item>(table, columns, read, visit, known);
    }

    template <class Item>
    void each_salvaged(const std::string& table, const std::string& columns,
                       Item (*read)(Readers&, const SpoolQuery&),
                       const std::function<bool(const Item&)>& visit,
                       const std::function<bool(const Item&)>& known) {
        if (!salvaged) {
            salvaged = std::make_unique<SpoolConnection>();
            if (!salvage_spool(paths.database, paths.log, *salvaged)) return;
        }
        Readers readers(*salvaged);
        SpoolQuery rows(
            *salvaged,
            "SELECT " + columns + " FROM " + table +
                (table == "entries" ? " WHERE sequence NOT IN (SELECT sequence FROM dead)" : "") +
                " ORDER BY sequence");
        // Of several copies the first whole one, else a damaged one.
        std::optional<Item> best;
        while (rows.next()) {
            Item item = read(readers, rows);
            if (known(item)) continue;
            item.salvaged = true;
            const bool same = best && sequence_of(*best) == sequence_of(item);
            if (same && (!is_damaged(*best) || is_damaged(item))) continue;
            if (best && !same && !visit(*best)) return;
            best = std::move(item);
        }
        if (best) visit(*best);
    }

    SpoolPaths paths;
    std::optional<SpoolMarkContent> mark;  // read before the file, which is then never behind it
    SpoolConnection connection;
    std::unique_ptr<SpoolConnection> salvaged;
    bool incomplete = false;
};

SpoolView::SpoolView(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SpoolView::~SpoolView() = default;

std::unique_ptr<SpoolView> SpoolView::open(const std::string& folder, std::string& problem) {
    auto impl = std::make_unique<Impl>(folder);
    const auto& path = impl->paths.database;
    if (::access(path.c_str(), F_OK) != 0) {
        problem = "There is no spool in " + folder + ": no file " + path + ".";
        return nullptr;
    }
    if (!impl->connection.open(path, SpoolConnection::Mode::ReadOnly, {})) {
        problem = "The spool " + path + " cannot be opened (" + impl->connection.failure_text() +
                  "): run this as the user that the sidecar runs as.";
        return nullptr;
    }
    return std::unique_ptr<SpoolView>(new SpoolView(std::move(impl)));
}

void SpoolView::waiting(const std::function<bool(const Entry&)>& visit) {
    impl_->each<Entry>("entries", std::string(kSpoolColumns), read_entry, visit);
}

void SpoolView::dead(const std::function<bool(const Letter&)>& visit) {
    impl_->each<Letter>("dead", SpoolDead::columns(), read_letter, visit);
}

bool SpoolView::incomplete() const { return impl_->incomplete; }

SpoolView::Health SpoolView::verify() {
    SpoolConnection connection;
    Health health;
    const std::string whole = "The spool " + impl_->paths.database + " ";
    if (!connection.open(impl_->paths.database, SpoolConnection::Mode::ReadOnly, {})) {
        health.problem = whole + "cannot be opened: " + connection.failure_text() + ".";
        return health;
    }
    SpoolContexts contexts(connection);
    connection.clear_failure();
    // One moment of the file, whatever a running sidecar does meanwhile.
    connection.run("BEGIN");
    const SpoolReport report = check_spool(connection, contexts, impl_->mark);
    if (!report.problem.empty()) health.problem = whole + report.problem + ".";
    health.damaged = report.damaged;
    health.damaged_records = report.damaged_records.size();
    health.waiting = report.counts.state.waiting;
    health.bytes = report.counts.bytes;
    health.dead = report.counts.state.dead;
    health.records = report.counts.records;
    health.id = report.id;
    return health;
}

}  // namespace pgsidecar::audit
