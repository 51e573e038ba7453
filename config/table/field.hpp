#pragma once

#include <array>
#include <charconv>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "config/settings_table.hpp"

namespace pgsidecar::config::table {

/// The words of an enumeration, in the order of its enumerators.
template <class Enum>
struct Words;

template <>
struct Words<model::DatabaseMode> {
    static constexpr std::array<std::string_view, 3> kAll{"supabase", "local", "mock"};
};
template <>
struct Words<PoolMode> {
    static constexpr std::array<std::string_view, 4> kAll{"auto", "session", "transaction",
                                                          "statement"};
};
template <>
struct Words<AuthMode> {
    static constexpr std::array<std::string_view, 2> kAll{"managed", "pass-through"};
};
template <>
struct Words<AuthMethod> {
    static constexpr std::array<std::string_view, 3> kAll{"trust", "md5", "scram-sha-256"};
};
template <>
struct Words<LogLevel> {
    static constexpr std::array<std::string_view, 5> kAll{"trace", "debug", "info", "warn",
                                                          "error"};
};
template <>
struct Words<LogFormat> {
    static constexpr std::array<std::string_view, 3> kAll{"auto", "text", "json"};
};
template <>
struct Words<Toggle> {
    static constexpr std::array<std::string_view, 2> kAll{"off", "on"};
};
template <>
struct Words<AuditLevel> {
    static constexpr std::array<std::string_view, 3> kAll{"off", "writes", "all"};
};
template <>
struct Words<AuditDurability> {
    static constexpr std::array<std::string_view, 2> kAll{"batch", "strict"};
};
template <>
struct Words<ReadinessPolicy> {
    static constexpr std::array<std::string_view, 2> kAll{"accepting", "upstream"};
};
template <>
struct Words<ChangeSource> {
    static constexpr std::array<std::string_view, 5> kAll{"auto", "notify", "poll", "proxy", "off"};
};

template <>
struct Words<SslMode> {
    static constexpr std::array<std::string_view, 6> kAll{"disable", "allow",     "prefer",
                                                          "require", "verify-ca", "verify-full"};
};
template <>
struct Words<TlsVersion> {
    static constexpr std::array<std::string_view, 2> kAll{"TLSv1.2", "TLSv1.3"};
};

inline std::string to_text(const std::string& value) { return value; }
inline std::string to_text(const std::optional<std::string>& value) { return value.value_or(""); }
template <class Integer>
requires std::is_integral_v<Integer> std::string to_text(Integer value) {
    return std::to_string(value);
}
template <class Enum>
requires std::is_enum_v<Enum> std::string to_text(Enum value) {
    return std::string(Words<Enum>::kAll.at(static_cast<std::size_t>(value)));
}

inline bool from_text(std::string_view text, std::string& out) {
    out = text;
    return true;
}
inline bool from_text(std::string_view text, std::optional<std::string>& out) {
    out = text.empty() ? std::nullopt : std::optional<std::string>(text);
    return true;
}
template <class Integer>
requires std::is_integral_v<Integer>
bool from_text(std::string_view text, Integer& out) {
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, out);
    return error == std::errc() && stop == end;
}
template <class Enum>
requires std::is_enum_v<Enum>
bool from_text(std::string_view text, Enum& out) {
    for (std::size_t i = 0; i < Words<Enum>::kAll.size(); ++i) {
        if (Words<Enum>::kAll[i] != text) continue;
        out = static_cast<Enum>(i);
        return true;
    }
    return false;
}

/// Follows pointers to members from an object to one of its (nested) members.
template <auto First, auto... Rest>
auto& member(auto& object) {
    if constexpr (sizeof...(Rest) == 0) {
        return object.*First;
    } else {
        return member<Rest...>(object.*First);
    }
}

/// field<&Settings::pool, &Settings::Pool::mode>(): type, choices and access from the member's own
/// type.
template <auto... Path>
Field field() {
    using Value = std::remove_reference_t<decltype(member<Path...>(std::declval<Settings&>()))>;
    Field made;
    if constexpr (std::is_enum_v<Value>) {
        made.type = ValueType::Choice;
        made.choices = Words<Value>::kAll;
    } else if constexpr (std::is_integral_v<Value>) {
        made.type = ValueType::Integer;
    }
    made.read = [](const Settings& settings) { return to_text(member<Path...>(settings)); };
    made.write = [](Settings& settings, std::string_view text) {
        return from_text(text, member<Path...>(settings));
    };
    return made;
}

/// The parts of the table, one file each.
std::vector<Setting> database_settings();
std::vector<Setting> proxy_settings();
std::vector<Setting> tls_settings();
std::vector<Setting> edge_settings();
std::vector<Setting> outage_settings();
std::vector<Setting> feed_settings();

}  // namespace pgsidecar::config::table
