#include "app/cli/migrate_command.hpp"

#include <algorithm>
#include <charconv>
#include <ostream>
#include <string>
#include <string_view>

#include "app/cli/migrate_report.hpp"
#include "config/upstream.hpp"
#include "db/migration_source.hpp"
#include "db/migrator.hpp"

namespace pgsidecar::app {
namespace {

using db::MigrationFile;
using db::MigrationProblem;

constexpr std::int64_t kMsPerSecond = 1'000;
constexpr std::int64_t kMaxWaitSeconds = 86'400;

/// The command's own flags; the rest are settings.
struct Asked {
    bool dry_run = false, status = false, json = false;
    std::string dir;
    std::int64_t wait_ms = 60'000;
    std::vector<std::string> settings;
    std::string mistake;

    std::string_view action() const { return status ? "status" : dry_run ? "dry-run" : "migrate"; }
};

bool parse_seconds(std::string_view text, std::int64_t& ms) {
    std::int64_t seconds = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (error != std::errc() || end != text.data() + text.size()) return false;
    if (seconds < 0 || seconds > kMaxWaitSeconds) return false;
    ms = seconds * kMsPerSecond;
    return true;
}

Asked read_arguments(const std::vector<std::string>& args) {
    Asked asked;
    std::string wait;
    for (std::size_t i = 0; i < args.size(); ++i) {
        const std::string& arg = args[i];
        // "--dir X" and "--dir=X"
        const auto value_of = [&](std::string_view flag, std::string& value) {
            if (arg.starts_with(std::string(flag) + "=")) {
                value = arg.substr(flag.size() + 1);
            } else if (arg != flag) {
                return false;
            } else if (i + 1 < args.size()) {
                value = args[++i];
            }
            if (value.empty()) asked.mistake = std::string(flag) + " needs a value.";
            return true;
        };
        if (arg == "--dry-run") {
            asked.dry_run = true;
        } else if (arg == "--status") {
            asked.status = true;
        } else if (arg == "--json") {
            asked.json = true;
        } else if (!value_of("--dir", asked.dir) && !value_of("--wait", wait)) {
            asked.settings.push_back(arg);
        }
    }
    if (!wait.empty() && !parse_seconds(wait, asked.wait_ms)) {
        asked.mistake = "--wait takes seconds, a whole number from 0 to 86400.";
    }
    if (asked.dry_run && asked.status) {
        asked.mistake = "--dry-run and --status cannot be given together.";
    }
    return asked;
}

/// Tells people while it goes on; with --json nothing, for all of it stands in the object.
class Progress final : public db::MigrationListener {
public:
    Progress(std::ostream& out, std::ostream& err, bool quiet)
        : out_(out), err_(err), quiet_(quiet) {}

    void on_waiting(const std::string& sentence) override {
        err_ << "pgsidecar: " << sentence << std::endl;
    }
    void on_notice(const MigrationFile& file, const std::string& text) override {
        if (!quiet_) err_ << file.path << ": " << text << std::endl;
    }
    void on_applied(const MigrationFile& file, std::int64_t duration_ms) override {
        if (!quiet_) out_ << "applied " << file.path << " in " << duration_ms << " ms" << std::endl;
    }

private:
    std::ostream& out_;
    std::ostream& err_;
    bool quiet_;
};

int exit_code_of(const db::MigrationOutcome& outcome) {
    if (outcome.ok()) return kExitOk;
    const auto has = [&](MigrationProblem::Kind kind) {
        return std::any_of(outcome.problems.begin(), outcome.problems.end(),
                           [&](const auto& problem) { return problem.kind == kind; });
    };
    if (has(MigrationProblem::Kind::Unreadable)) return kExitIo;
    if (has(MigrationProblem::Kind::Unavailable)) return kExitUnavailable;
    return kExitData;
}

/// The database to migrate; a sentence when the settings name none.
config::UpstreamResult database_of(const config::Settings& settings) {
    if (settings.database.mode == model::DatabaseMode::Mock) {
        return config::ConfigError{
            "mode mock has no database to migrate; choose mode local or supabase."};
    }
    auto upstream = config::upstream_of(settings);
    if (upstream && upstream->user.empty()) {
        return config::ConfigError{
            "migrating needs a user; write postgres://user:password@host:5432/database."};
    }
    return upstream;
}

CliResult refuse(CliResult result, int exit_code, std::ostream& err, std::string_view sentence) {
    err << "pgsidecar: " << sentence << '\n';
    result.exit_code = exit_code;
    return result;
}

CliResult carry_out(const Asked& asked, CliResult result, std::ostream& out, std::ostream& err) {
    const auto& settings = result.loaded.settings;
    auto upstream = database_of(settings);
    if (!upstream) return refuse(std::move(result), kExitConfig, err, upstream.error().sentence);

    db::Migrator::Options options;
    options.tls_required = settings.database.mode == model::DatabaseMode::Supabase;
    options.connect_timeout_ms = settings.pool.connect_timeout_ms;
    options.lock_wait_ms = asked.wait_ms;
    Progress progress(out, err, asked.json);
    db::Migrator migrator(*upstream, options, progress);

    const auto set = asked.dir.empty() ? db::built_in_migrations() : db::read_migrations(asked.dir);
    const bool writes = !asked.status && !asked.dry_run;
    const auto outcome = writes ? migrator.apply(set) : migrator.inspect(set);
    if (asked.json) {
        out << migration_json(asked.action(), set, outcome);
    } else if (asked.status) {
        out << migration_status_text(set, outcome);
    } else {
        out << (asked.dry_run ? dry_run_text(set, outcome) : applied_text(set, outcome));
    }
    err << trouble_text(outcome);
    result.exit_code = exit_code_of(outcome);
    return result;
}

}  // namespace

CliResult migrate(const config::LoadInput& given, std::ostream& out, std::ostream& err) {
    auto asked = read_arguments(given.args);
    if (!asked.mistake.empty()) {
        return refuse({}, kExitUsage, err,
                      asked.mistake + " 'pgsidecar help' shows how it is used.");
    }
    config::LoadInput input = given;
    input.args = asked.settings;
    CliResult result{std::nullopt, config::load(input)};
    if (result.loaded.ok()) return carry_out(asked, std::move(result), out, err);
    for (const auto& mistake : result.loaded.mistakes)
        err << "pgsidecar: " << mistake.source << ": " << mistake.sentence << '\n';
    const auto& mistakes = result.loaded.mistakes;
    const bool usage = std::any_of(mistakes.begin(), mistakes.end(), [](const auto& mistake) {
        return mistake.kind == config::MistakeKind::Usage;
    });
    result.exit_code = usage ? kExitUsage : kExitConfig;
    return result;
}

}  // namespace pgsidecar::app
