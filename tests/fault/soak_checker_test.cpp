// The soak's checker is told what happened and must see every kind of fault, and none where there
// is none.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fault/soak_lib/checker.hpp"
#include "tests/fault/soak_lib/plan.hpp"

namespace pgsidecar::test::soak {
namespace {

using testing::HasSubstr;

Journal journal(int client, std::vector<Attempt> attempts) {
    for (auto& a : attempts) a.client = client;
    Journal out;
    out.client = client;
    out.attempts = std::move(attempts);
    return out;
}

Attempt attempt(int first, Outcome outcome, int count = 1) {
    return {.client = 0, .first = first, .count = count, .outcome = outcome, .how = "simple"};
}

std::vector<Row> rows(int client, const std::vector<int>& numbers) {
    std::vector<Row> out;
    for (int n : numbers) out.push_back({client, n, payload_of(client, n)});
    return out;
}

constexpr auto kYes = Outcome::Acknowledged;
constexpr auto kNo = Outcome::Refused;
constexpr auto kOpen = Outcome::Unknown;

TEST(Checker, AHealthyRunHasNoFault) {
    auto a = journal(1, {attempt(1, kYes), attempt(2, kOpen), attempt(3, kNo), attempt(4, kYes, 3),
                         attempt(7, kOpen, 2), attempt(9, kOpen, 2)});
    auto tally = check({a}, rows(1, {1, 4, 5, 6, 7, 8}));
    EXPECT_FALSE(tally.failed()) << tally.examples.front();
    EXPECT_EQ(tally.acknowledged, 4u);
    EXPECT_EQ(tally.refused, 1u);
    EXPECT_EQ(tally.unknown, 5u);
    EXPECT_EQ(tally.unknown_applied, 2u);
    EXPECT_EQ(tally.applied, 6u);
}

TEST(Checker, AMissingAcknowledgedRowIsLost) {
    auto tally = check({journal(1, {attempt(1, kYes), attempt(2, kYes)})}, rows(1, {2}));
    EXPECT_EQ(tally.lost, 1u);
    EXPECT_TRUE(tally.failed());
    EXPECT_THAT(tally.examples.at(0), HasSubstr("1/1 was acknowledged"));
}

TEST(Checker, EveryRowAboveTheFirstIsADuplicateWhateverWasAnswered) {
    auto a = journal(1, {attempt(1, kYes), attempt(2, kOpen)});
    auto tally = check({a}, rows(1, {1, 2, 1, 2, 2}));
    EXPECT_EQ(tally.duplicated, 3u);
    EXPECT_EQ(tally.out_of_order, 0u) << "a duplicate is counted once, as such";
    EXPECT_TRUE(tally.failed());
}

TEST(Checker, OrderIsHeldPerClientAmongTheAcknowledged) {
    auto a = journal(1, {attempt(1, kYes), attempt(2, kYes), attempt(3, kYes)});
    auto b = journal(2, {attempt(1, kYes), attempt(2, kYes)});
    auto mixed = rows(1, {1, 3});
    for (const auto& r : rows(2, {1, 2})) mixed.push_back(r);
    for (const auto& r : rows(1, {2})) mixed.push_back(r);
    auto tally = check({a, b}, mixed);
    EXPECT_EQ(tally.out_of_order, 1u);
    EXPECT_THAT(tally.examples.at(0), HasSubstr("1/2 came after 1/3"));
}

TEST(Checker, AWriteOfUnknownFateMayComeLate) {
    auto a = journal(1, {attempt(1, kOpen), attempt(2, kYes), attempt(3, kYes)});
    EXPECT_FALSE(check({a}, rows(1, {2, 1, 3})).failed());
    EXPECT_FALSE(check({a}, rows(1, {2, 3, 1})).failed());
}

TEST(Checker, OrderInsideATransactionCounts) {
    auto a = journal(1, {attempt(1, kYes, 3)});
    EXPECT_EQ(check({a}, rows(1, {1, 3, 2})).out_of_order, 1u);
}

TEST(Checker, ARefusedWriteMustNotBeThere) {
    auto tally = check({journal(1, {attempt(1, kNo)})}, rows(1, {1}));
    EXPECT_EQ(tally.refused_applied, 1u);
    EXPECT_TRUE(tally.failed());
}

TEST(Checker, ATransactionIsAllOrNothing) {
    auto tally = check({journal(1, {attempt(1, kOpen, 3)})}, rows(1, {1, 2}));
    EXPECT_EQ(tally.torn, 1u);
    EXPECT_TRUE(tally.failed());
    EXPECT_EQ(check({journal(1, {attempt(1, kYes, 3)})}, rows(1, {1, 2})).lost, 1u);
}

TEST(Checker, ChangedPayloadsAndRowsOfNobodyShow) {
    auto there = rows(1, {1});
    there[0].payload += ' ';
    EXPECT_EQ(check({journal(1, {attempt(1, kYes)})}, there).garbled, 1u);
    EXPECT_EQ(check({journal(1, {attempt(1, kYes)})}, rows(1, {1, 2})).strays, 1u);
    EXPECT_EQ(check({journal(1, {attempt(1, kYes)})}, rows(2, {1})).strays, 1u);
}

TEST(Checker, WhatTheClientSawItselfIsCounted) {
    auto a = journal(1, {attempt(1, kYes)});
    a.stale_reads = 1;
    a.unanswered = 2;
    auto tally = check({a}, rows(1, {1}));
    EXPECT_EQ(tally.stale_reads, 1u);
    EXPECT_EQ(tally.unanswered, 2u);
    EXPECT_TRUE(tally.failed());
}

TEST(Checker, PayloadsDifferFromEachOther) {
    EXPECT_NE(payload_of(1, 2), payload_of(2, 1));
    EXPECT_NE(payload_of(1, 2), payload_of(1, 12));
}

TEST(Plan, TheSameSeedGivesTheSamePlanAndAnotherAnother) {
    PlanOptions options;
    EXPECT_EQ(to_text(make_plan(7, options)), to_text(make_plan(7, options)));
    EXPECT_NE(to_text(make_plan(7, options)), to_text(make_plan(8, options)));
}

TEST(Plan, EveryKindOfFaultAndEveryCrashPointComesUpInFiveHundredSeeds) {
    PlanOptions options;
    std::string all;
    for (std::uint64_t seed = 1; seed <= 500; ++seed) all += to_text(make_plan(seed, options));
    for (const char* kind :
         {"refuse", "reset", "stall to-server", "stall to-client", "half-close to-server",
          "half-close to-client", "cut to-server", "cut to-client", "server-kill", "server-freeze",
          "server-restart", "sidecar-kill"}) {
        EXPECT_THAT(all, HasSubstr(kind));
    }
    for (const auto& point : crash_points()) EXPECT_THAT(all, HasSubstr("crash-at " + point + ":"));
}

TEST(Plan, FaultsOfOneDeviceDoNotOverlapAndAllEndBeforeTheRun) {
    PlanOptions options;
    for (std::uint64_t seed = 1; seed <= 500; ++seed) {
        Plan plan = make_plan(seed, options);
        for (const auto& a : plan.faults) {
            EXPECT_GE(a.at, 0ms);
            EXPECT_LE(a.at + a.lasts, plan.duration) << to_text(plan);
            for (const auto& b : plan.faults) {
                if (&a == &b || device_of(a.kind) != device_of(b.kind)) continue;
                EXPECT_TRUE(a.at + a.lasts <= b.at || b.at + b.lasts <= a.at) << to_text(plan);
            }
        }
    }
}

}  // namespace
}  // namespace pgsidecar::test::soak
