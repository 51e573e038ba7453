#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace pgsidecar::base {

/// One reading of both clocks, handed to the pure parts, which read none themselves.
struct Now {
    std::int64_t mono_ns = 0;  ///< steady clock: differences, deadlines
    std::int64_t wall_us = 0;  ///< microseconds since 1970-01-01 UTC: data only, may jump
};

inline Now read_clocks() {
    using namespace std::chrono;
    return {duration_cast<nanoseconds>(steady_clock::now().time_since_epoch()).count(),
            duration_cast<microseconds>(system_clock::now().time_since_epoch()).count()};
}

/// "2026-11-20T10:00:00.000Z": ISO 8601 with milliseconds, UTC (R3, R5, R7).
std::string to_iso8601(std::int64_t wall_us);

}  // namespace pgsidecar::base
