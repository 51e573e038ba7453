#include "db/migration_plan.hpp"

#include <algorithm>
#include <map>

#include "db/migration_script.hpp"

namespace pgsidecar::db {
namespace {

class Planner {
public:
    Planner(const MigrationSet& set, const MigrationTable& table) : set_(set), table_(table) {}

    MigrationPlan plan() {
        std::map<int, MigrationEntry> entries;
        for (const auto& file : set_.files) entries[file.version].file = &file;
        for (const auto& row : table_.rows) entries[row.version].row = &row;
        highest_file_ = set_.files.empty() ? 0 : set_.files.back().version;
        highest_row_ = table_.rows.empty() ? 0 : table_.rows.back().version;
        for (auto& [version, entry] : entries) {
            judge(entry);
            plan_.entries.push_back(entry);
        }
        return std::move(plan_);
    }

private:
    void refuse(const MigrationEntry& entry, std::string sentence, int line = 0) {
        std::string where = entry.file != nullptr ? entry.file->path : std::string();
        if (line > 0) where += ":" + std::to_string(line);
        plan_.problems.push_back({MigrationProblem::Kind::Refused, std::move(where),
                                  std::move(sentence), entry.version()});
    }

    void judge(MigrationEntry& entry) {
        if (entry.row == nullptr) {
            unapplied(entry);
        } else if (entry.file == nullptr) {
            missing(entry);
        } else {
            applied(entry);
        }
    }

    void unapplied(MigrationEntry& entry) {
        if (entry.file->version < highest_row_) {
            entry.state = MigrationState::OutOfOrder;
            refuse(entry, "is not applied, but the later " + name_of(table_.rows.back()) +
                              " is. Migrations are applied in order: give this file the next "
                              "free number.");
            return;
        }
        entry.state = MigrationState::Pending;
        plan_.pending.push_back(entry.file);
        if (entry.file->in_transaction) look_for_transaction_control(entry);
    }

    void look_for_transaction_control(const MigrationEntry& entry) {
        for (const auto& statement : split_statements(entry.file->text).statements) {
            const auto word = statement.transaction_control();
            if (word.empty()) continue;
            refuse(entry,
                   std::string(word) +
                       " cannot be used: the file runs in a transaction of pgsidecar's own. Take "
                       "it out, or begin the file with '-- pgsidecar: no-transaction'.",
                   statement.line);
        }
    }

    void missing(MigrationEntry& entry) {
        entry.state = MigrationState::Missing;
        if (entry.row->version <= highest_file_) return;  // the gap has been named
        if (!plan_.ahead.empty()) plan_.ahead += ", ";
        plan_.ahead += name_of(*entry.row);
    }

    void applied(MigrationEntry& entry) {
        entry.state = MigrationState::Applied;
        if (!same_name(*entry.row, *entry.file)) {
            entry.state = MigrationState::Renamed;
            refuse(entry, "the database has applied " + name_of(*entry.row) +
                              " under this number. Give the file that name again, or, when it is "
                              "another migration, the next free number.");
        } else if (entry.row->checksum.empty()) {
            plan_.unverified.push_back(entry.file);
        } else if (entry.row->checksum != entry.file->checksum) {
            entry.state = MigrationState::Edited;
            refuse(entry, "was edited after it was applied (" + entry.row->applied_at +
                              "). Undo the change, and make it in a new migration.");
        }
    }

    static std::string name_of(const AppliedMigration& row) {
        return std::to_string(row.version) + (row.name.empty() ? "" : " '" + row.name + "'");
    }

    const MigrationSet& set_;
    const MigrationTable& table_;
    int highest_file_ = 0;
    int highest_row_ = 0;
    MigrationPlan plan_;
};

}  // namespace

std::string_view to_string(MigrationState state) {
    switch (state) {
        case MigrationState::Applied: return "applied";
        case MigrationState::Pending: return "pending";
        case MigrationState::Edited: return "edited";
        case MigrationState::Renamed: return "renamed";
        case MigrationState::Missing: return "missing";
        case MigrationState::OutOfOrder: return "out of order";
    }
    return "";
}

MigrationPlan plan_migrations(const MigrationSet& set, const MigrationTable& table) {
    return Planner(set, table).plan();
}

}  // namespace pgsidecar::db
