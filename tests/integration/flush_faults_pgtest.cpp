#include <chrono>
#include <memory>

#include "tests/integration/flush_bench.hpp"
#include "tests/support/gate.hpp"

namespace pgsidecar::audit {
namespace {

/// Losses in the middle of a flush: every entry is in the table exactly once afterwards.
class FlushFaults : public testing::Test {
protected:
    void SetUp() override {
        db.run(
            "DROP SCHEMA IF EXISTS pgsidecar CASCADE; DROP TABLE IF EXISTS t CASCADE;"
            "CREATE TABLE t (id bigint, body text)");
    }
    void add(int first, int last) {
        const auto context = make_context("postgres");
        for (int i = first; i <= last; ++i) {
            spool.add(make_entry(
                context, {"INSERT INTO t (id, body) VALUES (" + std::to_string(i) + ", 'x')"}));
        }
    }
    /// COMMIT waits for this lock, which the test holds.
    void make_commit_wait() {
        db.run(
            "CREATE OR REPLACE FUNCTION wait_in_commit() RETURNS trigger LANGUAGE plpgsql AS "
            "$$BEGIN PERFORM pg_advisory_xact_lock_shared(4711); RETURN NULL; END$$;"
            "CREATE CONSTRAINT TRIGGER wait_in_commit AFTER INSERT ON t DEFERRABLE INITIALLY "
            "DEFERRED FOR EACH ROW WHEN (NEW.id = 5) EXECUTE FUNCTION wait_in_commit()");
        db.run("SELECT pg_advisory_lock(4711)");
    }
    std::string waiting_backends() {
        return db.scalar(
            "SELECT count(*) FROM pg_stat_activity WHERE query = 'COMMIT' AND state = 'active' "
            "AND wait_event_type = 'Lock'");
    }
    std::string count() { return db.scalar("SELECT count(*) || ' ' || count(DISTINCT id) FROM t"); }

    test::PgCluster& cluster = test::shared_cluster();
    test::PqConnection db{cluster.conninfo()};
    FakeSpool spool;
    test::Gate gate{cluster.port()};
    std::string gate_url =
        "postgres://postgres@127.0.0.1:" + std::to_string(gate.port()) + "/postgres";
};

TEST_F(FlushFaults, ACommitWhoseAnswerIsLostIsFoundInTheLedger) {
    add(1, 10);
    make_commit_wait();
    FlushBench bench(spool, gate_url);
    bench.flusher->set_usable(true);
    ASSERT_TRUE(bench.run_until([&] { return waiting_backends() == "1"; }));
    gate.reset();
    // The next attempt waits for the ledger's row, which the lost backend holds until it has
    // committed.
    ASSERT_TRUE(bench.run_until([&] {
        return db.scalar("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'") ==
               "2";
    }));
    db.run("SELECT pg_advisory_unlock(4711)");
    ASSERT_TRUE(bench.run_until([&] { return !spool.progress().anything_waits(); }));
    EXPECT_EQ(count(), "10 10");
    EXPECT_EQ(bench.flusher->status().applied_total, 0U) << "all of it was the lost transaction's";
}

TEST_F(FlushFaults, ACommitThatDidNotHappenIsDoneAgain) {
    add(1, 10);
    make_commit_wait();
    FlushBench bench(spool, cluster.url());
    bench.flusher->set_usable(true);
    ASSERT_TRUE(bench.run_until([&] { return waiting_backends() == "1"; }));
    db.run(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = 'COMMIT' "
        "AND wait_event_type = 'Lock'");
    db.run("DROP TRIGGER wait_in_commit ON t");
    db.run("SELECT pg_advisory_unlock(4711)");
    ASSERT_TRUE(bench.run_until([&] { return !spool.progress().anything_waits(); }));
    EXPECT_EQ(count(), "10 10");
    EXPECT_EQ(bench.flusher->status().applied_total, 10U);
    EXPECT_TRUE(spool.buried.empty());
}

TEST_F(FlushFaults, LinesThatAreCutAnywhereLoseAndDoubleNothing) {
    add(1, 3'000);
    Flusher::Options options;
    options.limits.batch_entries = 100;
    options.retry_ms = 1;
    FlushBench bench(spool, gate_url, options);
    bench.flusher->set_usable(true);
    std::uint64_t seed = 12'345;
    int cuts = 0;
    while (spool.progress().anything_waits() && cuts < 400) {
        seed = seed * 6'364'136'223'846'793'005U + 1;
        const auto direction =
            seed >> 40 & 1 ? test::Direction::ToServer : test::Direction::ToClient;
        gate.pass();
        gate.cut_after_bytes(direction, 500 + (seed >> 45) % 30'000);
        const int before = gate.accepted();
        ASSERT_TRUE(bench.run_until(
            [&] { return gate.accepted() > before + 1 || !spool.progress().anything_waits(); }));
        ++cuts;
    }
    gate.pass();
    ASSERT_TRUE(bench.run_until([&] { return !spool.progress().anything_waits(); }));
    EXPECT_GT(cuts, 3);
    EXPECT_EQ(count(), "3000 3000");
    EXPECT_TRUE(spool.buried.empty());
    EXPECT_EQ(db.scalar("SELECT count(*) FROM (SELECT id, lag(id) OVER (ORDER BY ctid) AS before "
                        "FROM t) AS o WHERE id <= before"),
              "0");
}

TEST_F(FlushFaults, AServerThatIsKilledInTheMiddleLosesAndDoublesNothing) {
    test::PgCluster own;
    {
        test::PqConnection setup(own.conninfo());
        setup.run("CREATE TABLE t (id bigint, body text)");
    }
    add(1, 20'000);
    Flusher::Options options;
    options.limits.batch_entries = 200;
    FlushBench bench(spool, own.url(), options);
    bench.flusher->set_usable(true);
    for (int round = 1; round <= 3; ++round) {
        const std::uint64_t until = bench.flusher->status().applied_total + 2'000;
        ASSERT_TRUE(
            bench.run_until([&] { return bench.flusher->status().applied_total >= until; }));
        own.kill();
        bench.flusher->set_usable(false);
        own.start();
        ASSERT_TRUE(bench.flush());
        if (!spool.progress().anything_waits()) break;
    }
    ASSERT_TRUE(bench.run_until([&] { return !spool.progress().anything_waits(); }));
    test::PqConnection look(own.conninfo());
    EXPECT_EQ(look.scalar("SELECT count(*) || ' ' || count(DISTINCT id) FROM t"), "20000 20000");
    EXPECT_TRUE(spool.buried.empty());
}

TEST_F(FlushFaults, ASilentServerIsLeftWhenTheDatabaseIsSaidToBeLost) {
    add(1, 10);
    make_commit_wait();
    FlushBench bench(spool, gate_url);
    auto done = std::make_shared<bool>(false);
    bench.flusher->flush_now([done] { *done = true; });
    ASSERT_TRUE(bench.run_until([&] { return waiting_backends() == "1"; }));
    EXPECT_FALSE(*done);
    bench.flusher->set_usable(false);
    EXPECT_TRUE(bench.run_until([&] { return *done; }, 2s));
    db.run("SELECT pg_advisory_unlock(4711)");
    ASSERT_TRUE(bench.flush());
    EXPECT_EQ(count(), "10 10");
    EXPECT_TRUE(bench.events.empty());
}

}  // namespace
}  // namespace pgsidecar::audit
