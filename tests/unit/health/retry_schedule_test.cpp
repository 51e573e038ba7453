#include "health/retry_schedule.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <vector>

namespace pgsidecar::health {
namespace {

constexpr std::int64_t kMs = 1'000'000;

model::ErrorInfo transient() { return model::connection_lost(); }

std::vector<std::int64_t> delays_ms(const RetryPolicy& policy, int tries) {
    std::vector<std::int64_t> out;
    for (int i = 1; i <= tries; ++i) {
        out.push_back(next_try(policy, i, transient()).delay_ns.value_or(-kMs) / kMs);
    }
    return out;
}

TEST(RetrySchedule, DefaultsDoubleThenGoSlow) {
    EXPECT_EQ(delays_ms({}, 5), (std::vector<std::int64_t>{1'000, 2'000, 4'000, 30'000, 30'000}));
    EXPECT_FALSE(next_try({}, 3, transient()).final);
    EXPECT_TRUE(next_try({}, 4, transient()).final);
}

TEST(RetrySchedule, FastDelaysStopGrowingAtTenSeconds) {
    RetryPolicy policy{10, 3'000 * kMs, 0};
    EXPECT_EQ(delays_ms(policy, 11),
              (std::vector<std::int64_t>{3'000, 6'000, 10'000, 10'000, 10'000, 10'000, 10'000,
                                         10'000, 10'000, 10'000, -1}));
    policy.retry_delay_ns = 10'000 * kMs;
    EXPECT_EQ(delays_ms(policy, 2), (std::vector<std::int64_t>{10'000, 10'000}));
}

TEST(RetrySchedule, NoRetriesMeansSlowAtOnce) {
    EXPECT_EQ(delays_ms({0, kMs, 5'000 * kMs}, 2), (std::vector<std::int64_t>{5'000, 5'000}));
    EXPECT_TRUE(next_try({0, kMs, 5'000 * kMs}, 1, transient()).final);
}

TEST(RetrySchedule, PermanentCausesAreNeverRetried) {
    for (int tries : {1, 2, 9}) {
        NextTry next = next_try({}, tries, model::authentication_failed());
        EXPECT_FALSE(next.delay_ns);
        EXPECT_TRUE(next.final);
    }
}

}  // namespace
}  // namespace pgsidecar::health
