#include "audit/spool_ages.hpp"

#include <algorithm>
#include <iterator>

namespace pgsidecar::audit {
namespace {

constexpr std::int64_t kPointEveryNs = 1'000'000'000;

}  // namespace

void SpoolAges::accepted(std::uint64_t sequence, std::int64_t mono_ns) {
    if (points_.empty() || mono_ns - points_.back().mono_ns >= kPointEveryNs)
        points_.push_back({sequence, mono_ns});
}

void SpoolAges::forget_below(std::uint64_t sequence) {
    while (points_.size() > 1 && points_[1].sequence <= sequence) points_.pop_front();
}

std::int64_t SpoolAges::age_us(std::uint64_t sequence, std::int64_t accepted_us,
                               base::Now now) const {
    const std::int64_t wall_age = now.wall_us - accepted_us;
    const std::int64_t steady_age = steady_age_us(sequence, accepted_us, now.mono_ns);
    return sequence < first_own_ ? steady_age : std::min(wall_age, steady_age);
}

std::int64_t SpoolAges::steady_age_us(std::uint64_t sequence, std::int64_t accepted_us,
                                      std::int64_t mono_ns) const {
    if (sequence < first_own_)
        return std::max<std::int64_t>(0, start_.wall_us - accepted_us) +
               (mono_ns - start_.mono_ns) / 1'000;
    const auto after =
        std::upper_bound(points_.begin(), points_.end(), sequence,
                         [](std::uint64_t s, const Point& point) { return s < point.sequence; });
    if (after == points_.begin()) return 0;
    // Later than that after its point, it would have had a point of its own.
    return (mono_ns - std::prev(after)->mono_ns - kPointEveryNs) / 1'000;
}

}  // namespace pgsidecar::audit
