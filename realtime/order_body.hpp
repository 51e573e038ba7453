#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>

#include "realtime/frames.hpp"

namespace pgsidecar::realtime {

/// What an order over HTTP is about.
struct OrderSubject {
    std::optional<std::uint64_t> number;  ///< nothing: all
};

/// Reads `{"<member>": 7}` or, when that may be said, `{"all": true}`. The number is from 1 to what
/// a signed 64-bit one can hold.
std::variant<OrderSubject, RequestError> read_order(std::string_view body, std::string_view member,
                                                    bool all_allowed);

}  // namespace pgsidecar::realtime
