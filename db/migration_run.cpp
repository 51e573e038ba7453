#include "db/migration_run.hpp"

#include <chrono>
#include <utility>

#include "db/migration_lock.hpp"
#include "db/migration_script.hpp"

namespace pgsidecar::db {
namespace {

using std::chrono::steady_clock;

/// What an earlier file may have set must not change what a later one means. Reading as the
/// standard says keeps one meaning in every database, and our own cutting right.
constexpr const char* kFreshSession =
    "RESET SESSION AUTHORIZATION; RESET ROLE; RESET ALL; SET standard_conforming_strings = on";

/// The file may have changed who it is; the record is written by who logged in.
constexpr const char* kOwnRole = "RESET SESSION AUTHORIZATION; RESET ROLE";

/// Whoever presses Ctrl-C in the middle of a long statement should not have to wait for it, nor for
/// its locks. From PostgreSQL 14 on, and not on every system: what comes of it does not matter.
constexpr const char* kEndWithUs =
    "SELECT pg_catalog.set_config(name, '2s', false) FROM pg_catalog.pg_settings"
    " WHERE name = 'client_connection_check_interval' AND setting = '0'";

constexpr const char* kAgain = " Correct the cause, then run 'pgsidecar migrate' again.";

std::string where_of(const MigrationFile& file, int line) {
    return file.path + ":" + std::to_string(line);
}

ServerReport own_words(std::string message) {
    ServerReport report;
    report.message = std::move(message);
    return report;
}

}  // namespace

std::optional<MigrationFailure> MigrationRun::apply(const MigrationFile& file) {
    connection_.on_notice([&](const std::string& text) { listener_.on_notice(file, text); });
    const auto started = steady_clock::now();
    auto failure = begin(file);
    if (!failure) failure = statements(file);
    connection_.on_notice({});
    const auto duration =
        std::chrono::duration_cast<std::chrono::milliseconds>(steady_clock::now() - started);
    if (!failure) failure = end(file, duration.count());
    if (connection_.in_transaction()) connection_.run("ROLLBACK");
    if (!failure) listener_.on_applied(file, duration.count());
    return failure;
}

MigrationFailure MigrationRun::fail(const MigrationFile& file, std::string where,
                                    ServerReport report, std::string outcome) {
    return {&file, std::move(where), 0, std::move(report), std::move(outcome)};
}

MigrationRun::Failed MigrationRun::begin(const MigrationFile& file) {
    const std::string nothing = "Nothing of this file took effect.";
    if (auto fresh = connection_.run(kFreshSession); !fresh)
        return fail(file, file.path, *fresh.error, nothing + kAgain);
    connection_.run(kEndWithUs);
    if (file.in_transaction) {
        if (auto begun = connection_.run("BEGIN"); !begun)
            return fail(file, file.path, *begun.error, nothing + kAgain);
    }
    if (has_migration_lock(connection_)) return std::nullopt;
    return fail(file, file.path, own_words("this session has the migration lock no longer"),
                nothing +
                    " Either an earlier migration let go of it, or the address leads to a pooler "
                    "that shares connections: give the database's own address, or that of a pooler "
                    "in session mode, then run 'pgsidecar migrate' again.");
}

MigrationRun::Failed MigrationRun::statements(const MigrationFile& file) {
    for (const auto& statement : split_statements(file.text).statements) {
        const auto reply = connection_.run(std::string(statement.text));
        if (!reply) {
            const auto place = place_of(statement, reply.error->position);
            auto failure = fail(file, where_of(file, place.line), *reply.error, aftermath(file));
            if (reply.error->position > 0) failure.column = place.column;
            return failure;
        }
        if (file.in_transaction && !connection_.in_transaction()) {
            return fail(file, where_of(file, statement.line),
                        own_words("the statement ended the transaction"),
                        "What the file did up to here stays and is not recorded. Undo it by hand, "
                        "take the statement out, or begin the file with "
                        "'-- pgsidecar: no-transaction'.");
        }
    }
    if (file.in_transaction || !connection_.in_transaction()) return std::nullopt;
    return fail(file, file.path, own_words("the file leaves a transaction open"),
                "That transaction is rolled back, what was committed before it stays, and the file "
                "is not recorded. End it with COMMIT, make the file able to run again, then run "
                "'pgsidecar migrate' again.");
}

std::string MigrationRun::aftermath(const MigrationFile& file) const {
    if (file.in_transaction) {
        return std::string("Rolled back: nothing of this file took effect.") + kAgain;
    }
    return "The file runs without a transaction: what stands before this statement took effect and "
           "stays, and the file is not recorded. Undo it by hand or make the file able to run "
           "again (IF NOT EXISTS, DROP INDEX CONCURRENTLY IF EXISTS for an index that is left "
           "INVALID), then run 'pgsidecar migrate' again.";
}

MigrationRun::Failed MigrationRun::end(const MigrationFile& file, std::int64_t duration_ms) {
    auto role = connection_.run(kOwnRole);
    auto error = role ? record_migration(connection_, table_, file, duration_ms) : role.error;
    if (error) {
        error->message = "it cannot be recorded in schema_migrations: " + error->message;
        return fail(file, file.path, *error,
                    file.in_transaction
                        ? aftermath(file)
                        : "The file took effect and is not recorded; it will run again.");
    }
    if (!file.in_transaction) return std::nullopt;
    auto done = connection_.run("COMMIT");
    if (done) return std::nullopt;
    if (connection_.is_open()) {
        return fail(file, file.path, *done.error, "COMMIT was refused. " + aftermath(file));
    }
    return fail(file, file.path, *done.error,
                "The connection ended during COMMIT, so the file took effect or not, as a whole: "
                "'pgsidecar migrate --status' tells. Then run 'pgsidecar migrate' again.");
}

}  // namespace pgsidecar::db
