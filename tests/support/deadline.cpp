#include "tests/support/deadline.hpp"

#include <poll.h>

#include <algorithm>

namespace pgsidecar::test {

namespace {
constexpr int kLookEveryMs = 5;
}

int Deadline::poll_ms() const {
    auto left = std::chrono::ceil<Ms>(at_ - Clock::now()).count();
    return static_cast<int>(std::clamp<std::int64_t>(left, 0, 3'600'000));
}

bool eventually(Deadline deadline, const std::function<bool()>& condition) {
    while (!condition()) {
        if (deadline.passed()) return false;
        ::poll(nullptr, 0, kLookEveryMs);
    }
    return true;
}

bool always(Deadline deadline, const std::function<bool()>& condition) {
    while (!deadline.passed()) {
        if (!condition()) return false;
        ::poll(nullptr, 0, kLookEveryMs);
    }
    return condition();
}

}  // namespace pgsidecar::test
