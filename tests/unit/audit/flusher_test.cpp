#include "audit/flusher.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <asio/io_context.hpp>
#include <chrono>

#include "tests/unit/audit/flush_fake_spool.hpp"
#include "tests/unit/audit/flush_fake_target.hpp"

namespace pgsidecar::audit {
namespace {

using namespace std::chrono_literals;

class FlusherTest : public testing::Test {
protected:
    FlusherTest() {
        Flusher::Options options;
        options.upstream.database = "postgres";
        options.limits.batch_entries = 10;
        options.retry_ms = 10;
        options.records_interval_ms = 10;
        flusher = std::make_unique<Flusher>(
            io.get_executor(), options, spool,
            [this](const model::ErrorEvent& event) { events.push_back(event); }, counters,
            [this](const std::string& name, bool) {
                return std::make_unique<FakeTarget>(databases[name]);
            });
        flusher->start();
    }
    ~FlusherTest() override {
        bool stopped = false;
        flusher->stop([&] { stopped = true; });
        EXPECT_TRUE(run_until([&] { return stopped; }));
    }

    bool run_until(const std::function<bool()>& condition) {
        const auto deadline = std::chrono::steady_clock::now() + 20s;
        while (!condition() && std::chrono::steady_clock::now() < deadline) {
            io.restart();
            io.run_one_for(10ms);
        }
        return condition();
    }
    bool flush() {
        int calls = 0;
        flusher->flush_now([&] { ++calls; });
        const bool called = run_until([&] { return calls > 0; });
        EXPECT_EQ(calls, 1);
        return called;
    }
    void add(int count, const std::string& name = "postgres") {
        const auto context = make_context("postgres", name);
        for (int i = 0; i < count; ++i) spool.add(make_entry(context, {"INSERT"}));
    }

    asio::io_context io;
    FakeSpool spool;
    std::map<std::string, FakeTarget::Database> databases;
    FakeTarget::Database& database = databases["postgres"];
    std::shared_ptr<metrics::ProcessCounters> counters =
        std::make_shared<metrics::ProcessCounters>();
    std::vector<model::ErrorEvent> events;
    std::unique_ptr<Flusher> flusher;
};

TEST_F(FlusherTest, NothingToFlushIsDoneAtOnce) { EXPECT_TRUE(flush()); }

TEST_F(FlusherTest, DoneMeansAppliedAndForgotten) {
    add(95);
    ASSERT_TRUE(flush());
    EXPECT_EQ(database.rows.size(), 95U);
    EXPECT_EQ(spool.settled, 95U);
    EXPECT_FALSE(spool.progress().anything_waits());
    EXPECT_EQ(flusher->status().applied_total, 95U);
    EXPECT_EQ(counters->flush_applied.get(), 95U);
    EXPECT_GT(flusher->status().rate, 0);
}

TEST_F(FlusherTest, NothingIsAppliedBeforeTheDatabaseIsUsable) {
    add(5);
    flusher->entries_arrived();
    bool looked = false;
    flusher->announce({});  // something behind it in the queue
    run_until([&] { return looked = !events.empty(); });
    EXPECT_TRUE(looked);
    EXPECT_EQ(database.calls, 0);
}

TEST_F(FlusherTest, NoticesEntriesThatComeWhileTheDatabaseIsUsable) {
    ASSERT_TRUE(flush());
    add(3);
    EXPECT_TRUE(run_until([&] { return database.rows.size() == 3; }));
    flusher->set_usable(true);
    add(3);
    flusher->entries_arrived();
    EXPECT_TRUE(run_until([&] { return database.rows.size() == 6; }));
}

TEST_F(FlusherTest, ABlockedFlushEndsTheWaitSaysWhyAndIsTriedAgain) {
    add(5);
    for (int i = 0; i < 3; ++i) database.troubles.push_back(server_error("25006"));
    ASSERT_TRUE(flush());
    EXPECT_THAT(flusher->status().blocked, testing::HasSubstr("read-only"));
    EXPECT_EQ(counters->flush_blocked.get(), 1);
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(events[0].operation, "flush");
    EXPECT_EQ(events[0].error, "READ_ONLY");
    EXPECT_TRUE(events[0].recoverable);
    EXPECT_TRUE(run_until([&] { return database.rows.size() == 5; }));
    EXPECT_TRUE(run_until([&] { return flusher->status().blocked.empty(); }));
    EXPECT_EQ(counters->flush_blocked.get(), 0);
    EXPECT_EQ(events.size(), 1U);
    EXPECT_EQ(counters->flush_failures.get(), 3U);
}

TEST_F(FlusherTest, OneLostConnectionIsNotTheEnd) {
    add(5);
    database.troubles.push_back(model::connection_lost());
    ASSERT_TRUE(flush());
    EXPECT_EQ(database.rows.size(), 5U);
    EXPECT_TRUE(events.empty());
}

TEST_F(FlusherTest, LosingTheDatabaseEndsTheWait) {
    add(50);
    database.on_apply = [this] { flusher->set_usable(false); };
    for (int i = 0; i < 100; ++i) database.troubles.push_back(model::disconnected());
    ASSERT_TRUE(flush());
    EXPECT_TRUE(database.rows.empty());
    EXPECT_TRUE(events.empty());
    EXPECT_EQ(flusher->status().blocked, "");
    database.troubles.clear();
    database.on_apply = nullptr;
    ASSERT_TRUE(flush());
    EXPECT_EQ(database.rows.size(), 50U);
}

TEST_F(FlusherTest, ADeadLetterIsAnnouncedWithoutValues) {
    add(3);
    database.refuses[2] = "23505";
    ASSERT_TRUE(flush());
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(events[0].operation, "flush");
    EXPECT_EQ(events[0].error, "CONSTRAINT_VIOLATION");
    EXPECT_EQ(events[0].sqlstate, "23505");
    EXPECT_EQ(events[0].table, "t");
    EXPECT_FALSE(events[0].recoverable);
    EXPECT_THAT(events[0].message, testing::HasSubstr("Queued write 2"));
    EXPECT_THAT(*events[0].resolution, testing::HasSubstr("pgsidecar spool retry 2"));
    EXPECT_EQ(counters->flush_dead.get(), 1U);
}

TEST_F(FlusherTest, ManyDeadLettersAreNotAllToldOneByOne) {
    add(200);
    for (std::uint64_t i = 1; i <= 200; ++i) database.refuses[i] = "42P01";
    ASSERT_TRUE(flush());
    EXPECT_EQ(spool.buried.size(), 200U);
    EXPECT_LT(events.size(), 200U);
    EXPECT_EQ(counters->flush_dead.get(), 200U);
}

TEST_F(FlusherTest, OneBlockedDatabaseDoesNotStopAnother) {
    for (int i = 0; i < 20; ++i) add(1, i % 2 == 0 ? "postgres" : "other");
    for (int i = 0; i < 5; ++i) databases["other"].troubles.push_back(server_error("28P01"));
    ASSERT_TRUE(flush());
    EXPECT_EQ(database.rows.size(), 10U);
    EXPECT_LE(spool.settled, 1U) << "what waits for the other database must stay";
    EXPECT_TRUE(run_until([&] { return databases["other"].rows.size() == 10; }));
    EXPECT_TRUE(run_until([&] { return spool.settled == 20; }));
    EXPECT_EQ(database.rows.size(), 10U);
}

TEST_F(FlusherTest, EntriesThatWereDroppedMeanwhileDoNotHoldTheWait) {
    add(3);
    for (std::uint64_t i = 1; i <= 3; ++i) spool.drop(i);
    EXPECT_TRUE(flush());
}

TEST_F(FlusherTest, ASpoolThatCannotForgetDoesNotHoldTheWait) {
    add(3);
    spool.keep_settled = true;
    EXPECT_TRUE(flush());
    EXPECT_EQ(database.rows.size(), 3U);
    spool.keep_settled = false;
    EXPECT_TRUE(run_until([&] { return spool.settled == 3; })) << "it is asked again";
}

TEST_F(FlusherTest, CopiesRecordsBesideEntries) {
    spool.add_records("x", 5);
    flusher->set_usable(true);
    EXPECT_TRUE(run_until([&] { return database.records == 5; }));
    EXPECT_TRUE(run_until([&] { return counters->log_records_applied.get() == 5; }));
    database.troubles.push_back(server_error("42501"));
    spool.add_records("y", 2);
    EXPECT_TRUE(run_until([&] { return database.records == 7; }));
    ASSERT_FALSE(events.empty());
    EXPECT_THAT(events[0].message, testing::HasSubstr("operation log"));
    add(4);
    EXPECT_TRUE(flush());
    EXPECT_EQ(database.rows.size(), 4U);
}

TEST_F(FlusherTest, StoppedMeansThatTheSpoolOwesNoAnswer) {
    add(3);
    spool.answer_later = true;
    flusher->set_usable(true);
    ASSERT_TRUE(run_until([&] { return !spool.late.empty(); }));
    bool stopped = false, looked = false;
    flusher->stop([&] { stopped = true; });
    flusher->flush_now([&] { looked = true; });  // behind it in the queue
    ASSERT_TRUE(run_until([&] { return looked; }));
    EXPECT_FALSE(stopped);
    for (auto& answer : spool.late) answer();
    EXPECT_TRUE(run_until([&] { return stopped; }));
}

TEST_F(FlusherTest, StoppingEndsTheWait) {
    add(3);
    bool done = false, stopped = false;
    flusher->flush_now([&] { done = true; });
    flusher->stop([&] { stopped = true; });
    EXPECT_TRUE(run_until([&] { return done && stopped; }));
    bool later = false;
    flusher->flush_now([&] { later = true; });
    EXPECT_TRUE(run_until([&] { return later; }));
}

}  // namespace
}  // namespace pgsidecar::audit
