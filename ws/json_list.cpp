#include "ws/json_list.hpp"

#include <array>
#include <charconv>
#include <cmath>

namespace pgsidecar::ws {

JsonList& JsonList::number(double value) {
    // Beyond this a double has no three decimals to round to.
    constexpr double kLargest = 1e15;
    if (!std::isfinite(value) || std::abs(value) > kLargest) return raw("null");
    std::array<char, 40> text{};
    const auto written =
        std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed, 3);
    std::string_view shown(text.data(), static_cast<std::size_t>(written.ptr - text.data()));
    while (shown.ends_with('0')) shown.remove_suffix(1);
    if (shown.ends_with('.')) shown.remove_suffix(1);
    return raw(shown == "-0" ? "0" : shown);
}

}  // namespace pgsidecar::ws
