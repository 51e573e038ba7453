#include "realtime/operation_sampler.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/realtime/samples.hpp"

namespace pgsidecar::realtime {
namespace {

using samples::operation;
using testing::ElementsAre;

constexpr std::int64_t kSecond = 1'000'000'000;

std::vector<model::DatabaseOperation> batch(std::size_t count) {
    std::vector<model::DatabaseOperation> out;
    for (std::size_t i = 0; i < count; ++i) out.push_back(operation(std::to_string(i)));
    return out;
}

TEST(OperationSampler, SmallBatchPassesWhole) {
    OperationSampler sampler(50);
    auto choice = sampler.choose(batch(3), 0);
    EXPECT_THAT(choice.picked, ElementsAre(0u, 1u, 2u));
    EXPECT_EQ(choice.skipped, 0u);
}

TEST(OperationSampler, NewestOfABigBatchAndTheRestIsCounted) {
    OperationSampler sampler(50);
    auto choice = sampler.choose(batch(12), 0);
    EXPECT_THAT(choice.picked, ElementsAre(7u, 8u, 9u, 10u, 11u));
    EXPECT_EQ(choice.skipped, 7u);
}

TEST(OperationSampler, FailuresComeFirst) {
    OperationSampler sampler(20);
    auto operations = batch(10);
    operations[1] = operation("failed", false);
    EXPECT_THAT(sampler.choose(operations, 0).picked, ElementsAre(1u, 9u));
}

TEST(OperationSampler, SkippedIsToldWithTheNextFrame) {
    OperationSampler sampler(10);
    EXPECT_EQ(sampler.choose(batch(4), 0).skipped, 3u);
    EXPECT_TRUE(sampler.choose(batch(4), kSecond / 20).picked.empty());
    EXPECT_EQ(sampler.choose(batch(1), kSecond / 5).skipped, 4u);
}

class Rate : public testing::TestWithParam<int> {};

TEST_P(Rate, IsHeldOverAnySecond) {
    OperationSampler sampler(GetParam());
    std::size_t frames = 0;
    for (int tick = 0; tick < 100; ++tick) {
        frames += sampler.choose(batch(100), tick * kSecond / 100).picked.size();
    }
    EXPECT_LE(frames, static_cast<std::size_t>(GetParam()));
    EXPECT_GE(frames * 10, static_cast<std::size_t>(GetParam()) * 8) << "it should be used, too";
}

INSTANTIATE_TEST_SUITE_P(Rates, Rate, testing::Values(0, 1, 5, 10, 50, 100));

}  // namespace
}  // namespace pgsidecar::realtime
