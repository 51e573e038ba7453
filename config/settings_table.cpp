#include "config/settings_table.hpp"

#include <algorithm>
#include <charconv>
#include <vector>

#include "config/postgres_url.hpp"
#include "config/table/field.hpp"
#include "config/text.hpp"
#include "model/json_object.hpp"

namespace pgsidecar::config {
namespace {

/// "pool.size" -> "pool-size" or "POOL_SIZE".
std::string spelled(std::string_view key, char separator, bool upper) {
    std::string out;
    for (char c : key) {
        if (c == '.' || c == '_') {
            out += separator;
        } else {
            out += upper && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
        }
    }
    return out;
}

std::string but_is(const Setting& setting, std::string_view text) {
    return setting.secret ? std::string() : ", but is " + in_quotes(text);
}

std::optional<std::string> check_integer(const Setting& setting, std::string_view text) {
    std::int64_t value = 0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    const bool in_bounds = error == std::errc() && value >= setting.min && value <= setting.max;
    if (stop == end && in_bounds) return std::nullopt;
    return std::string(setting.key) + " must be " + expected_value(setting) +
           but_is(setting, text) + ".";
}

std::optional<std::string> check_text(const Setting& setting, std::string_view text) {
    const std::string key(setting.key);
    if (text.size() > kMaxTextBytes) {
        return key + " must be at most " + std::to_string(kMaxTextBytes) + " bytes long, but has " +
               std::to_string(text.size()) + "; check that it is the value you meant.";
    }
    if (std::any_of(text.begin(), text.end(), is_control) || model::valid_utf8(text) != text) {
        return key +
               " must be printable UTF-8 text, but holds control characters or broken UTF-8; "
               "write it again by hand.";
    }
    return std::nullopt;
}

std::vector<Setting> whole_table() {
    std::vector<Setting> all;
    for (auto part : {table::database_settings(), table::proxy_settings(), table::tls_settings(),
                      table::outage_settings(), table::edge_settings(), table::feed_settings()}) {
        all.insert(all.end(), part.begin(), part.end());
    }
    return all;
}

}  // namespace

std::string Setting::flag() const { return "--" + spelled(key, '-', false); }

std::string Setting::environment() const { return "PGSIDECAR_" + spelled(key, '_', true); }

std::string Setting::environment_file() const {
    return secret ? environment() + "_FILE" : std::string();
}

std::span<const Setting> settings_table() {
    static const std::vector<Setting> kTable = whole_table();
    return kTable;
}

const Setting* find_setting(std::string_view key) {
    const auto table = settings_table();
    const auto found = std::find_if(table.begin(), table.end(), [&](const Setting& setting) {
        return setting.key == key || (!setting.seed_name.empty() && setting.seed_name == key);
    });
    return found == table.end() ? nullptr : &*found;
}

std::optional<std::string> set(const Setting& setting, Settings& settings, std::string_view text) {
    auto mistake = setting.field.type == ValueType::Integer ? check_integer(setting, text)
                                                            : check_text(setting, text);
    if (mistake) return mistake;
    if (setting.field.write(settings, text)) return std::nullopt;
    return std::string(setting.key) + " must be " + expected_value(setting) +
           but_is(setting, text) + ".";
}

std::string shown_value(const Setting& setting, const Settings& settings) {
    std::string text = setting.field.read(settings);
    if (!setting.secret || text.empty()) return text;
    const auto upstream = setting.key == "database_url" ? parse_upstream(text) : ConfigError{};
    return upstream ? masked(*upstream) : "***";
}

std::string expected_value(const Setting& setting) {
    switch (setting.field.type) {
        case ValueType::Integer: {
            const std::string unit = setting.unit.empty() ? "" : " " + std::string(setting.unit);
            return "a whole number from " + std::to_string(setting.min) + " to " +
                   std::to_string(setting.max) + unit;
        }
        case ValueType::Choice: return joined_with_or(setting.field.choices);
        case ValueType::Text: break;
    }
    return "text";
}

}  // namespace pgsidecar::config
