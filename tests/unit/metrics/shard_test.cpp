#include "metrics/shard.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "metrics/catalogue.hpp"

namespace pgsidecar::metrics {
namespace {

TEST(Histogram, CountsAndSumsExactly) {
    Histogram histogram;
    for (std::int64_t ns : {0, 1, 3, 4, 1'000, 999'999'999}) histogram.observe(ns);
    EXPECT_EQ(histogram.count(), 6U);
    EXPECT_EQ(histogram.sum_ns(), 1'000'001'007U);
}

TEST(Histogram, QuantilesAreWithinAStep) {
    Histogram histogram;
    Histogram::Counts counts{};
    EXPECT_EQ(Histogram::quantile(counts, 0.5), -1) << "nothing counted";
    for (int i = 1; i <= 1'000; ++i) histogram.observe(i * 1'000'000);
    histogram.add_to(counts);
    for (double share : {0.01, 0.25, 0.5, 0.9, 0.99, 1.0}) {
        EXPECT_NEAR(static_cast<double>(Histogram::quantile(counts, share)), share * 1e9,
                    share * 1e9 * 0.13)
            << share;
    }
    Histogram huge;
    Histogram::Counts of_huge{};
    huge.observe(std::numeric_limits<std::int64_t>::max());
    huge.add_to(of_huge);
    EXPECT_GT(Histogram::quantile(of_huge, 0.99), 0);
}

TEST(Histogram, TakesNegativeForZeroAndHugeForItsLastStep) {
    Histogram histogram;
    histogram.observe(-5);
    histogram.observe(std::numeric_limits<std::int64_t>::max());
    EXPECT_EQ(histogram.at_most(0), 1U);
    EXPECT_EQ(histogram.at_most(1'000'000'000'000), 1U);
    EXPECT_EQ(histogram.at_most(std::numeric_limits<std::int64_t>::max()), 2U);
    EXPECT_EQ(histogram.at_most(-1), 0U);
    EXPECT_EQ(histogram.count(), 2U);
}

TEST(Histogram, EveryValueIsBetweenTheStepsAroundIt) {
    for (int bit = 0; bit < 44; ++bit) {
        for (std::int64_t value :
             {(std::int64_t{1} << bit) - 1, std::int64_t{1} << bit, (std::int64_t{1} << bit) + 1}) {
            Histogram histogram;
            histogram.observe(value);
            EXPECT_EQ(histogram.at_most(value + value / 3 + 1), 1U) << value;
            EXPECT_EQ(histogram.at_most(value - value / 3 - 1), 0U) << value;
        }
    }
}

TEST(Histogram, IsCloseToTheTruthAndNeverFalls) {
    Histogram histogram;
    std::mt19937_64 random(7);
    std::lognormal_distribution<double> spread(13.5, 1.5);
    std::vector<std::int64_t> values;
    for (int i = 0; i < 50'000; ++i) {
        values.push_back(static_cast<std::int64_t>(spread(random)));
        histogram.observe(values.back());
    }
    std::uint64_t before = 0;
    for (const Bound& bound : duration_bounds()) {
        const auto truth = static_cast<double>(std::count_if(
            values.begin(), values.end(), [&](std::int64_t v) { return v <= bound.ns; }));
        const std::uint64_t estimate = histogram.at_most(bound.ns);
        EXPECT_NEAR(static_cast<double>(estimate), truth, 500) << bound.seconds;
        EXPECT_GE(estimate, before);
        before = estimate;
    }
    EXPECT_LE(before, histogram.count());
}

TEST(Bounds, AreTheSameInSecondsAndNanoseconds) {
    std::int64_t before = 0;
    for (const Bound& bound : duration_bounds()) {
        EXPECT_DOUBLE_EQ(bound.seconds, static_cast<double>(bound.ns) / 1e9);
        EXPECT_GT(bound.ns, before);
        before = bound.ns;
    }
}

TEST(SqlstateClass, EveryKnownClassHasItsOwnSlot) {
    std::set<std::size_t> slots;
    for (std::size_t slot = 0; slot < kSqlstateClasses; ++slot) {
        const std::string state = std::string(sqlstate_class_label(slot)) + "000";
        EXPECT_EQ(sqlstate_class_slot(state), slot) << state;
        slots.insert(slot);
    }
    EXPECT_EQ(slots.size(), 43U);
    EXPECT_EQ(sqlstate_class_label(sqlstate_class_slot("57P01")), "57");
    EXPECT_EQ(sqlstate_class_label(sqlstate_class_slot("XX000")), "XX");
}

TEST(SqlstateClass, WhatIsNoneGoesToOther) {
    for (std::string_view state : {"", "0", "00", "99000", "xx000",
                                   "\xff\xff"
                                   "000",
                                   "000000", "P", "ZZZZZ"}) {
        EXPECT_EQ(sqlstate_class_label(sqlstate_class_slot(state)), "other") << state;
    }
    EXPECT_EQ(sqlstate_class_label(9'999), "other");
}

}  // namespace
}  // namespace pgsidecar::metrics
