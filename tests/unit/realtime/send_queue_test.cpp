#include "realtime/send_queue.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgsidecar::realtime {
namespace {

using testing::ElementsAre;

constexpr std::int64_t kSecond = 1'000'000'000;

Frame frame(std::string text) { return std::make_shared<const std::string>(std::move(text)); }

std::vector<std::string> drain(SendQueue& queue) {
    std::vector<std::string> out;
    while (Frame next = queue.pop()) out.push_back(*next);
    return out;
}

TEST(SendQueue, ControlGoesBeforeLatestBeforeData) {
    SendQueue queue({});
    ASSERT_TRUE(queue.push_data(frame("data")));
    queue.push_latest("database:health", "database", 1, frame("latest"));
    queue.push_control(frame("control"));
    EXPECT_FALSE(queue.empty());
    EXPECT_THAT(drain(queue), ElementsAre("control", "latest", "data"));
    EXPECT_TRUE(queue.empty());
}

TEST(SendQueue, LatestKeepsTheNewestPerTypeAndChannel) {
    SendQueue queue({});
    queue.push_latest("health", "a", 1, frame("old"));
    queue.push_latest("health", "b", 1, frame("other channel"));
    queue.push_latest("operation", "a", 1, frame("other type"));
    queue.push_latest("health", "a", 1, frame("new"));
    EXPECT_THAT(drain(queue), testing::UnorderedElementsAre("new", "other channel", "other type"));
    EXPECT_EQ(queue.replaced(), 1u);
}

TEST(SendQueue, SampledTypesKeepTheNewestFewInOrder) {
    SendQueue queue({});
    for (int i = 0; i < 5; ++i) queue.push_latest("operation", "ops", 3, frame(std::to_string(i)));
    EXPECT_THAT(drain(queue), ElementsAre("2", "3", "4"));
    EXPECT_EQ(queue.replaced(), 2u);
}

TEST(SendQueue, BusySlotDoesNotStarveTheOther) {
    SendQueue queue({});
    for (int i = 0; i < 3; ++i) queue.push_latest("operation", "ops", 3, frame("op"));
    queue.push_latest("health", "database", 1, frame("health"));
    queue.pop();
    EXPECT_EQ(*queue.pop(), "health");
}

TEST(SendQueue, ControlIsNeverDropped) {
    SendQueue queue({.soft_bytes = 4,
                     .hard_bytes = 8,
                     .max_frames = 1,
                     .slow_timeout_ms = 1,
                     .control_frames = 64});
    for (int i = 0; i < 1'000; ++i) queue.push_control(frame("0123456789"));
    EXPECT_EQ(drain(queue).size(), 1'000u);
}

TEST(SendQueue, DataOverHardBytesLagsAndSendsWhatWaited) {
    SendQueue queue({.soft_bytes = 4,
                     .hard_bytes = 10,
                     .max_frames = 100,
                     .slow_timeout_ms = 1,
                     .control_frames = 64});
    ASSERT_TRUE(queue.push_data(frame("12345")));
    ASSERT_TRUE(queue.push_data(frame("12345")));
    EXPECT_FALSE(queue.push_data(frame("1")));
    EXPECT_FALSE(queue.push_data(frame("1"))) << "nothing more is queued while it lags";
    EXPECT_TRUE(queue.lagging());
    EXPECT_FALSE(queue.may_feed());
    EXPECT_EQ(drain(queue).size(), 2u);
    EXPECT_TRUE(queue.may_feed());
    EXPECT_FALSE(queue.push_data(frame("1"))) << "until it has caught up";
    queue.catch_up();
    EXPECT_TRUE(queue.push_data(frame("1")));
}

TEST(SendQueue, SingleFrameOfAnySizeHasRoom) {
    SendQueue queue({.soft_bytes = 4,
                     .hard_bytes = 10,
                     .max_frames = 100,
                     .slow_timeout_ms = 1,
                     .control_frames = 64});
    EXPECT_TRUE(queue.push_data(frame(std::string(1'000, 'x'))));
    EXPECT_FALSE(queue.push_data(frame("1")));
}

TEST(SendQueue, SeveralFramesTogetherAreTakenWholeOrNotAtAll) {
    SendQueue queue({.soft_bytes = 4,
                     .hard_bytes = 10,
                     .max_frames = 100,
                     .slow_timeout_ms = 1,
                     .control_frames = 64});
    EXPECT_TRUE(queue.push_data(std::vector{frame("12345"), frame("123")}));
    EXPECT_FALSE(queue.push_data(std::vector{frame("a"), frame("bcd")}));
    EXPECT_TRUE(queue.lagging());
    EXPECT_THAT(drain(queue), ElementsAre("12345", "123"));
}

TEST(SendQueue, DataOverMaxFramesLags) {
    SendQueue queue({.soft_bytes = 100,
                     .hard_bytes = 100,
                     .max_frames = 2,
                     .slow_timeout_ms = 1,
                     .control_frames = 64});
    EXPECT_TRUE(queue.push_data(frame("a")));
    EXPECT_TRUE(queue.push_data(frame("b")));
    EXPECT_FALSE(queue.push_data(frame("c")));
    EXPECT_TRUE(queue.lagging());
}

TEST(SendQueue, SlowOnlyAfterTheWholeTimeoutWithoutPause) {
    SendQueue queue({.soft_bytes = 4,
                     .hard_bytes = 100,
                     .max_frames = 9,
                     .slow_timeout_ms = 10'000,
                     .control_frames = 64});
    queue.push_data(frame("12345"));
    EXPECT_FALSE(queue.too_slow(0));
    EXPECT_FALSE(queue.too_slow(9 * kSecond));
    queue.pop();
    EXPECT_FALSE(queue.too_slow(11 * kSecond)) << "it has caught up";
    queue.push_data(frame("12345"));
    EXPECT_FALSE(queue.too_slow(12 * kSecond));
    EXPECT_TRUE(queue.too_slow(22 * kSecond));
}

TEST(SendQueue, PeerThatNeverReadsControlIsSlowToo) {
    SendQueue queue({.soft_bytes = 4,
                     .hard_bytes = 8,
                     .max_frames = 9,
                     .slow_timeout_ms = 10'000,
                     .control_frames = 64});
    queue.push_control(frame("12345"));
    EXPECT_FALSE(queue.too_slow(0));
    EXPECT_TRUE(queue.too_slow(10 * kSecond));
}

TEST(SendQueue, DropFeedLeavesControl) {
    SendQueue queue({});
    queue.push_control(frame("bye"));
    queue.push_latest("t", "c", 1, frame("latest"));
    queue.push_data(frame("data"));
    queue.drop_feed();
    EXPECT_THAT(drain(queue), ElementsAre("bye"));
}

}  // namespace
}  // namespace pgsidecar::realtime
