#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "ws/text.hpp"

namespace pgsidecar::ws {

/// Reads a parameter of the query that must be a whole number from low to high; out stays as it is
/// when there is none. The sentence of what is wrong, or nothing.
std::optional<std::string> read_number(const Target& target, std::string_view name,
                                       std::int64_t low, std::int64_t high, std::int64_t& out);

/// The parameter `limit`, from 1 to most; usual when there is none.
std::optional<std::string> read_limit(const Target& target, std::size_t usual, std::size_t most,
                                      std::size_t& out);

}  // namespace pgsidecar::ws
