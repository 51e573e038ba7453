#include "protocol/messages/command_tag.hpp"

#include <charconv>

namespace pgsidecar::protocol {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Cuts " <digits>" off the end of `text`; nullopt where there is none.
std::optional<std::string_view> cut_number(std::string_view& text) {
    std::size_t begin = text.size();
    while (begin > 0 && is_digit(text[begin - 1])) --begin;
    if (begin == text.size() || begin < 2 || text[begin - 1] != ' ') return std::nullopt;
    std::string_view digits = text.substr(begin);
    text = text.substr(0, begin - 1);
    return digits;
}

}  // namespace

CommandTag parse_command_tag(std::string_view tag) {
    CommandTag result{tag, std::nullopt};
    auto digits = cut_number(result.command);
    if (!digits) return result;
    std::uint64_t rows = 0;
    auto [end, error] = std::from_chars(digits->data(), digits->data() + digits->size(), rows);
    if (error == std::errc()) result.rows = rows;
    // INSERT carries an object id before the count, 0 since PostgreSQL 12.
    cut_number(result.command);
    return result;
}

}  // namespace pgsidecar::protocol
