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
#include "audit/spool_walk.hpp"

namespace pgsidecar::audit {

struct SpoolView::Impl {
    explicit Impl(const std::string& folder) : paths(folder), mark(SpoolMark::read(paths.mark)) {}

    /// What a damaged file can still answer, a damaged one answers for itself.
    std::uint64_t last_sequence(const std::string& table) {
        connection.clear_failure();
        SpoolQuery query(connection, "SELECT max(sequence) FROM " + table);
        const std::uint64_t last = query.next() ? query.number(0) : 0;
        return std::max(last, mark ? mark->state.last_sequence : 0);
    }

    SpoolPaths paths;
    std::optional<SpoolMarkContent> mark;  // read before the file, which is then never behind it
    SpoolConnection connection;
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
    auto& connection = impl_->connection;
    // Without it SQLite refuses a file that has become shorter than it says.
    connection.run("PRAGMA writable_schema = ON");
    SpoolContexts contexts(connection);
    SpoolRowReader reader(connection, contexts);
    SpoolWalk walk(connection, "entries", kSpoolColumns);
    walk.run(impl_->last_sequence("entries"), [&](const SpoolQuery& row) {
        SpoolRow read = reader.read(row);
        return visit({std::move(read.stored), read.bytes, read.damaged});
    });
    impl_->incomplete = impl_->incomplete || walk.incomplete();
}

void SpoolView::dead(const std::function<bool(const DeadLetter&, std::uint64_t)>& visit) {
    auto& connection = impl_->connection;
    connection.run("PRAGMA writable_schema = ON");
    SpoolContexts contexts(connection);
    SpoolRowReader reader(connection, contexts);
    SpoolDead letters(connection, reader);
    SpoolWalk walk(connection, "dead", SpoolDead::columns());
    walk.run(impl_->last_sequence("dead"), [&](const SpoolQuery& row) {
        std::uint64_t bytes = 0;
        const DeadLetter letter = letters.read(row, bytes);
        return visit(letter, bytes);
    });
    impl_->incomplete = impl_->incomplete || walk.incomplete();
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
