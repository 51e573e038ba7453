#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace pgsidecar::protocol {

/// The tag of CommandComplete taken apart: "INSERT 0 5" -> {"INSERT", 5}, "CREATE TABLE" -> {...,
/// none}.
///
/// Never use it to learn the transaction's state: that is ReadyForQuery's byte.
struct CommandTag {
    std::string_view command;  ///< A view into the tag, without numbers.
    std::optional<std::uint64_t>
        rows;  ///< Affected, selected or copied; absent for other commands.
};

/// Never fails: a tag without a number at its end, or with one above 2^64, has no rows.
CommandTag parse_command_tag(std::string_view tag);

}  // namespace pgsidecar::protocol
