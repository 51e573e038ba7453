#include "audit/flush_lane.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <numeric>

#include "tests/unit/audit/flush_fake_spool.hpp"
#include "tests/unit/audit/flush_fake_target.hpp"

namespace pgsidecar::audit {
namespace {

using End = FlushLane::End;

class Lane : public testing::Test {
protected:
    std::unique_ptr<FlushLane> make(const std::string& name = "postgres", bool main = true,
                                    std::uint64_t start = 0) {
        FlushLane::Limits limits;
        limits.batch_entries = 10;
        FlushLane::Hooks hooks{
            .on_applied = [this](std::uint64_t n) { applied += n; },
            .on_dead = [this](const StoredEntry& stored,
                              const db::Error&) { dead.push_back(stored.sequence); },
            .on_records = [this](std::uint64_t n, std::uint64_t) { records += n; },
            .on_other_database = [this](const std::string& other) { others.insert(other); },
            .stopping = [this] { return stopping; }};
        return std::make_unique<FlushLane>(io.get_executor(), name, main,
                                           std::make_unique<FakeTarget>(database), spool, limits,
                                           std::move(hooks), start);
    }
    End await(asio::awaitable<End> work) {
        std::optional<End> end;
        auto done = [&end](std::exception_ptr thrown, End value) {
            EXPECT_FALSE(thrown);
            end = value;
        };
        asio::co_spawn(io, std::move(work), done);
        io.restart();
        io.run();
        EXPECT_TRUE(end.has_value());
        return end.value_or(End::Stopped);
    }
    /// Steps until the lane says something else than More.
    End drain(FlushLane& lane) {
        for (;;) {
            const End end = await(lane.step());
            if (end != End::More) return end;
        }
    }
    void add(int count, const model::SpoolContextPtr& context = make_context("postgres")) {
        for (int i = 0; i < count; ++i) spool.add(make_entry(context, {"INSERT"}));
    }
    std::vector<std::uint64_t> rows_without(std::uint64_t last, std::set<std::uint64_t> bad) {
        std::vector<std::uint64_t> rows;
        for (std::uint64_t i = 1; i <= last; ++i) {
            if (!bad.contains(i)) rows.push_back(i);
        }
        return rows;
    }

    asio::io_context io;
    FakeSpool spool;
    FakeTarget::Database database;
    std::uint64_t applied = 0, records = 0;
    std::vector<std::uint64_t> dead;
    std::set<std::string> others;
    bool stopping = false;
};

TEST_F(Lane, AppliesEverythingInOrder) {
    add(35);
    auto lane = make();
    EXPECT_EQ(drain(*lane), End::Drained);
    EXPECT_EQ(database.rows, rows_without(35, {}));
    EXPECT_EQ(database.calls, 4);
    EXPECT_EQ(applied, 35U);
    EXPECT_EQ(lane->position(), 35U);
}

TEST_F(Lane, ReadsTheNextBatchAhead) {
    add(20);
    auto lane = make();
    EXPECT_EQ(await(lane->step()), End::More);
    EXPECT_EQ(spool.reads, 2);
    EXPECT_EQ(await(lane->step()), End::More);
    add(1);
    // The batch that was read ahead was empty, and older than the new entry.
    EXPECT_EQ(drain(*lane), End::Drained);
    EXPECT_LT(lane->looked_through(), 21U);
    EXPECT_EQ(drain(*lane), End::Drained);
    EXPECT_EQ(database.rows.size(), 21U);
}

TEST_F(Lane, RefusedEntriesAreBuriedAndTheRestGoesOn) {
    add(30);
    database.refuses = {{1, "23505"}, {7, "22001"}, {8, "42P01"}, {30, "P0001"}};
    database.refuses_in_commit = {{15, "23503"}, {16, "23503"}};
    auto lane = make();
    EXPECT_EQ(drain(*lane), End::Drained);
    EXPECT_EQ(database.rows, rows_without(30, {1, 7, 8, 15, 16, 30}));
    EXPECT_EQ(dead, (std::vector<std::uint64_t>{1, 7, 8, 15, 16, 30}));
    EXPECT_EQ(spool.buried[7].first, "22001");
    EXPECT_EQ(spool.buried[15].first, "23503");
    EXPECT_EQ(lane->position(), 30U);
}

TEST_F(Lane, TroubleKillsNobody) {
    add(10);
    database.troubles = {server_error("40P01"), server_error("57P01"), model::connection_lost()};
    auto lane = make();
    for (int i = 0; i < 3; ++i) EXPECT_EQ(drain(*lane), End::Trouble);
    EXPECT_EQ(lane->position(), 0U);
    EXPECT_EQ(drain(*lane), End::Drained);
    EXPECT_EQ(database.rows.size(), 10U);
    EXPECT_TRUE(dead.empty());
}

TEST_F(Lane, TheLedgerSettlesALostCommit) {
    add(10);
    database.lose_commit_answers = true;
    auto lane = make();
    EXPECT_EQ(drain(*lane), End::Trouble);
    EXPECT_TRUE(lane->error().fate_unknown);
    EXPECT_EQ(drain(*lane), End::Drained);
    EXPECT_EQ(database.rows, rows_without(10, {}));
}

TEST_F(Lane, AnUnclearErrorKillsOnlyWhenItComesBack) {
    add(3);
    database.refuses = {{2, "XX000"}};
    auto lane = make();
    EXPECT_EQ(drain(*lane), End::Trouble);
    EXPECT_EQ(drain(*lane), End::Trouble);
    EXPECT_EQ(drain(*lane), End::Drained);
    EXPECT_EQ(dead, std::vector<std::uint64_t>{2});
    EXPECT_EQ(database.rows, (std::vector<std::uint64_t>{1, 3}));
}

TEST_F(Lane, WithoutADeadLetterNothingBehindItIsCommitted) {
    add(5);
    database.refuses = {{3, "23505"}};
    spool.bury_fails = true;
    auto lane = make();
    EXPECT_EQ(drain(*lane), End::Trouble);
    EXPECT_EQ(database.rows, (std::vector<std::uint64_t>{1, 2}));
    spool.bury_fails = false;
    EXPECT_EQ(drain(*lane), End::Drained);
    EXPECT_EQ(database.rows, (std::vector<std::uint64_t>{1, 2, 4, 5}));
}

TEST_F(Lane, EntriesOfOtherDatabasesAreLeftToTheirLanes) {
    const auto mine = make_context("postgres"), other = make_context("postgres", "other"),
               unnamed = make_context("postgres", "");
    add(2, mine);
    add(2, other);
    add(1, unnamed);  // a database named like its user
    auto lane = make();
    EXPECT_EQ(drain(*lane), End::Drained);
    EXPECT_EQ(database.rows, (std::vector<std::uint64_t>{1, 2, 5}));
    EXPECT_EQ(others, std::set<std::string>{"other"});
    FakeTarget::Database second;
    std::swap(second, database);
    auto next = make("other", false);
    EXPECT_EQ(drain(*next), End::Drained);
    EXPECT_EQ(database.rows, (std::vector<std::uint64_t>{3, 4}));
    EXPECT_EQ(next->position(), 5U);
}

TEST_F(Lane, StopsBetweenTransactions) {
    add(30);
    database.on_apply = [this] { stopping = true; };
    auto lane = make();
    EXPECT_EQ(drain(*lane), End::Stopped);
    EXPECT_EQ(database.rows.size(), 10U);
}

TEST_F(Lane, CopiesRecordsOnce) {
    spool.add_records("a", 3);
    spool.add_records("b", 4);
    auto lane = make();
    spool.keep_settled = true;  // the spool cannot forget them
    EXPECT_EQ(await(lane->copy_records()), End::Drained);
    EXPECT_EQ(await(lane->copy_records()), End::Drained);
    EXPECT_EQ(database.records, 7U);
    EXPECT_EQ(records, 7U);
    auto restarted = make();
    EXPECT_EQ(await(restarted->copy_records()), End::Drained);
    EXPECT_EQ(database.records, 7U);
}

}  // namespace
}  // namespace pgsidecar::audit
