#include "ws/query_numbers.hpp"

#include <algorithm>
#include <charconv>

namespace pgsidecar::ws {

std::optional<std::string> read_number(const Target& target, std::string_view name,
                                       std::int64_t low, std::int64_t high, std::int64_t& out) {
    const auto text = target.value(name);
    if (!text) return std::nullopt;
    std::int64_t number = 0;
    const char* end = text->data() + text->size();
    const auto [stopped, fault] = std::from_chars(text->data(), end, number);
    if (fault != std::errc() || stopped != end || number < low || number > high) {
        return std::string(name) + " must be a number from " + std::to_string(low) + " to " +
               std::to_string(high) + ".";
    }
    out = number;
    return std::nullopt;
}

std::optional<std::string> read_limit(const Target& target, std::size_t usual, std::size_t most,
                                      std::size_t& out) {
    auto number = static_cast<std::int64_t>(std::min(usual, most));
    auto wrong = read_number(target, "limit", 1, static_cast<std::int64_t>(most), number);
    if (!wrong) out = static_cast<std::size_t>(number);
    return wrong;
}

}  // namespace pgsidecar::ws
