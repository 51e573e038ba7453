#include "db/migration_lock.hpp"

#include <algorithm>
#include <chrono>

namespace pgsidecar::db {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::int64_t kPollMs = 200;
constexpr std::int64_t kMsPerSecond = 1'000;

/// The lock's row in pg_locks.
std::string lock_row() {
    return "l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 AND l.classid = " +
           std::to_string(kMigrationLockKey >> 32) +
           " AND l.objid = " + std::to_string(kMigrationLockKey & 0xffffffff) +
           " AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d"
           " WHERE d.datname = pg_catalog.current_database())";
}

std::string holder(MigrationConnection& connection) {
    const auto reply = connection.run(
        "SELECT l.pid, a.usename, a.application_name, pg_catalog.host(a.client_addr)"
        " FROM pg_catalog.pg_locks l"
        " LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid WHERE " +
        lock_row());
    if (!reply || reply.rows.empty()) return {};
    std::string out = "server process " + reply.value(0);
    const auto add = [&](std::string_view what, std::size_t column) {
        if (const auto value = reply.value(column); !value.empty()) {
            out.append(", ").append(what).append(" ").append(value);
        }
    };
    add("user", 1);
    add("application", 2);
    add("from", 3);
    return out;
}

MigrationProblem problem(std::string sentence) {
    return {MigrationProblem::Kind::Unavailable, {}, std::move(sentence), 0};
}

std::string seconds(std::int64_t ms) {
    const auto tenths = ms * 10 / kMsPerSecond;
    return std::to_string(tenths / 10) +
           (tenths % 10 == 0 ? "" : "." + std::to_string(tenths % 10)) + " s";
}

}  // namespace

std::optional<MigrationProblem> take_migration_lock(
    MigrationConnection& connection, std::int64_t wait_ms,
    const std::function<void(const std::string& sentence)>& on_wait) {
    // Asking again and again instead of waiting in pg_advisory_lock(): that one would hold a
    // snapshot, which CREATE INDEX CONCURRENTLY of the run that has the lock would wait for.
    const std::string ask =
        "SELECT pg_catalog.pg_try_advisory_lock(" + std::to_string(kMigrationLockKey) + ")";
    const auto deadline = steady_clock::now() + milliseconds(wait_ms);
    std::string who;
    for (bool first = true;; first = false) {
        const auto reply = connection.run(ask);
        if (!reply) return problem("The migration lock cannot be taken: " + reply.error->message);
        if (reply.value() == "t") return std::nullopt;
        if (auto now = holder(connection); !now.empty()) who = std::move(now);
        if (first) {
            on_wait("Another session has the migration lock (" + who +
                    "); waiting for it, at most " + seconds(wait_ms) + ".");
        }
        const auto left =
            std::chrono::duration_cast<milliseconds>(deadline - steady_clock::now()).count();
        if (left <= 0) break;
        if (!connection.stay(std::min<std::int64_t>(kPollMs, left))) {
            return problem("The connection was lost while waiting for the migration lock (" + who +
                           "). Nothing was applied; run it again.");
        }
    }
    return problem("Another session has had the migration lock for " + seconds(wait_ms) + " (" +
                   who +
                   "). Nothing was applied. Let that run end, or end it with "
                   "pg_terminate_backend(), then run this again; --wait SECONDS waits longer.");
}

bool has_migration_lock(MigrationConnection& connection) {
    const auto reply = connection.run(
        "SELECT FROM pg_catalog.pg_locks l WHERE l.pid = pg_catalog.pg_backend_pid() AND " +
        lock_row());
    return reply && !reply.rows.empty();
}

}  // namespace pgsidecar::db
