#include "app/cli/migrate_report.hpp"

#include <algorithm>
#include <array>
#include <map>

#include "model/json_object.hpp"

namespace pgsidecar::app {
namespace {

using db::MigrationEntry;
using db::MigrationFile;
using db::MigrationOutcome;
using db::MigrationSet;
using db::MigrationState;

constexpr std::size_t kColumns = 5;
using Line = std::array<std::string, kColumns>;

std::string count(std::size_t number, std::string_view one) {
    return std::to_string(number) + " " + std::string(one) + (number == 1 ? "" : "s");
}

std::string digits_of(const MigrationEntry& entry) {
    if (entry.file != nullptr) return entry.file->digits;
    std::string digits = std::to_string(entry.row->version);
    return std::string(digits.size() < 3 ? 3 - digits.size() : 0, '0') + digits;
}

/// Names of another tool's rows may hold anything.
std::string printable(std::string text) {
    text = model::valid_utf8(text);
    std::replace_if(
        text.begin(), text.end(),
        [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, '?');
    return text;
}

Line line_of(const MigrationEntry& entry) {
    Line line{digits_of(entry),
              entry.file != nullptr ? entry.file->name : printable(entry.row->name),
              std::string(to_string(entry.state)), "", ""};
    if (entry.row == nullptr) return line;
    line[3] = printable(entry.row->applied_at);
    if (entry.row->checksum.empty()) {
        line[4] = "no checksum";
    } else if (!entry.row->duration_ms.empty()) {
        line[4] = printable(entry.row->duration_ms) + " ms";
    }
    return line;
}

std::string aligned(const std::vector<Line>& lines) {
    std::array<std::size_t, kColumns> widths{};
    for (const auto& line : lines) {
        for (std::size_t i = 0; i < kColumns; ++i) widths[i] = std::max(widths[i], line[i].size());
    }
    std::string out;
    for (const auto& line : lines) {
        std::string text;
        for (std::size_t i = 0; i < kColumns; ++i) {
            text += line[i] + std::string(widths[i] - line[i].size() + 2, ' ');
        }
        text.erase(text.find_last_not_of(' ') + 1);
        out += text + '\n';
    }
    return out;
}

std::string sums(const MigrationOutcome& outcome) {
    std::map<MigrationState, std::size_t> counts{{MigrationState::Applied, 0},
                                                 {MigrationState::Pending, 0}};
    for (const auto& entry : outcome.plan.entries) ++counts[entry.state];
    std::string out;
    for (const auto& [state, number] : counts) {
        out += (out.empty() ? "" : ", ") + std::to_string(number) + " " +
               std::string(to_string(state));
    }
    return out + ".\n";
}

std::string ahead_text(const MigrationOutcome& outcome) {
    if (outcome.plan.ahead.empty()) return {};
    return "The database is ahead of these files: " + printable(outcome.plan.ahead) +
           " came from a newer version.\n";
}

std::string json_list(const std::vector<std::string>& items) {
    std::string out = "[";
    for (const auto& item : items) out += (out.size() > 1 ? "," : "") + item;
    return out + "]";
}

std::string file_list(const std::vector<const MigrationFile*>& files) {
    std::vector<std::string> items;
    for (const auto* file : files) {
        model::JsonObject one;
        one.add("version", file->version).add("name", file->name).add("file", file->path);
        items.push_back(one.finish());
    }
    return json_list(items);
}

std::string entry_json(const MigrationEntry& entry) {
    model::JsonObject one;
    one.add("version", entry.version())
        .add("name", entry.file != nullptr ? entry.file->name : entry.row->name)
        .add("state", to_string(entry.state));
    if (entry.file != nullptr) {
        one.add("file", entry.file->path).add("checksum", entry.file->checksum);
        one.add("statements", entry.file->statements);
        one.add("transaction", entry.file->in_transaction);
    }
    if (entry.row != nullptr) {
        one.add("appliedAt", entry.row->applied_at);
        if (!entry.row->checksum.empty()) one.add("appliedChecksum", entry.row->checksum);
        int ms = 0;
        if (db::parse_migration_version(entry.row->duration_ms, ms)) one.add("durationMs", ms);
    }
    return one.finish();
}

std::string problem_list(const MigrationOutcome& outcome) {
    std::vector<std::string> items;
    for (const auto& problem : outcome.problems) {
        model::JsonObject one;
        if (!problem.where.empty()) one.add("where", problem.where);
        one.add("message", problem.sentence);
        items.push_back(one.finish());
    }
    return json_list(items);
}

std::string failure_json(const db::MigrationFailure& failure) {
    model::JsonObject one;
    one.add("where", failure.where);
    if (failure.column > 0) one.add("column", failure.column);
    const auto add = [&](std::string_view name, const std::string& value) {
        if (!value.empty()) one.add(name, value);
    };
    add("sqlstate", failure.report.sqlstate);
    add("message", failure.report.message);
    add("detail", failure.report.detail);
    add("hint", failure.report.hint);
    add("context", failure.report.context);
    add("outcome", failure.outcome);
    return one.finish();
}

}  // namespace

std::string migration_status_text(const MigrationSet& set, const MigrationOutcome& outcome) {
    if (!outcome.connected) return {};
    std::vector<Line> lines{{"version", "name", "state", "applied at", "took"}};
    for (const auto& entry : outcome.plan.entries) lines.push_back(line_of(entry));
    return aligned(lines) + "\n" + set.origin + ": " + sums(outcome) + ahead_text(outcome);
}

std::string dry_run_text(const MigrationSet& set, const MigrationOutcome& outcome) {
    if (!outcome.ok()) return {};
    std::string out;
    for (const auto* file : outcome.plan.pending) {
        out += "would apply " + file->path + " (" + count(file->statements, "statement") +
               (file->in_transaction ? "" : ", without a transaction") + ")\n";
    }
    if (outcome.plan.pending.empty()) return applied_text(set, outcome);
    return out + count(outcome.plan.pending.size(), "migration") +
           " would be applied; nothing was done.\n";
}

std::string applied_text(const MigrationSet& set, const MigrationOutcome& outcome) {
    if (!outcome.ok()) return {};
    std::string out;
    for (const auto* file : outcome.adopted) {
        out += file->path +
               ": was applied without a checksum; its present text is now taken for the applied "
               "one\n";
    }
    out += ahead_text(outcome);
    if (!outcome.applied.empty()) {
        return out + count(outcome.applied.size(), "migration") + " applied; the last is " +
               outcome.applied.back()->file_name() + ".\n";
    }
    if (set.files.empty()) return out + "Nothing to do.\n";
    return out + "Nothing to do: all " + count(set.files.size(), "migration") +
           " are applied; the last is " + set.files.back().file_name() + ".\n";
}

std::string trouble_text(const MigrationOutcome& outcome) {
    std::string out;
    for (const auto& problem : outcome.problems)
        out += "pgsidecar: " + printable(problem.text()) + "\n";
    if (!outcome.failure) return out;
    const auto& failure = *outcome.failure;
    const auto& report = failure.report;
    out += "pgsidecar: " + failure.where + ": ";
    if (failure.column > 0) out += "column " + std::to_string(failure.column) + ": ";
    out += report.message;
    if (!report.sqlstate.empty()) out += " (SQLSTATE " + report.sqlstate + ")";
    out += '\n';
    const auto add = [&](std::string_view what, const std::string& text) {
        if (!text.empty()) out += "  " + std::string(what) + ": " + text + "\n";
    };
    add("detail", report.detail);
    add("hint", report.hint);
    add("context", report.context);
    out += "  " + failure.outcome + "\n";
    if (!outcome.applied.empty()) {
        out += "  Applied before it by this run: " + count(outcome.applied.size(), "migration") +
               ", the last is " + outcome.applied.back()->file_name() + ".\n";
    }
    return out;
}

std::string migration_json(std::string_view action, const MigrationSet& set,
                           const MigrationOutcome& outcome) {
    std::vector<std::string> entries;
    for (const auto& entry : outcome.plan.entries) entries.push_back(entry_json(entry));
    model::JsonObject all;
    all.add("action", action).add("ok", outcome.ok()).add("source", set.origin);
    if (action == "migrate") {
        all.add_raw("applied", file_list(outcome.applied));
        all.add_raw("adopted", file_list(outcome.adopted));
    } else if (outcome.connected) {
        all.add_raw("migrations", json_list(entries));
        all.add_raw("pending", file_list(outcome.plan.pending));
    }
    if (!outcome.plan.ahead.empty()) all.add("ahead", outcome.plan.ahead);
    if (!outcome.problems.empty()) all.add_raw("problems", problem_list(outcome));
    if (outcome.failure) all.add_raw("failure", failure_json(*outcome.failure));
    return all.finish() + "\n";
}

}  // namespace pgsidecar::app
