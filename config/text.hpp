#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pgsidecar::config {

inline bool is_control(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7F;
}

/// The text in quotes for a message: at most 40 bytes of it, valid UTF-8, no control characters.
std::string in_quotes(std::string_view text);

/// "a", "a or b", "a, b or c".
std::string joined_with_or(std::span<const std::string_view> words);

/// The known word with the fewest edits to the given one, when that is few enough to be a slip of
/// the fingers (at most a third of the letters); else empty.
std::string_view nearest(std::string_view word, std::span<const std::string> known);

std::vector<std::string_view> split(std::string_view text, char separator);

}  // namespace pgsidecar::config
