#include "proxy/mock/gucs.hpp"

#include <algorithm>
#include <iterator>

#include "proxy/mock/text.hpp"

namespace pgsidecar::proxy::mock {
namespace {

constexpr std::size_t kMaxSettings = 1'000;
constexpr std::size_t kMaxNameBytes = 256;
constexpr std::size_t kMaxValueBytes = 16'384;

struct Default {
    std::string_view name;  ///< in lower case
    std::string_view value;
    std::string_view reported_as{};
};

constexpr Default kDefaults[] = {
    {"application_name", "", "application_name"},
    {"bytea_output", "hex"},
    {"client_encoding", "UTF8", "client_encoding"},
    {"client_min_messages", "notice"},
    {"datestyle", "ISO, MDY", "DateStyle"},
    {"default_tablespace", ""},
    {"default_transaction_deferrable", "off"},
    {"default_transaction_isolation", "read committed"},
    {"default_transaction_read_only", "off", "default_transaction_read_only"},
    {"extra_float_digits", "1"},
    {"idle_in_transaction_session_timeout", "0"},
    {"in_hot_standby", "off", "in_hot_standby"},
    {"integer_datetimes", "on", "integer_datetimes"},
    {"intervalstyle", "postgres", "IntervalStyle"},
    {"is_superuser", "off", "is_superuser"},
    {"jit", "off"},
    {"lc_collate", "C.UTF-8"},
    {"lc_ctype", "C.UTF-8"},
    {"lc_monetary", "C.UTF-8"},
    {"lock_timeout", "0"},
    {"max_connections", "100"},
    {"max_identifier_length", "63"},
    {"max_index_keys", "32"},
    {"role", "none"},
    {"row_security", "on"},
    {"search_path", "\"$user\", public"},
    {"server_encoding", "UTF8", "server_encoding"},
    {"server_version", "15.0 (pgsidecar mock)", "server_version"},
    {"server_version_num", "150000"},
    {"session_authorization", "", "session_authorization"},
    {"standard_conforming_strings", "on", "standard_conforming_strings"},
    {"statement_timeout", "0"},
    {"synchronous_commit", "on"},
    {"timezone", "UTC", "TimeZone"},
    {"transaction_deferrable", "off"},
    {"transaction_isolation", "read committed"},
    {"transaction_read_only", "off"},
    {"wal_level", "replica"},
    {"work_mem", "4MB"},
    {"xmloption", "content"},
};

bool is_encoding(std::string_view name) { return name == "client_encoding"; }

/// "utf-8" -> "UTF8", as PostgreSQL spells it.
std::string encoding_name(std::string_view given) {
    std::string out;
    for (char c : lower(given)) {
        bool letter = c >= 'a' && c <= 'z';
        if (letter || (c >= '0' && c <= '9')) out += letter ? static_cast<char>(c - 'a' + 'A') : c;
    }
    if (out == "UNICODE") return "UTF8";
    if (out == "SQLASCII") return "SQL_ASCII";
    return out;
}

std::string canonical(std::string_view name, std::string_view value) {
    return is_encoding(name) ? encoding_name(value) : std::string(value);
}

}  // namespace

bool Gucs::fits(std::string_view name, std::string_view value) const {
    if (name.size() > kMaxNameBytes || value.size() > kMaxValueBytes) return false;
    return defaults_.size() + state_.session->size() + state_.local->size() < kMaxSettings;
}

bool Gucs::set_default(std::string_view name, std::string_view value) {
    if (!fits(name, value)) return false;
    std::string key = lower(name);
    defaults_[key] = canonical(key, value);
    return true;
}

bool Gucs::set(std::string_view name, std::string_view value, bool local) {
    if (!fits(name, value)) return false;
    std::string key = lower(name);
    auto& place = local ? state_.local : state_.session;
    auto changed = std::make_shared<Values>(*place);
    (*changed)[key] = canonical(key, value);
    place = std::move(changed);
    if (local || !state_.local->contains(key)) return true;
    auto shorter = std::make_shared<Values>(*state_.local);
    shorter->erase(key);
    state_.local = std::move(shorter);
    return true;
}

void Gucs::reset(std::string_view name) {
    std::string key = lower(name);
    for (auto* place : {&state_.session, &state_.local}) {
        if (!(*place)->contains(key)) continue;
        auto changed = std::make_shared<Values>(**place);
        changed->erase(key);
        *place = std::move(changed);
    }
}

void Gucs::reset_all() { state_ = State(); }

std::optional<std::string> Gucs::get(std::string_view name) const {
    std::string key = lower(name);
    for (const Values* place : {state_.local.get(), state_.session.get(), &defaults_}) {
        auto it = place->find(key);
        if (it != place->end()) return it->second;
    }
    if (key == "transaction_isolation" || key == "transaction_read_only" ||
        key == "transaction_deferrable") {
        return get("default_" + key);
    }
    const auto* found = std::find_if(std::begin(kDefaults), std::end(kDefaults),
                                     [&](const Default& entry) { return entry.name == key; });
    if (found == std::end(kDefaults)) return std::nullopt;
    return std::string(found->value);
}

std::vector<std::pair<std::string, std::string>> Gucs::all() const {
    Values merged;
    for (const Default& entry : kDefaults) merged.emplace(entry.name, entry.value);
    for (const Values* place : {&defaults_, state_.session.get(), state_.local.get()})
        for (const auto& [name, value] : *place) merged[name] = value;
    return {merged.begin(), merged.end()};
}

std::vector<std::pair<std::string_view, std::string>> Gucs::reported() const {
    std::vector<std::pair<std::string_view, std::string>> out;
    for (const Default& entry : kDefaults) {
        if (!entry.reported_as.empty()) out.emplace_back(entry.reported_as, *get(entry.name));
    }
    return out;
}

}  // namespace pgsidecar::proxy::mock
