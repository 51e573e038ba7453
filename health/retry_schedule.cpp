#include "health/retry_schedule.hpp"

#include <algorithm>

namespace pgsidecar::health {

NextTry next_try(const RetryPolicy& policy, int tries, const model::ErrorInfo& cause) {
    if (!cause.transient) return {std::nullopt, true};
    if (tries <= policy.max_retries) {
        std::int64_t delay = policy.retry_delay_ns;
        for (int i = 1; i < tries && delay < kMaxFastDelayNs; ++i) delay *= 2;
        return {std::min(delay, kMaxFastDelayNs), false};
    }
    if (policy.slow_interval_ns == 0) return {std::nullopt, true};
    return {policy.slow_interval_ns, true};
}

}  // namespace pgsidecar::health
