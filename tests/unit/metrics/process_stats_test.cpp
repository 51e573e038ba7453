#include "metrics/process_stats.hpp"

#include <gtest/gtest.h>

#include <ctime>

namespace pgsidecar::metrics {
namespace {

TEST(ProcessStats, ReadsTheLineWhateverTheCommandIsCalled) {
    const auto stats = parse_process_stat(
        "42 (a) S b (c)) S 1 42 42 0 -1 4194304 100 0 0 0 250 50 0 0 20 0 7 0 1000 4096000 25 "
        "18446744073709551615\n",
        100, 4'096, 1'700'000'000);
    ASSERT_TRUE(stats);
    EXPECT_DOUBLE_EQ(stats->cpu_seconds, 3.0);
    EXPECT_EQ(stats->threads, 7U);
    EXPECT_EQ(stats->virtual_memory_bytes, 4'096'000U);
    EXPECT_EQ(stats->resident_memory_bytes, 25U * 4'096);
    EXPECT_DOUBLE_EQ(stats->start_time_seconds, 1'700'000'010.0);
}

TEST(ProcessStats, RefusesALineThatIsTooShort) {
    EXPECT_FALSE(parse_process_stat("", 100, 4'096, 0));
    EXPECT_FALSE(parse_process_stat("42 (a", 100, 4'096, 0));
    EXPECT_FALSE(parse_process_stat("42 (a) S 1 2 3", 100, 4'096, 0));
}

TEST(ProcessStats, OfThisProcessAreSensible) {
    const auto stats = read_process_stats();
    ASSERT_TRUE(stats);
    EXPECT_GT(stats->resident_memory_bytes, 100'000U);
    EXPECT_GE(stats->threads, 1U);
    ASSERT_TRUE(stats->open_fds);
    EXPECT_GE(*stats->open_fds, 3U);
    EXPECT_LT(*stats->open_fds, 1'000U);
    EXPECT_NEAR(stats->start_time_seconds, static_cast<double>(std::time(nullptr)), 600);
}

}  // namespace
}  // namespace pgsidecar::metrics
