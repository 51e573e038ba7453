#include "app/cli/explain_policy_command.hpp"

#include <algorithm>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "app/cli/exit_codes.hpp"
#include "app/cli/outage_outlook.hpp"
#include "app/cli/outage_outlook_report.hpp"

namespace pgsidecar::app {
namespace {

/// The command's own arguments; the rest are settings.
struct Asked {
    std::string sql, service;
    bool json = false;
    std::vector<std::string> settings;
    std::string mistake;
};

/// SQL may begin with a comment, but a flag's name has no space.
bool is_flag(std::string_view arg) {
    const auto name = arg.substr(0, arg.find('='));
    return name.starts_with("--") && name.size() > 2 &&
           name.find_first_of(" \t\r\n;") == std::string_view::npos;
}

Asked read_arguments(const std::vector<std::string>& args) {
    Asked asked;
    bool has_sql = false;
    for (std::size_t i = 0; i < args.size(); ++i) {
        const std::string& arg = args[i];
        const bool has_next = i + 1 < args.size();
        if (arg == "--json") {
            asked.json = true;
        } else if (arg.starts_with("--service=")) {
            asked.service = arg.substr(arg.find('=') + 1);
        } else if (arg == "--service") {
            if (!has_next) asked.mistake = "--service needs a value; write --service NAME.";
            if (has_next) asked.service = args[++i];
        } else if (is_flag(arg)) {
            asked.settings.push_back(arg);
            if (arg.find('=') == std::string::npos && has_next) asked.settings.push_back(args[++i]);
        } else if (has_sql) {
            asked.mistake = "explain-policy takes one text; put all of the SQL into quotes.";
        } else {
            asked.sql = arg;
            has_sql = true;
        }
    }
    if (!has_sql && asked.mistake.empty())
        asked.mistake = "explain-policy needs the SQL; write explain-policy \"INSERT ...\".";
    return asked;
}

/// No connection is made, so a missing address is no mistake here. This one is reserved for
/// documentation (RFC 5737).
void make_address_optional(config::LoadInput& input) {
    std::string& url = input.environment["DATABASE_URL"];
    if (url.empty()) url = "postgres://explain@192.0.2.1:5432/explain";
}

int say(std::ostream& err, int exit_code, std::string_view sentence) {
    err << "pgsidecar: " << sentence << '\n';
    return exit_code;
}

}  // namespace

CliResult explain_policy(const config::LoadInput& given, std::ostream& out, std::ostream& err) {
    const auto asked = read_arguments(given.args);
    if (!asked.mistake.empty()) {
        return {say(err, kExitUsage, asked.mistake + " 'pgsidecar help' shows how it is used."),
                {}};
    }
    config::LoadInput input = given;
    input.args = asked.settings;
    make_address_optional(input);
    CliResult result{kExitOk, config::load(input)};
    const auto& mistakes = result.loaded.mistakes;
    if (!mistakes.empty()) {
        const bool usage = std::ranges::any_of(mistakes, [](const config::Mistake& mistake) {
            return mistake.kind == config::MistakeKind::Usage;
        });
        result.exit_code = usage ? kExitUsage : kExitConfig;
        for (const auto& mistake : mistakes)
            say(err, kExitConfig, mistake.source + ": " + mistake.sentence);
        return result;
    }
    const auto& settings = result.loaded.settings;
    model::OutagePolicy policy;
    const std::string problem = model::OutagePolicy::parse(settings.outage.policy, policy);
    if (!problem.empty()) {
        result.exit_code = say(err, kExitConfig, "outage.policy, " + problem);
        return result;
    }
    const auto outlook = outage_outlook(settings, policy, asked.sql, asked.service);
    if (outlook.statements.empty()) {
        result.exit_code = say(err, kExitUsage, "there is no statement in this text; give one.");
        return result;
    }
    if (settings.database.mode == model::DatabaseMode::Mock) {
        say(err, kExitOk,
            "mode mock has no database; this is what the other settings do when there is one.");
    }
    out << (asked.json ? outlook_json(outlook) : outlook_text(outlook));
    return result;
}

}  // namespace pgsidecar::app
