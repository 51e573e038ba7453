#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

namespace pgsidecar::realtime {

/// So many calls at once, so many more as time goes by. Thread: its owner's.
class TokenBucket {
public:
    TokenBucket(int burst, int calls, std::int64_t window_ms)
        : burst_(burst),
          per_ns_(static_cast<double>(calls) / (static_cast<double>(window_ms) * 1e6)),
          left_(burst) {}

    /// Nothing: the call is allowed. Else the milliseconds until the next would be.
    std::optional<std::int64_t> take(std::int64_t mono_ns) {
        if (started_) {
            left_ = std::min(burst_, left_ + static_cast<double>(mono_ns - last_ns_) * per_ns_);
        }
        started_ = true;
        last_ns_ = mono_ns;
        if (left_ >= 1) {
            left_ -= 1;
            return std::nullopt;
        }
        return static_cast<std::int64_t>((1 - left_) / per_ns_ / 1e6) + 1;
    }

private:
    double burst_, per_ns_, left_;
    std::int64_t last_ns_ = 0;
    bool started_ = false;
};

/// Notices a client that goes over its rates for a whole time without pause (contract 5.10).
class FloodWatch {
public:
    explicit FloodWatch(std::int64_t limit_ms) : limit_ns_(limit_ms * 1'000'000) {}

    /// A call was refused. True: it has been so for the whole time.
    bool refused(std::int64_t mono_ns) {
        if (!last_ns_ || mono_ns - *last_ns_ > kPauseNs) since_ns_ = mono_ns;
        last_ns_ = mono_ns;
        return mono_ns - since_ns_ >= limit_ns_;
    }

private:
    static constexpr std::int64_t kPauseNs = 1'000'000'000;
    std::int64_t limit_ns_;
    std::int64_t since_ns_ = 0;
    std::optional<std::int64_t> last_ns_;
};

}  // namespace pgsidecar::realtime
