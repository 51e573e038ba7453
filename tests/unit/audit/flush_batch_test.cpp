#include "audit/flush_batch.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <random>
#include <set>
#include <vector>

namespace pgsidecar::audit {
namespace {

using Kind = FlushBatch::Step::Kind;

/// A database that refuses some entries at once and some in COMMIT; notes what became of each.
struct FakeDatabase {
    std::set<std::size_t> refuses, refuses_in_commit;
    std::vector<std::size_t> committed, buried;
    std::size_t attempts = 0, executed = 0;

    void work(FlushBatch& batch) {
        for (;;) {
            const auto step = batch.next();
            if (step.kind == Kind::Done) return;
            if (step.kind == Kind::Bury) {
                buried.push_back(step.begin);
                batch.done();
            } else {
                apply(batch, step);
            }
        }
    }
    void apply(FlushBatch& batch, const FlushBatch::Step& step) {
        ++attempts;
        bool doomed = false;
        for (std::size_t i = step.begin; i < step.end; ++i) {
            ++executed;
            if (refuses.contains(i)) return batch.refused(i);
            doomed = doomed || refuses_in_commit.contains(i);
        }
        if (doomed) return batch.commit_refused();
        // A later entry is never committed before an earlier one is out of the way.
        EXPECT_EQ(committed.size() + buried.size(), step.begin);
        for (std::size_t i = step.begin; i < step.end; ++i) committed.push_back(i);
        batch.done();
    }
};

std::vector<std::size_t> all_but(std::size_t size, const std::set<std::size_t>& bad) {
    std::vector<std::size_t> good;
    for (std::size_t i = 0; i < size; ++i) {
        if (!bad.contains(i)) good.push_back(i);
    }
    return good;
}

TEST(FlushBatch, NothingIsDoneAtOnce) { EXPECT_EQ(FlushBatch(0).next().kind, Kind::Done); }

TEST(FlushBatch, AGoodBatchIsOneTransaction) {
    FlushBatch batch(1'000);
    FakeDatabase database;
    database.work(batch);
    EXPECT_EQ(database.attempts, 1U);
    EXPECT_EQ(database.committed.size(), 1'000U);
    EXPECT_EQ(batch.resolved(), 1'000U);
}

TEST(FlushBatch, ABadEntryIsBuriedBetweenTheGoodOnesInFrontAndBehind) {
    FlushBatch batch(5);
    batch.refused(2);
    EXPECT_EQ(batch.next().kind, Kind::Apply);
    EXPECT_EQ(batch.next().end, 2U);
    batch.done();
    EXPECT_EQ(batch.next().kind, Kind::Bury);
    EXPECT_EQ(batch.next().begin, 2U);
    EXPECT_EQ(batch.resolved(), 2U);
    batch.done();
    EXPECT_EQ(batch.next().kind, Kind::Apply);
    EXPECT_EQ(batch.next().begin, 3U);
}

TEST(FlushBatch, GoodEntriesAreRunAtMostTwiceHoweverManyAreBad) {
    FlushBatch batch(1'000);
    FakeDatabase database;
    for (std::size_t i = 1; i < 1'000; i += 2) database.refuses.insert(i);
    database.work(batch);
    EXPECT_EQ(database.committed, all_but(1'000, database.refuses));
    EXPECT_LE(database.executed, 2U * 500 + 500);
}

TEST(FlushBatch, ARefusedCommitIsHalvedDownToItsEntry) {
    FlushBatch batch(1'024);
    FakeDatabase database;
    database.refuses_in_commit = {700};
    database.work(batch);
    EXPECT_EQ(database.buried, std::vector<std::size_t>{700});
    EXPECT_EQ(database.committed, all_but(1'024, {700}));
    EXPECT_LE(database.attempts, 2U * 11);
}

TEST(FlushBatch, WhateverIsBadTheRestIsCommittedOnceInOrder) {
    for (unsigned seed = 0; seed < 500; ++seed) {
        std::mt19937 random(seed);
        const std::size_t size = 1 + random() % 60;
        FakeDatabase database;
        for (std::size_t i = 0; i < size; ++i) {
            if (random() % 5 == 0)
                (random() % 2 ? database.refuses : database.refuses_in_commit).insert(i);
        }
        std::set<std::size_t> bad = database.refuses;
        bad.insert(database.refuses_in_commit.begin(), database.refuses_in_commit.end());
        FlushBatch batch(size);
        database.work(batch);
        EXPECT_EQ(database.committed, all_but(size, bad)) << seed;
        EXPECT_EQ(database.buried, std::vector<std::size_t>(bad.begin(), bad.end())) << seed;
    }
}

}  // namespace
}  // namespace pgsidecar::audit
