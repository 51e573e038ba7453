#include "metrics/activity_history.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <memory>
#include <optional>
#include <vector>

namespace pgsidecar::metrics {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

constexpr std::int64_t kSecond = 1'000'000'000;

base::Now at(double seconds) {
    const auto ns = static_cast<std::int64_t>(seconds * 1e9);
    return {ns, 1'700'000'000'000'000 + ns / 1'000};
}

ActivityTotals totals(std::uint64_t statements, std::uint64_t failed = 0) {
    ActivityTotals out;
    out.statements = statements;
    out.failed = failed;
    return out;
}

TEST(ActivityHistory, RatesAreOfTheTimeThatReallyPassed) {
    ActivityHistory history(10, at(0));
    EXPECT_FALSE(history.due(at(0.9)));
    EXPECT_TRUE(history.due(at(1)));
    history.take(at(1), totals(100, 4), {});
    EXPECT_FALSE(history.due(at(1.5)));
    history.take(at(3), totals(300, 4), {});
    const auto samples = history.since(0);
    ASSERT_THAT(samples, SizeIs(2));
    EXPECT_DOUBLE_EQ(samples[0].statements_per_second, 100);
    EXPECT_DOUBLE_EQ(samples[0].failed_per_second, 4);
    EXPECT_DOUBLE_EQ(samples[1].statements_per_second, 100) << "200 in two seconds";
    EXPECT_DOUBLE_EQ(samples[1].failed_per_second, 0);
}

TEST(ActivityHistory, PercentilesAreOfTheSecondAloneAndMissingWhenNothingEnded) {
    WorkerShard shard;
    auto now = [&] {
        ActivityTotals out;
        out.duration_ns = shard.query_duration.sum_ns();
        out.wait_ns = shard.pool_wait.sum_ns();
        shard.query_duration.add_to(out.durations);
        shard.pool_wait.add_to(out.waits);
        return out;
    };
    ActivityHistory history(10, at(0));
    for (int i = 0; i < 1'000; ++i) shard.query_duration.observe(50'000'000);
    history.take(at(1), now(), {});
    for (int i = 0; i < 98; ++i) shard.query_duration.observe(1'000'000);
    for (int i = 0; i < 2; ++i) shard.query_duration.observe(100'000'000);
    shard.pool_wait.observe(2'000'000);
    history.take(at(2), now(), {});
    history.take(at(3), now(), {});
    const auto samples = history.since(0);
    EXPECT_NEAR(*samples[0].p99_ms, 50, 8);
    EXPECT_EQ(samples[0].pool_wait_p99_ms, std::nullopt);
    EXPECT_DOUBLE_EQ(*samples[0].pool_wait_share, 0);
    EXPECT_NEAR(*samples[1].p50_ms, 1, 0.15);
    EXPECT_NEAR(*samples[1].p99_ms, 100, 15);
    EXPECT_NEAR(*samples[1].pool_wait_p99_ms, 2, 0.3);
    EXPECT_NEAR(*samples[1].pool_wait_share, 2.0 / (2 + 98 + 200), 1e-6);
    EXPECT_EQ(samples[2].p50_ms, std::nullopt);
    EXPECT_EQ(samples[2].pool_wait_share, std::nullopt);
}

TEST(ActivityHistory, KeepsSoManySecondsAndGivesWhatIsLater) {
    ActivityHistory history(3, at(0));
    for (int i = 1; i <= 5; ++i) history.take(at(i), totals(0), {});
    const auto all = history.since(0);
    ASSERT_THAT(all, SizeIs(3));
    EXPECT_EQ(all.front().at_ms, 1'700'000'003'000);
    EXPECT_THAT(history.since(all[1].at_ms), SizeIs(1));
    EXPECT_THAT(history.since(all[2].at_ms), IsEmpty());
    EXPECT_THAT(history.since(std::numeric_limits<std::int64_t>::max()), IsEmpty());
}

TEST(ActivityHistory, TimesGrowWhenTheWallClockIsSetBack) {
    ActivityHistory history(10, at(0));
    history.take(at(1), totals(0), {});
    history.take({2 * kSecond, 1'600'000'000'000'000}, totals(0), {});
    const auto samples = history.since(0);
    EXPECT_EQ(samples[1].at_ms, samples[0].at_ms + 1);
    EXPECT_THAT(history.since(samples[0].at_ms), SizeIs(1));
}

TEST(ActivityHistory, ASleepIsNotMadeUpFor) {
    ActivityHistory history(10, at(0));
    history.take(at(60), totals(0), {});
    EXPECT_FALSE(history.due(at(60.4)));
    EXPECT_TRUE(history.due(at(61)));
}

TEST(ActivityHistory, CountersThatSeemToShrinkAreNoHugeRate) {
    ActivityHistory history(10, at(0));
    history.take(at(1), totals(100), {});
    history.take(at(2), totals(99), {});
    EXPECT_DOUBLE_EQ(history.since(0)[1].statements_per_second, 0);
}

TEST(ActivityTotals, AreOfAllWorkers) {
    std::vector<std::shared_ptr<const WorkerShard>> shards;
    for (int i = 0; i < 2; ++i) {
        auto shard = std::make_shared<WorkerShard>();
        shard->queries[0].add(3);
        shard->queries[1].add(2);
        shard->query_errors[5].add();
        shard->clients.set(4);
        shard->clients_waiting.set(1);
        shard->servers.set(3);
        shard->servers_active.set(2);
        shards.push_back(shard);
    }
    const ActivityTotals sum = totals_of(shards);
    EXPECT_EQ(sum.statements, 10U);
    EXPECT_EQ(sum.failed, 2U);
    EXPECT_EQ(sum.clients, 8);
    EXPECT_EQ(sum.clients_waiting, 2);
    EXPECT_EQ(sum.servers_in_use, 4);
    EXPECT_EQ(sum.servers_open, 6);
}

}  // namespace
}  // namespace pgsidecar::metrics
