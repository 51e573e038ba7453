#pragma once

#include <string>
#include <string_view>

#include "base/assert.hpp"
#include "base/bytes.hpp"

namespace pgsidecar::test {

namespace detail {
inline unsigned nibble(char c) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    PGS_CHECK(kDigits.find(c) != std::string_view::npos);
    return static_cast<unsigned>(kDigits.find(c));
}
}  // namespace detail

inline namespace literals {

/// Bytes as the manual draws them: "51 0000000d 'select 1' 00"_bytes. Hexadecimal in lower case,
/// text between apostrophes, spaces ignored.
inline std::string operator""_bytes(const char* text, std::size_t size) {
    std::string_view source(text, size);
    std::string bytes;
    for (std::size_t i = 0; i < source.size(); ++i) {
        if (source[i] == ' ') continue;
        if (source[i] == '\'') {
            std::size_t end = source.find('\'', i + 1);
            PGS_CHECK(end != std::string_view::npos);
            bytes.append(source.substr(i + 1, end - i - 1));
            i = end;
            continue;
        }
        PGS_CHECK(i + 1 < source.size());
        bytes.push_back(
            static_cast<char>(detail::nibble(source[i]) << 4 | detail::nibble(source[i + 1])));
        ++i;
    }
    return bytes;
}

}  // namespace literals
}  // namespace pgsidecar::test
