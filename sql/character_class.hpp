#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace pgsidecar::sql {

/// What a byte can be to scan.l, as bits. A byte may be several things.
inline constexpr std::uint8_t kSpace = 1;
inline constexpr std::uint8_t kIdentStart = 2;
inline constexpr std::uint8_t kIdentPart = 4;  ///< without '$'
inline constexpr std::uint8_t kWordPart = 8;   ///< with '$'
inline constexpr std::uint8_t kDigit = 16;
inline constexpr std::uint8_t kOperator = 32;

consteval std::array<std::uint8_t, 256> make_character_classes() {
    std::array<std::uint8_t, 256> table{};
    for (unsigned c = 0; c < 256; ++c) {
        const bool letter =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
        const bool digit = c >= '0' && c <= '9';
        unsigned bits = 0;
        if (letter) bits |= kIdentStart | kIdentPart | kWordPart;
        if (digit) bits |= kDigit | kIdentPart | kWordPart;
        if (c == '$') bits |= kWordPart;
        if (c == ' ' || (c >= '\t' && c <= '\r')) bits |= kSpace;
        if (std::string_view("~!@#^&|`?+-*/%<>=").find(static_cast<char>(c)) !=
            std::string_view::npos) {
            bits |= kOperator;
        }
        table[c] = static_cast<std::uint8_t>(bits);
    }
    return table;
}

inline constexpr std::array<std::uint8_t, 256> kCharacterClasses = make_character_classes();

inline bool is(char c, std::uint8_t classes) {
    return (kCharacterClasses[static_cast<unsigned char>(c)] & classes) != 0;
}

}  // namespace pgsidecar::sql
