#include "app/cli/cli.hpp"

#include <algorithm>
#include <array>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "app/cli/explain_policy_command.hpp"
#include "app/cli/migrate_command.hpp"
#include "app/cli/print_config.hpp"
#include "app/cli/realtime_sql_command.hpp"
#include "app/cli/spool_command.hpp"
#include "app/cli/version.hpp"
#include "config/settings_doc.hpp"
#include "config/text.hpp"
#include "metrics/catalogue.hpp"

namespace pgsidecar::app {
namespace {

using config::LoadInput;
using config::LoadResult;
using config::Mistake;
using config::MistakeKind;

constexpr std::string_view kUsage = R"(pgsidecar: a pooling, recording sidecar proxy for PostgreSQL

  pgsidecar [run] [--takeover] [settings]  start; DATABASE_URL in the environment is enough.
                                           --takeover: in the place of the process that answers at
                                           upgrade.socket, without a client that is refused
  pgsidecar check-config [settings]        report every mistake in the configuration
  pgsidecar print-config [--json] [settings]  show every value and where it came from, secrets masked
  pgsidecar explain-policy "SQL" [--service NAME] [--json] [settings]
                                           what would happen to it in an outage, and why
  pgsidecar migrate [--dry-run | --status] [--dir DIR] [--wait SECONDS] [--json] [settings]
                                           apply the migrations that are pending, each once, in order
  pgsidecar spool list | show SEQ | export | retry SEQ|all | discard SEQ|all | verify
                  [--dir DIR] [--json] [settings]
                                           what waits for the database, and what it refused
  pgsidecar realtime-sql [SCHEMA.TABLE [CHANNEL [TYPE]]] [settings]
                                           the SQL that makes the database report its changes
  pgsidecar version [--json]
  pgsidecar help

Settings come from flags, PGSIDECAR_* variables and the TOML file of --config PATH, in this order.

)";

/// Takes the word out of the arguments; true when it was there.
bool take(std::vector<std::string>& args, std::string_view word) {
    return std::erase(args, word) > 0;
}

void print(std::ostream& to, const std::vector<Mistake>& mistakes, std::string_view prefix) {
    for (const auto& mistake : mistakes)
        to << prefix << mistake.source << ": " << mistake.sentence << '\n';
}

int exit_code_of(const LoadResult& loaded) {
    if (loaded.ok()) return kExitOk;
    const bool usage =
        std::any_of(loaded.mistakes.begin(), loaded.mistakes.end(),
                    [](const Mistake& mistake) { return mistake.kind == MistakeKind::Usage; });
    return usage ? kExitUsage : kExitConfig;
}

int usage_mistake(std::ostream& err, std::string_view sentence) {
    err << "pgsidecar: " << sentence << " 'pgsidecar help' shows how it is used.\n";
    return kExitUsage;
}

CliResult run(const LoadInput& given, std::ostream&, std::ostream& err) {
    LoadInput input = given;
    const bool takeover = take(input.args, "--takeover");
    CliResult result{std::nullopt, config::load(input), input};
    result.loaded.settings.upgrade.takeover = takeover;
    if (takeover && result.loaded.ok() && result.loaded.settings.upgrade.socket.empty()) {
        result.loaded.mistakes.push_back(
            {"flag --takeover", "needs upgrade.socket: where the running process is to be asked."});
    }
    if (result.loaded.ok()) return result;
    print(err, result.loaded.mistakes, "pgsidecar: ");
    result.exit_code = exit_code_of(result.loaded);
    return result;
}

CliResult check_config(const LoadInput& input, std::ostream& out, std::ostream& err) {
    CliResult result{std::nullopt, config::load(input)};
    print(err, result.loaded.mistakes, "");
    print(err, result.loaded.warnings, "warning: ");
    if (result.loaded.ok()) out << "The configuration is valid.\n";
    result.exit_code = exit_code_of(result.loaded);
    return result;
}

CliResult print_config(const LoadInput& given, std::ostream& out, std::ostream& err) {
    LoadInput input = given;
    const bool as_json = take(input.args, "--json");
    CliResult result{std::nullopt, config::load(input)};
    print(err, result.loaded.mistakes, "");
    print(err, result.loaded.warnings, "warning: ");
    if (result.loaded.ok())
        out << (as_json ? config_json(result.loaded) : config_text(result.loaded));
    result.exit_code = exit_code_of(result.loaded);
    return result;
}

CliResult show_version(const LoadInput& given, std::ostream& out, std::ostream& err) {
    auto args = given.args;
    const bool as_json = take(args, "--json");
    if (!args.empty()) return {usage_mistake(err, "version takes --json and nothing else."), {}};
    out << (as_json ? version_json() : version_text());
    return {kExitOk, {}};
}

CliResult show_help(const LoadInput&, std::ostream& out, std::ostream&) {
    out << kUsage << config::settings_help();
    return {kExitOk, {}};
}

CliResult show_settings_page(const LoadInput&, std::ostream& out, std::ostream&) {
    out << config::settings_markdown();
    return {kExitOk, {}};
}

CliResult show_metrics_page(const LoadInput&, std::ostream& out, std::ostream&) {
    out << metrics::metrics_markdown();
    return {kExitOk, {}};
}

struct Command {
    std::string_view name;
    CliResult (*carry_out)(const LoadInput&, std::ostream&, std::ostream&);
};

constexpr std::array<Command, 15> kCommands{{
    {"run", run},
    {"check-config", check_config},
    {"print-config", print_config},
    {"explain-policy", explain_policy},
    {"migrate", migrate},
    {"spool", spool},
    {"realtime-sql", realtime_sql},
    {"version", show_version},
    {"--version", show_version},
    {"-V", show_version},
    {"help", show_help},
    {"--help", show_help},
    {"-h", show_help},
    {"docs-settings", show_settings_page},
    {"docs-metrics", show_metrics_page},
}};

}  // namespace

CliResult run_cli(LoadInput input, std::ostream& out, std::ostream& err) {
    std::string name = "run";
    const bool asks_for_help =
        std::find(input.args.begin(), input.args.end(), "--help") != input.args.end();
    const bool has_command =
        !input.args.empty() && (!input.args[0].starts_with("--") || input.args[0] == "--version");
    if (asks_for_help) {
        name = "help";
    } else if (has_command) {
        name = input.args[0];
        input.args.erase(input.args.begin());
    }
    const auto* command = std::find_if(kCommands.begin(), kCommands.end(),
                                       [&](const Command& known) { return known.name == name; });
    if (command != kCommands.end()) return command->carry_out(input, out, err);
    std::vector<std::string> names;
    names.reserve(kCommands.size());
    for (const auto& known : kCommands) names.emplace_back(known.name);
    const auto near = config::nearest(name, names);
    // The word itself is not repeated: it may be a connection string.
    return {usage_mistake(err, "the command is not known." +
                                   (near.empty() ? std::string()
                                                 : " Did you mean " + std::string(near) + "?")),
            {}};
}

}  // namespace pgsidecar::app
