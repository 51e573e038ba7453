#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "config/settings.hpp"

namespace pgsidecar::config {

enum class ValueType : std::uint8_t { Text, Integer, Choice };

/// How the table reaches one member of Settings; made by field<>() in config/table/field.hpp.
struct Field {
    ValueType type = ValueType::Text;
    std::span<const std::string_view> choices;  ///< of a Choice, in the order of its enumerators
    std::string (*read)(const Settings&) = nullptr;
    /// False when the text is not of the member's type; bounds are Setting's.
    bool (*write)(Settings&, std::string_view text) = nullptr;
};

/// One setting: everything that loading, printing, help and documentation know about it.
struct Setting {
    std::string_view key{};        ///< "pool.size": [pool] size in the file
    std::string_view seed_name{};  ///< "poolSize": accepted in the file too; empty: none
    Field field{};
    std::int64_t min = 0, max = 0;  ///< of an Integer, both inclusive
    std::string_view unit{};        ///< "ms", "bytes"; empty: a count or no number
    bool secret = false;
    bool reloadable = false;     ///< false: a change needs a restart
    std::string_view summary{};  ///< one sentence

    std::string flag() const;              ///< "--pool-size"
    std::string environment() const;       ///< "PGSIDECAR_POOL_SIZE"
    std::string environment_file() const;  ///< "PGSIDECAR_SUPABASE_KEY_FILE"; empty unless secret
    std::string default_text() const { return field.read(Settings{}); }
};

inline constexpr std::size_t kMaxTextBytes = 8'192;

/// All settings in the order of the documentation.
std::span<const Setting> settings_table();

/// By key or by seed name; null when there is none.
const Setting* find_setting(std::string_view key);

/// Checks the text against type and bounds and stores it; else a sentence that names both and
/// leaves the settings as they are. A secret's text is never part of the sentence.
std::optional<std::string> set(const Setting& setting, Settings& settings, std::string_view text);

/// The value as it may be shown: secrets masked, a database URL without its password.
std::string shown_value(const Setting& setting, const Settings& settings);

/// "a whole number from 1 to 100", "session or transaction", "text".
std::string expected_value(const Setting& setting);

}  // namespace pgsidecar::config
