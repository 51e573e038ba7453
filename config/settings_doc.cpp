#include "config/settings_doc.hpp"

#include <algorithm>
#include <string_view>
#include <vector>

#include "config/settings_table.hpp"

namespace pgsidecar::config {
namespace {

constexpr std::string_view kIntroduction = R"(# Settings

This page is made by `pgsidecar docs-settings` from the table in `config/table/`; edit the table, not the page.

A setting is looked for in this order; the first place that has it wins:

1. a flag, `--pool-size 20`;
2. an environment variable, `PGSIDECAR_POOL_SIZE=20`; an empty one counts as not set. A secret may stand in a file
   instead, named by the variable with `_FILE` at the end;
3. the TOML file that `--config` or `PGSIDECAR_CONFIG` names; `pool.size` is `size` under `[pool]`;
4. for the database's address alone, `DATABASE_URL`; what that leaves open is taken from libpq's `PGHOST`, `PGPORT`,
   `PGUSER`, `PGPASSWORD`, `PGDATABASE`, `PGSSLMODE`, `PGSSLROOTCERT`, `PGSSLCERT`, `PGSSLKEY`, `PGAPPNAME` and
   `PGOPTIONS`;
5. the default.

`pgsidecar check-config` reports all mistakes together, `pgsidecar print-config` shows every value and where it came
from.

SIGHUP, and `RELOAD` on the admin console, read flags, environment, files and `auth.user_file` again. The whole is
checked first; with a mistake in it nothing changes, and the log and the console say what is wrong. A setting that needs
a restart keeps its value until then; the log and the console name those that differ.
)";

std::string_view section_of(const Setting& setting) {
    const auto dot = setting.key.find('.');
    return dot == std::string_view::npos ? std::string_view("top level")
                                         : setting.key.substr(0, dot);
}

std::string code(std::string_view text) { return "`" + std::string(text) + "`"; }

std::string default_shown(const Setting& setting) {
    if (setting.key == "mode") return "derived";
    const std::string text = setting.default_text();
    return text.empty() ? "empty" : code(text);
}

std::string markdown_of(const Setting& setting) {
    std::string out = "\n### " + code(setting.key) + "\n\n";
    out.append(setting.summary).append("\n\n");
    out += "- Flag " + code(setting.flag()) + ", environment " + code(setting.environment());
    if (setting.secret) out += " or " + code(setting.environment_file());
    if (!setting.seed_name.empty() && setting.seed_name != setting.key) {
        out += "; also " + code(setting.seed_name) + " in the file";
    }
    out += ".\n- Value: " + expected_value(setting) + "; default: " + default_shown(setting) + ".";
    if (setting.secret) out += " Secret: never shown.";
    out += setting.reloadable ? " Taken over on reload." : " A change needs a restart.";
    return out + "\n";
}

}  // namespace

std::string settings_markdown() {
    std::vector<std::string_view> sections;
    for (const auto& setting : settings_table()) {
        const auto section = section_of(setting);
        if (std::find(sections.begin(), sections.end(), section) == sections.end()) {
            sections.push_back(section);
        }
    }
    std::string out(kIntroduction);
    for (const auto section : sections) {
        out +=
            section == "top level" ? "\n## Top level\n" : "\n## `[" + std::string(section) + "]`\n";
        for (const auto& setting : settings_table()) {
            if (section_of(setting) == section) out += markdown_of(setting);
        }
    }
    return out;
}

std::string settings_help() {
    std::string out;
    for (const auto& setting : settings_table()) {
        out += "  " + setting.flag() + " (" + expected_value(setting);
        const std::string value = setting.default_text();
        if (!value.empty() && setting.key != "mode") out += ", default " + value;
        out += ")\n      ";
        out.append(setting.summary).append("\n");
    }
    return out;
}

}  // namespace pgsidecar::config
