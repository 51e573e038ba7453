#pragma once

#include <chrono>
#include <functional>

namespace pgsidecar::test {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using Ms = std::chrono::milliseconds;

/// A point in time after which a test gives up; passed down instead of a duration so that steps
/// share it.
class Deadline {
public:
    // Implicit on purpose: `client.read_message(2s)` reads as it should.
    template <class Rep, class Period>
    Deadline(std::chrono::duration<Rep, Period> from_now) : at_(Clock::now() + from_now) {}

    bool passed() const { return Clock::now() >= at_; }
    /// Milliseconds for poll(2): never negative, rounded up so that a loop does not spin.
    int poll_ms() const;

private:
    Clock::time_point at_;
};

/// Asks `condition` every few milliseconds until it holds or the deadline passes; the only waiting
/// in the tests.
bool eventually(Deadline deadline, const std::function<bool()>& condition);

/// True when `condition` holds now and at every look until the deadline.
bool always(Deadline deadline, const std::function<bool()>& condition);

}  // namespace pgsidecar::test
