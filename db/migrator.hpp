#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/upstream.hpp"
#include "db/migration_connection.hpp"
#include "db/migration_file.hpp"
#include "db/migration_plan.hpp"
#include "db/migration_problem.hpp"
#include "db/migration_table.hpp"

namespace pgsidecar::db {

/// What a run tells while it goes on; called on the thread that runs it.
class MigrationListener {
public:
    virtual ~MigrationListener() = default;
    virtual void on_waiting(const std::string& sentence) = 0;
    virtual void on_notice(const MigrationFile& file, const std::string& text) = 0;
    virtual void on_applied(const MigrationFile& file, std::int64_t duration_ms) = 0;
};

/// Why a migration that had begun did not end well.
struct MigrationFailure {
    const MigrationFile* file = nullptr;  ///< none: the table schema_migrations itself
    std::string where;                    ///< file and line
    int column = 0;                       ///< in that line; 0: not said
    ServerReport report;
    std::string outcome;  ///< what is in the database now, and what to do next
};

/// What came of a run. Points into the MigrationSet that was given, and plan into table.
struct MigrationOutcome {
    MigrationOutcome() = default;
    MigrationOutcome(MigrationOutcome&&) = default;
    MigrationOutcome& operator=(MigrationOutcome&&) = default;

    MigrationTable table;
    MigrationPlan plan;                      ///< as it was before anything was applied
    std::vector<MigrationProblem> problems;  ///< any: nothing was applied
    std::optional<MigrationFailure> failure;
    std::vector<const MigrationFile*> applied;  ///< by this run, in order
    std::vector<const MigrationFile*> adopted;  ///< whose checksums this run filled in
    bool connected = false;                     ///< table and plan are the database's

    bool ok() const { return problems.empty() && !failure; }
};

/// Applies migrations in order, each once, one run at a time (R104-R106).
///
/// For a command that does nothing else: blocks. Thread: one. Owns the connection.
class Migrator {
public:
    struct Options {
        bool tls_required = false;
        std::int64_t connect_timeout_ms = 15'000;
        std::int64_t lock_wait_ms = 60'000;
    };

    Migrator(config::Upstream upstream, Options options, MigrationListener& listener)
        : upstream_(std::move(upstream)), options_(options), listener_(listener) {}

    /// Everything that is pending, under the advisory lock.
    MigrationOutcome apply(const MigrationSet& set);
    /// What apply() would find; reads only, takes no lock, works on a standby.
    MigrationOutcome inspect(const MigrationSet& set);

private:
    bool connect(MigrationOutcome& outcome, bool writable);
    void examine(const MigrationSet& set, MigrationOutcome& outcome);
    bool prepare_table(MigrationOutcome& outcome);

    config::Upstream upstream_;
    Options options_;
    MigrationListener& listener_;
    MigrationConnection connection_;
};

}  // namespace pgsidecar::db
