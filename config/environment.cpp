#include <algorithm>

#include "config/layers.hpp"
#include "config/text.hpp"

namespace pgsidecar::config {
namespace {

constexpr std::string_view kPrefix = "PGSIDECAR_";

std::string source_of_variable(std::string_view name) { return "environment " + std::string(name); }

const std::string* non_empty(const LoadInput& input, const std::string& name) {
    const auto found = input.environment.find(name);
    return found == input.environment.end() || found->second.empty() ? nullptr : &found->second;
}

/// Kubernetes gives every container variables such as PGSIDECAR_SERVICE_HOST,
/// PGSIDECAR_PORT=tcp://10.0.0.1:6432 and PGSIDECAR_PORT_6432_TCP_ADDR when a Service is called
/// pgsidecar or pgsidecar-something; they are nobody's mistake.
bool is_service_link(std::string_view name, std::string_view value) {
    constexpr std::string_view kPort = "_PORT_";
    if (name.ends_with("_PORT") && value.find("://") != std::string_view::npos) return true;
    if (name.find("_SERVICE_HOST") != std::string_view::npos) return true;
    if (name.find("_SERVICE_PORT") != std::string_view::npos) return true;
    const auto port = name.find(kPort);
    if (port == std::string_view::npos || port + kPort.size() == name.size()) return false;
    const char next = name[port + kPort.size()];
    return next >= '0' && next <= '9';
}

/// Reads PGSIDECAR_..._FILE: the secret is the file's text without the line end that editors add.
void read_secret_file(const LoadInput& input, const Setting& setting, Layer& layer) {
    const std::string name = setting.environment_file();
    const std::string* path = name.empty() ? nullptr : non_empty(input, name);
    if (path == nullptr) return;
    const std::string source = source_of_variable(name);
    if (non_empty(input, setting.environment()) != nullptr) {
        layer.mistakes.push_back(
            {source, "is given together with " + setting.environment() + "; keep one of the two."});
        return;
    }
    auto text = input.read(*path);
    if (!text) {
        layer.mistakes.push_back({source, "names a file that cannot be read (" + in_quotes(*path) +
                                              ": " + text.error().message() +
                                              "); check its path and rights."});
        return;
    }
    if (text->ends_with('\n')) text->pop_back();
    if (text->ends_with('\r')) text->pop_back();
    if (text->empty()) {
        layer.mistakes.push_back(
            {source, "names an empty file (" + in_quotes(*path) + "); write the value into it."});
        return;
    }
    layer.values.push_back({&setting, *text, source});
}

/// A slip of the fingers is a mistake; a variable that is like no setting may be somebody else's.
void report_unknown(const LoadInput& input, Layer& layer) {
    std::vector<std::string> known{"CONFIG"};
    for (const auto& setting : settings_table()) {
        known.push_back(setting.environment().substr(kPrefix.size()));
        if (setting.secret) known.push_back(setting.environment_file().substr(kPrefix.size()));
    }
    for (const auto& [name, value] : input.environment) {
        if (!name.starts_with(kPrefix) || is_service_link(name, value)) continue;
        const auto word = std::string_view(name).substr(kPrefix.size());
        if (std::find(known.begin(), known.end(), word) != known.end()) continue;
        const std::string source = "environment " + in_quotes(name);
        const auto near = nearest(word, known);
        if (near.empty()) {
            layer.warnings.push_back({source, "is not a setting and is ignored."});
        } else {
            layer.mistakes.push_back(
                {source, "is not known. " + hint(std::string(kPrefix) + std::string(near))});
        }
    }
}

}  // namespace

Layer read_environment(const LoadInput& input) {
    Layer layer;
    for (const auto& setting : settings_table()) {
        const std::string name = setting.environment();
        const std::string* text = non_empty(input, name);
        if (text != nullptr && !is_service_link(name, *text)) {
            layer.values.push_back({&setting, *text, source_of_variable(name)});
        }
        read_secret_file(input, setting, layer);
    }
    report_unknown(input, layer);
    return layer;
}

std::string hint(std::string_view nearest_word) {
    if (nearest_word.empty()) return "'pgsidecar help' lists the settings.";
    return "Did you mean " + std::string(nearest_word) + "?";
}

}  // namespace pgsidecar::config
