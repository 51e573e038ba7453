#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pgsidecar::audit {

class SpoolConnection;

/// What the file says of itself after the last transaction that took something out: together with
/// the rows that came after it, it tells how many rows there must be.
///
/// Appending does not write it, which saves a page for each group commit: the sequences of what was
/// appended since follow last_sequence without a gap.
struct SpoolState {
    std::uint64_t changes = 0;  ///< transactions that took something out
    std::uint64_t last_sequence = 0;
    std::uint64_t waiting = 0;
    std::uint64_t dead = 0;
    std::uint64_t last_record = 0;
    std::uint64_t record_rows = 0;

    friend bool operator==(const SpoolState&, const SpoolState&) = default;
};

bool put_state(SpoolConnection& connection, const SpoolState& state);
/// Nothing when it is missing or damaged.
std::optional<SpoolState> state_of(SpoolConnection& connection);

bool put_meta(SpoolConnection& connection, std::string_view key, std::string_view value);
std::optional<std::string> meta_of(SpoolConnection& connection, std::string_view key);

}  // namespace pgsidecar::audit
