#include "app/cli/realtime_sql_command.hpp"

#include <ostream>
#include <string>
#include <vector>

#include "changes/events_table.hpp"

namespace pgsidecar::app {
namespace {

int say(std::ostream& err, int exit_code, const std::string& sentence) {
    err << "pgsidecar: " << sentence << '\n';
    return exit_code;
}

/// Words that are no flags, nor a flag's value, out of the arguments.
std::vector<std::string> take_words(std::vector<std::string>& args) {
    std::vector<std::string> words, rest;
    for (std::size_t i = 0; i < args.size(); ++i) {
        if (!args[i].starts_with("--")) {
            words.push_back(args[i]);
            continue;
        }
        rest.push_back(args[i]);
        if (args[i].find('=') == std::string::npos && i + 1 < args.size()) {
            rest.push_back(args[++i]);
        }
    }
    args = std::move(rest);
    return words;
}

/// `public.orders` -> `orders`.
std::string bare(const std::string& table) { return table.substr(table.find('.') + 1); }

}  // namespace

CliResult realtime_sql(const config::LoadInput& given, std::ostream& out, std::ostream& err) {
    config::LoadInput input = given;
    std::vector<std::string> words = take_words(input.args);
    // No connection is made, so a missing address is no mistake here (RFC 5737).
    std::string& url = input.environment["DATABASE_URL"];
    if (url.empty()) url = "postgres://nobody@192.0.2.1:5432/nowhere";
    CliResult result{kExitOk, config::load(input)};
    for (const auto& mistake : result.loaded.mistakes) {
        result.exit_code = say(err, kExitConfig, mistake.source + ": " + mistake.sentence);
    }
    if (result.exit_code != kExitOk) return result;
    const auto& changes = result.loaded.settings.changes;
    if (words.size() > 3) {
        result.exit_code = say(err, kExitUsage,
                               "realtime-sql takes a table, a channel and a type. 'pgsidecar help' "
                               "shows how it is used.");
        return result;
    }
    std::string sql;
    if (words.empty()) {
        sql = changes::events_table_sql(changes.events_table, changes.notify_channel);
    } else {
        const std::string channel = words.size() > 1 ? words[1] : std::string();
        const std::string type = words.size() > 2 ? words[2] : bare(words[0]);
        sql = changes::publish_trigger_sql(changes.events_table, words[0], channel, type);
    }
    if (sql.empty()) {
        result.exit_code = say(err, kExitUsage,
                               "that is not the name of a table; write SCHEMA.TABLE, without "
                               "quotes.");
        return result;
    }
    out << sql;
    return result;
}

}  // namespace pgsidecar::app
