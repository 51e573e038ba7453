#include "realtime/keep_alive.hpp"

#include <gtest/gtest.h>

namespace pgsidecar::realtime {
namespace {

using Due = KeepAlive::Due;

constexpr std::int64_t ms(std::int64_t n) { return n * 1'000'000; }

TEST(KeepAlive, PingsOnceWhenQuietAndAgainAfterAnotherInterval) {
    KeepAlive line(30'000, 75'000, 0);
    EXPECT_EQ(line.check(ms(29'999)), Due::Nothing);
    EXPECT_EQ(line.check(ms(30'000)), Due::Ping);
    EXPECT_EQ(line.check(ms(30'200)), Due::Nothing);
    EXPECT_EQ(line.check(ms(60'000)), Due::Ping);
}

TEST(KeepAlive, AnyFrameCountsAsLife) {
    KeepAlive line(30'000, 75'000, 0);
    line.heard(ms(20'000));
    EXPECT_EQ(line.check(ms(49'999)), Due::Nothing);
    EXPECT_EQ(line.check(ms(50'000)), Due::Ping);
    line.heard(ms(50'100));
    EXPECT_EQ(line.check(ms(125'099)), Due::Ping);
    EXPECT_EQ(line.check(ms(125'100)), Due::Gone);
}

}  // namespace
}  // namespace pgsidecar::realtime
