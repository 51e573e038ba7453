// toml++ 3.3 asserts on files such as "[+]" (or, without assertions, tells clang that they do not
// exist) although its next lines report them; a no-op assertion leaves the report.
#undef NDEBUG
#define TOML_ASSERT(expression) static_assert(true)
#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

#include <algorithm>
#include <set>

#include "config/layers.hpp"
#include "config/text.hpp"

namespace pgsidecar::config {
namespace {

/// toml++'s words without the pieces of the file that it quotes, which may be parts of a secret.
std::string described(std::string_view description) {
    if (description.find("cannot redefine") != std::string_view::npos) {
        return "is given a second time; keep one of the two.";
    }
    const auto cut = std::min(description.find(", saw"), description.find(": '"));
    std::string out = "is not valid TOML: " + std::string(description.substr(0, cut)) + ".";
    if (description.find("could not determine value type") != std::string_view::npos) {
        out += " Text needs double quotes.";
    }
    return out;
}

/// Turns a parsed file into values and mistakes.
class TomlReader {
public:
    TomlReader(const std::string& path, Layer& layer) : path_(path), layer_(layer) {
        for (const auto& setting : settings_table()) {
            known_.emplace_back(setting.key);
            if (!setting.seed_name.empty()) known_.emplace_back(setting.seed_name);
            const auto dot = setting.key.find('.');
            if (dot != std::string_view::npos) sections_.emplace_back(setting.key.substr(0, dot));
        }
    }

    void read(const toml::table& table, const std::string& prefix) {
        for (const auto& [name, node] : table) {
            const std::string key = prefix + std::string(std::string_view(name));
            const bool is_section = prefix.empty() && std::find(sections_.begin(), sections_.end(),
                                                                key) != sections_.end();
            if (const toml::table* section = is_section ? node.as_table() : nullptr) {
                read(*section, key + ".");
            } else {
                read_value(key, prefix, node);
            }
        }
    }

private:
    static int line_of(const toml::node& node) {
        return static_cast<int>(node.source().begin.line);
    }

    std::string at(const toml::node& node) const {
        return path_ + ":" + std::to_string(line_of(node));
    }

    void fail(const toml::node& node, std::string sentence) {
        layer_.mistakes.push_back(
            {at(node), std::move(sentence), MistakeKind::Config, line_of(node)});
    }

    void read_value(const std::string& key, const std::string& prefix, const toml::node& node) {
        const Setting* setting = find_setting(key);
        if (setting == nullptr) return report_unknown(key, prefix, node);
        if (!seen_.insert(setting).second) {
            return fail(node, std::string(setting->key) + " is given a second time as " + key +
                                  "; keep one of the two.");
        }
        const bool wants_integer = setting->field.type == ValueType::Integer;
        if (const auto integer = node.value_exact<std::int64_t>(); integer && wants_integer) {
            layer_.values.push_back({setting, std::to_string(*integer), at(node), line_of(node)});
        } else if (auto text = node.value_exact<std::string>(); text && !wants_integer) {
            layer_.values.push_back({setting, std::move(*text), at(node), line_of(node)});
        } else {
            fail(node, std::string(setting->key) + " must be " + expected_value(*setting) +
                           (wants_integer ? " without quotes." : ", in double quotes."));
        }
    }

    void report_unknown(const std::string& key, const std::string& prefix, const toml::node& node) {
        const bool is_section = node.is_table() && prefix.empty();
        const auto near = nearest(key, is_section ? sections_ : known_);
        fail(node, (is_section ? "section " : "setting ") + in_quotes(key) + " is not known. " +
                       hint(near));
    }

    const std::string& path_;
    Layer& layer_;
    std::vector<std::string> known_;
    std::vector<std::string> sections_;
    std::set<const Setting*> seen_;
};

}  // namespace

Layer read_toml(const std::string& path, std::string_view text) {
    Layer layer;
    if (text.find('\0') != std::string_view::npos) {
        layer.mistakes.push_back(
            {path, "is not a text file: it holds zero bytes; give a TOML file."});
        return layer;
    }
    const auto parsed = toml::parse(text, std::string_view(path));
    if (!parsed) {
        const std::string line = std::to_string(parsed.error().source().begin.line);
        layer.mistakes.push_back({path + ":" + line, described(parsed.error().description())});
        return layer;
    }
    TomlReader(path, layer).read(parsed.table(), "");
    return layer;
}

}  // namespace pgsidecar::config
