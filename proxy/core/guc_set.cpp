#include "proxy/core/guc_set.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace pgsidecar::proxy {

namespace {

std::string lower(std::string_view text) {
    std::string result(text);
    for (char& c : result) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return result;
}

bool is_ascii(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return (c & 0x80) == 0; });
}

/// separator: in front of the first; empty: the text begins with it.
void append_set_config(std::string& sql, std::string_view first, std::string_view name,
                       std::string_view value, bool& any) {
    sql += any ? std::string_view(",") : first;
    any = true;
    sql += "pg_catalog.set_config(";
    append_literal(sql, name);
    sql.push_back(',');
    append_literal(sql, value);
    sql += ",false)";
}

void make_apply_sql(GucSet& set) {
    // Identity last: with less rights the others might be refused; and a change of the session's
    // user sets the role back.
    auto ordered = set.values;
    std::stable_sort(ordered.begin(), ordered.end(), [](const auto& a, const auto& b) {
        auto rank = [](std::string_view n) { return !is_identity(n) ? 0 : n == "role" ? 2 : 1; };
        return rank(a.first) < rank(b.first);
    });
    set.apply_sql = "RESET ALL";
    bool any = false, late = false;
    for (const auto& [name, value] : ordered) {
        if (is_ascii(value)) {
            append_set_config(set.apply_sql, ";SELECT ", name, value, any);
        } else {
            append_set_config(set.apply_late_sql, "SELECT ", name, value, late);
        }
    }
}

}  // namespace

bool shapes_parsing(std::string_view name) {
    static constexpr std::array<std::string_view, 9> kNames = {"search_path",
                                                               "client_encoding",
                                                               "datestyle",
                                                               "intervalstyle",
                                                               "timezone",
                                                               "lc_monetary",
                                                               "standard_conforming_strings",
                                                               "role",
                                                               "session_authorization"};
    return std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

bool is_identity(std::string_view name) {
    return name == "role" || name == "session_authorization";
}

std::optional<std::string> value_of(const GucSet& set, std::string_view name) {
    for (const auto& [known, value] : set.values) {
        if (known == name) return value;
    }
    return std::nullopt;
}

void append_literal(std::string& sql, std::string_view text) {
    sql += text.find('\\') == std::string_view::npos ? "'" : "E'";
    for (char c : text) {
        if (c == '\'' || c == '\\') sql.push_back(c);
        sql.push_back(c);
    }
    sql.push_back('\'');
}

GucSets::GucSets() { none_ = intern({}); }

GucSetPtr GucSets::make(const std::vector<std::pair<std::string, std::string>>& values) {
    std::vector<std::pair<std::string, std::string>> sorted;
    for (const auto& [name, value] : values) {
        std::string key = lower(name);
        auto at =
            std::lower_bound(sorted.begin(), sorted.end(), key,
                             [](const auto& pair, const std::string& k) { return pair.first < k; });
        if (at != sorted.end() && at->first == key) {
            at->second = value;
        } else {
            sorted.emplace(at, std::move(key), value);
        }
    }
    return intern(std::move(sorted));
}

GucSetPtr GucSets::with(const GucSet& set, std::string_view name, std::string_view value) {
    auto values = set.values;
    values.emplace_back(name, value);
    return make(values);
}

GucSetPtr GucSets::without(const GucSet& set, std::string_view name) {
    auto values = set.values;
    std::erase_if(values, [&](const auto& pair) { return pair.first == name; });
    return make(values);
}

GucSetPtr GucSets::intern(std::vector<std::pair<std::string, std::string>> sorted) {
    std::string key;
    for (const auto& [name, value] : sorted) {
        key += name;
        key.push_back('\0');
        key += value;
        key.push_back('\0');
    }
    auto& slot = sets_[key];
    GucSetPtr found = slot.lock();
    if (found) return found;
    auto made = std::make_shared<GucSet>();
    made->changes_identity = std::any_of(sorted.begin(), sorted.end(),
                                         [](const auto& pair) { return is_identity(pair.first); });
    made->parse_context = parse_context_of(sorted);
    made->values = std::move(sorted);
    make_apply_sql(*made);
    slot = made;
    if (sets_.size() > sweep_at_) sweep();
    return made;
}

ParseContextPtr GucSets::parse_context_of(
    const std::vector<std::pair<std::string, std::string>>& sorted) {
    ParseContext context;
    std::string key;
    for (const auto& [name, value] : sorted) {
        if (!shapes_parsing(name)) continue;
        key += name;
        key.push_back('\0');
        key += value;
        key.push_back('\0');
        context.values.emplace_back(name, value);
    }
    if (key.empty()) return nullptr;
    auto& slot = contexts_[key];
    auto found = slot.lock();
    if (found) return found;
    context.id = ++last_context_;
    found = std::make_shared<const ParseContext>(std::move(context));
    slot = found;
    return found;
}

void GucSets::sweep() {
    std::erase_if(contexts_, [](const auto& entry) { return entry.second.expired(); });
    std::erase_if(sets_, [](const auto& entry) { return entry.second.expired(); });
    sweep_at_ = std::max<std::size_t>(1024, sets_.size() * 2);
}

bool same_setting(std::string_view reported, std::string_view lower) {
    return std::equal(reported.begin(), reported.end(), lower.begin(), lower.end(),
                      [](char a, char b) {
                          return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
                      });
}

bool is_settable_reported(std::string_view name) {
    static constexpr std::array<std::string_view, 8> kNames = {"application_name",
                                                               "client_encoding",
                                                               "DateStyle",
                                                               "IntervalStyle",
                                                               "TimeZone",
                                                               "standard_conforming_strings",
                                                               "default_transaction_read_only",
                                                               "search_path"};
    return std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

}  // namespace pgsidecar::proxy
