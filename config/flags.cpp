#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>

#include "config/layers.hpp"
#include "config/text.hpp"

namespace pgsidecar::config {
namespace {

constexpr std::string_view kConfigFlag = "--config";

std::string flag_source(std::string_view flag) { return "flag " + std::string(flag); }

void add_mistake(FlagLayer& layer, std::string source, std::string sentence) {
    layer.mistakes.push_back({std::move(source), std::move(sentence), MistakeKind::Usage});
}

std::vector<std::string> known_flags() {
    std::vector<std::string> known{std::string(kConfigFlag)};
    for (const auto& setting : settings_table()) known.push_back(setting.flag());
    return known;
}

bool contains(const std::vector<std::string>& words, std::string_view word) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

/// Splits --name=value, since CLI11 takes the next argument when the value is empty, and takes out
/// flags without a value, since CLI11 takes the next flag for it.
std::vector<std::string> prepared(FlagLayer& layer, const std::vector<std::string>& args,
                                  const std::vector<std::string>& known) {
    std::vector<std::string> out;
    for (std::size_t i = 0; i < args.size(); ++i) {
        const auto equals = args[i].find('=');
        const std::string name = args[i].substr(0, equals);
        if (!contains(known, name)) {
            out.push_back(args[i]);
        } else if (equals != std::string::npos) {
            out.insert(out.end(), {name, args[i].substr(equals + 1)});
        } else if (i + 1 < args.size() &&
                   !contains(known, args[i + 1].substr(0, args[i + 1].find('=')))) {
            out.insert(out.end(), {name, args[++i]});
        } else {
            add_mistake(layer, flag_source(name), "needs a value; write " + name + " VALUE.");
        }
    }
    return out;
}

/// What CLI11 could not place. Values are not repeated: after a misspelt flag they may be secrets.
void report_leftovers(FlagLayer& layer, const std::vector<std::string>& leftovers,
                      const std::vector<std::string>& known) {
    bool after_unknown_flag = false;
    for (const auto& word : leftovers) {
        if (word == "--") continue;
        if (!word.starts_with('-')) {
            if (!after_unknown_flag) {
                add_mistake(
                    layer, "command line",
                    "an argument belongs to no flag (it is not shown, because it may be a secret); "
                    "write the command first and settings as --name value.");
            }
            after_unknown_flag = false;
            continue;
        }
        const auto equals = word.find('=');
        const std::string name = word.substr(0, equals);
        add_mistake(layer, "flag " + in_quotes(name),
                    "is not known. " + hint(nearest(name, known)));
        after_unknown_flag = equals == std::string::npos;
    }
}

/// The one value of a flag; a flag that is given twice is a mistake, not a silent choice.
std::optional<std::string> only_value(FlagLayer& layer, std::string_view flag,
                                      const std::vector<std::string>& values) {
    if (values.empty()) return std::nullopt;
    if (values.size() > 1)
        add_mistake(layer, flag_source(flag), "is given more than once; keep one.");
    return values.back();
}

using ValuesByFlag = std::map<std::string, std::vector<std::string>>;

ValuesByFlag parse(FlagLayer& layer, const std::vector<std::string>& args) {
    const auto known = known_flags();
    const auto words = prepared(layer, args, known);
    ValuesByFlag values;
    CLI::App app;
    app.set_help_flag();
    app.allow_extras();
    for (const auto& flag : known) {
        app.add_option(flag, values[flag])
            ->expected(1)
            ->allow_extra_args(false)
            ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    }
    try {
        app.parse(std::vector<std::string>(words.rbegin(), words.rend()));
        report_leftovers(layer, app.remaining(), known);
    } catch (const CLI::Error&) {
        add_mistake(layer, "command line", "cannot be read; write settings as --name value.");
    }
    return values;
}

}  // namespace

FlagLayer read_flags(const std::vector<std::string>& args) {
    FlagLayer layer;
    auto values = parse(layer, args);
    const std::string config_flag(kConfigFlag);
    layer.config_path = only_value(layer, config_flag, values[config_flag]);
    for (const auto& setting : settings_table()) {
        const std::string flag = setting.flag();
        const auto value = only_value(layer, flag, values[flag]);
        if (!value) continue;
        layer.values.push_back({&setting, *value, flag_source(flag)});
        if (setting.secret) {
            layer.warnings.push_back(
                {flag_source(flag),
                 "every user of this machine can read it in the list of processes; use " +
                     setting.environment() + " or " + setting.environment_file() + " instead."});
        }
    }
    return layer;
}

}  // namespace pgsidecar::config
