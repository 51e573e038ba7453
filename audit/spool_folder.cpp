#include "audit/spool_folder.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

#include "audit/spool_checksum.hpp"
#include "config/upstream.hpp"

namespace pgsidecar::audit {
namespace {

constexpr std::size_t kMaxNameBytes = 120;

std::string value_of(const std::map<std::string, std::string>& environment, const char* name) {
    const auto found = environment.find(name);
    return found == environment.end() ? std::string() : found->second;
}

std::string base_folder(const std::map<std::string, std::string>& environment) {
    // systemd names the service's own folders here, separated by colons.
    if (const auto state = value_of(environment, "STATE_DIRECTORY"); !state.empty())
        return state.substr(0, state.find(':'));
    if (const auto state = value_of(environment, "XDG_STATE_HOME"); state.starts_with('/'))
        return state + "/pgsidecar";
    if (const auto home = value_of(environment, "HOME"); !home.empty())
        return home + "/.local/state/pgsidecar";
    return "/var/lib/pgsidecar";
}

bool is_safe(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_';
}

/// The text as a file's name; what had to be changed gets a checksum, so that two texts never get
/// one name.
std::string file_name(const std::string& text) {
    std::string name = text.substr(0, kMaxNameBytes);
    std::replace_if(
        name.begin(), name.end(), [](char c) { return !is_safe(c); }, '_');
    if (name.starts_with('.')) name[0] = '_';
    if (name == text) return name;
    std::array<char, 8> hex{};
    const auto end = std::to_chars(hex.data(), hex.data() + hex.size(), crc32c(text), 16).ptr;
    return name + "-" + std::string(hex.data(), end);
}

std::string database_name(const config::Settings& settings) {
    if (settings.database.mode == model::DatabaseMode::Mock) return "mock";
    const auto upstream = config::upstream_of(settings);
    if (!upstream) return "unknown";
    std::string name;
    for (const auto& host : upstream->hosts)
        name += host.host + "_" + std::to_string(host.port) + "_";
    return name + upstream->database;
}

}  // namespace

std::string spool_folder(const config::Settings& settings,
                         const std::map<std::string, std::string>& environment) {
    if (settings.outage.spool_dir == "off") return {};
    if (!settings.outage.spool_dir.empty()) return settings.outage.spool_dir;
    return base_folder(environment) + "/" +
           file_name(database_name(settings) + "_" + std::to_string(settings.listen.port));
}

}  // namespace pgsidecar::audit
