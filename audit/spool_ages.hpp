#pragma once

#include <cstdint>
#include <deque>

#include "base/clock.hpp"

namespace pgsidecar::audit {

/// How old entries are at least, whatever the wall clock did meanwhile.
///
/// An entry of this process is as old as both clocks say, whichever says less; one from before is
/// as old as it was at the start by the wall clock, plus what the steady clock counted since.
class SpoolAges {
public:
    /// first_own: the first sequence that this process will give.
    SpoolAges(std::uint64_t first_own, base::Now start) : first_own_(first_own), start_(start) {}

    /// An entry got this sequence now. Kept about once a second.
    void accepted(std::uint64_t sequence, std::int64_t mono_ns);
    /// Nothing below is asked for any more.
    void forget_below(std::uint64_t sequence);
    /// Microseconds; never more than the true age as long as the start's clock was right.
    std::int64_t age_us(std::uint64_t sequence, std::int64_t accepted_us, base::Now now) const;

private:
    struct Point {
        std::uint64_t sequence = 0;  ///< the first that was accepted at or after mono_ns
        std::int64_t mono_ns = 0;
    };
    std::int64_t steady_age_us(std::uint64_t sequence, std::int64_t accepted_us,
                               std::int64_t mono_ns) const;

    std::uint64_t first_own_;
    base::Now start_;
    std::deque<Point> points_;
};

}  // namespace pgsidecar::audit
