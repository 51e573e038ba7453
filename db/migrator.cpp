#include "db/migrator.hpp"

#include <utility>

#include "db/migration_lock.hpp"
#include "db/migration_run.hpp"

namespace pgsidecar::db {
namespace {

MigrationProblem no_connection(const Error& error) {
    std::string sentence = error.message + " " + error.resolution;
    if (!error.sqlstate.empty()) sentence += " (SQLSTATE " + error.sqlstate + ")";
    return {MigrationProblem::Kind::Unavailable, {}, std::move(sentence), 0};
}

}  // namespace

bool Migrator::connect(MigrationOutcome& outcome, bool writable) {
    const auto connected = connection_.connect(upstream_, options_.tls_required,
                                               options_.connect_timeout_ms, writable);
    outcome.connected = connected.has_value();
    if (!connected) outcome.problems.push_back(no_connection(connected.error()));
    return outcome.connected;
}

void Migrator::examine(const MigrationSet& set, MigrationOutcome& outcome) {
    auto table = read_migration_table(connection_);
    if (auto* problem = std::get_if<MigrationProblem>(&table)) {
        outcome.problems.push_back(std::move(*problem));
        outcome.connected = false;
        return;
    }
    outcome.table = std::get<MigrationTable>(std::move(table));
    outcome.plan = plan_migrations(set, outcome.table);
    const auto& found = outcome.plan.problems;
    outcome.problems.insert(outcome.problems.end(), found.begin(), found.end());
}

MigrationOutcome Migrator::inspect(const MigrationSet& set) {
    MigrationOutcome outcome;
    outcome.problems = set.problems;
    if (connect(outcome, false)) examine(set, outcome);
    connection_.close();
    return outcome;
}

bool Migrator::prepare_table(MigrationOutcome& outcome) {
    const auto& unverified = outcome.plan.unverified;
    if (outcome.plan.pending.empty() && unverified.empty()) return true;
    auto error = prepare_migration_table(connection_, outcome.table, unverified);
    if (!error) {
        outcome.adopted = unverified;
        return true;
    }
    MigrationFailure failure;
    failure.where = "schema_migrations";
    failure.report = *std::move(error);
    failure.outcome =
        "Nothing was applied. This role must be able to create the table schema_migrations, or "
        "own the one that is there.";
    outcome.failure = std::move(failure);
    return false;
}

MigrationOutcome Migrator::apply(const MigrationSet& set) {
    MigrationOutcome outcome;
    outcome.problems = set.problems;
    if (!outcome.problems.empty() || !connect(outcome, true)) return outcome;
    auto locked =
        take_migration_lock(connection_, options_.lock_wait_ms,
                            [this](const std::string& text) { listener_.on_waiting(text); });
    if (locked) {
        outcome.connected = false;
        outcome.problems.push_back(*std::move(locked));
    } else {
        examine(set, outcome);
        if (outcome.ok() && prepare_table(outcome)) {
            MigrationRun run(connection_, outcome.table, listener_);
            for (const auto* file : outcome.plan.pending) {
                outcome.failure = run.apply(*file);
                if (outcome.failure) break;
                outcome.applied.push_back(file);
            }
        }
    }
    // The lock goes with the session.
    connection_.close();
    return outcome;
}

}  // namespace pgsidecar::db
