#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace pgsidecar::model {

/// The text itself when it is valid UTF-8; else a copy with U+FFFD in place of every broken
/// sequence.
std::string valid_utf8(std::string_view text);

/// Writes one JSON object, member by member, in the order of the calls.
///
/// For everyone who must write JSON without seeing the JSON library. The result is always valid:
/// strings are repaired by valid_utf8(), numbers that JSON cannot express become 0.
/// Thread: its owner's.
class JsonObject {
public:
    JsonObject();
    JsonObject(JsonObject&&) noexcept;
    JsonObject& operator=(JsonObject&&) noexcept;
    ~JsonObject();

    JsonObject& add(std::string_view name, std::string_view value);
    JsonObject& add(std::string_view name, const char* value);
    JsonObject& add(std::string_view name, const std::string& value);
    /// Rounded to 3 decimals: milliseconds with microseconds inside (K18).
    JsonObject& add(std::string_view name, double value);
    JsonObject& add(std::string_view name, std::same_as<bool> auto value) {
        return add_bool(name, value);
    }
    JsonObject& add(std::string_view name, std::signed_integral auto value) {
        return add_signed(name, value);
    }
    JsonObject& add(std::string_view name, std::unsigned_integral auto value) requires(
        !std::same_as<decltype(value), bool>) {
        return add_unsigned(name, value);
    }
    /// Adds nothing when there is no value.
    template <class T>
    JsonObject& add(std::string_view name, const std::optional<T>& value) {
        return value ? add(name, *value) : *this;
    }
    /// json: a complete JSON value, trusted to be valid.
    JsonObject& add_raw(std::string_view name, std::string_view json);

    /// The finished object; nothing may be added afterwards.
    std::string finish();

private:
    JsonObject& add_bool(std::string_view name, bool value);
    JsonObject& add_signed(std::string_view name, std::int64_t value);
    JsonObject& add_unsigned(std::string_view name, std::uint64_t value);

    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace pgsidecar::model
