#pragma once

#include <cstdint>
#include <optional>

#include "model/error_text.hpp"

namespace pgsidecar::health {

/// The two phases of K2 as numbers; all times in nanoseconds.
struct RetryPolicy {
    int max_retries = 3;                             ///< R38: retries after the first failed try
    std::int64_t retry_delay_ns = 1'000'000'000;     ///< R39, doubled each time
    std::int64_t slow_interval_ns = 30'000'000'000;  ///< 0: wait for database:reconnect
};

/// What follows a failed try.
struct NextTry {
    std::optional<std::int64_t> delay_ns;  ///< none: only database:reconnect tries again
    bool final = false;                    ///< the fast tries are used up, or useless
};

/// Longest pause of the fast phase (K2).
inline constexpr std::int64_t kMaxFastDelayNs = 10'000'000'000;

/// tries: how many have failed in this outage, this one included (at least 1).
///
/// A permanent cause is never retried (R26, R28). A transient one is retried max_retries times,
/// after retry_delay, twice that, ..., at most 10 s; then every slow interval.
NextTry next_try(const RetryPolicy& policy, int tries, const model::ErrorInfo& cause);

}  // namespace pgsidecar::health
