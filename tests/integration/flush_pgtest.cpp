#include <chrono>
#include <memory>

#include "tests/integration/flush_bench.hpp"

namespace pgsidecar::audit {
namespace {

using testing::HasSubstr;

class Flush : public testing::Test {
protected:
    void SetUp() override {
        db.run(
            "DROP SCHEMA IF EXISTS pgsidecar CASCADE; DROP TABLE IF EXISTS t, child CASCADE;"
            "CREATE TABLE t (id bigint CONSTRAINT t_key UNIQUE, body text, "
            "at timestamptz DEFAULT NULLIF(current_setting('pgsidecar.accepted_at', true), '')"
            "::timestamptz, who text DEFAULT current_user, "
            "service text DEFAULT current_setting('application_name'))");
    }
    void TearDown() override { db.run("DROP TABLE IF EXISTS t, child CASCADE"); }

    std::uint64_t insert(int id, const model::SpoolContextPtr& context = make_context("postgres"),
                         std::int64_t accepted_us = 1'795'255'200'000'000) {
        return spool.add(make_entry(context, {"INSERT INTO t (id, body) VALUES (" +
                                              std::to_string(id) + ", 'x')"}),
                         accepted_us);
    }
    std::uint64_t add(std::vector<std::string> sql,
                      const model::SpoolContextPtr& context = make_context("postgres")) {
        return spool.add(make_entry(context, std::move(sql)));
    }
    std::string ids() {
        return db.scalar("SELECT coalesce(string_agg(id::text, ' ' ORDER BY ctid), '') FROM t");
    }
    std::string dead_state(std::uint64_t sequence) { return spool.buried[sequence].first; }

    test::PgCluster& cluster = test::shared_cluster();
    test::PqConnection db{cluster.conninfo()};
    FakeSpool spool;
};

TEST_F(Flush, AppliesEntriesOnceInTheirOrder) {
    for (int i = 1; i <= 2'500; ++i) insert(i);
    {
        FlushBench bench(spool, cluster.url());
        ASSERT_TRUE(bench.flush());
        EXPECT_EQ(bench.flusher->status().blocked, "");
        EXPECT_EQ(bench.flusher->status().applied_total, 2'500U);
    }
    EXPECT_EQ(db.scalar("SELECT count(*) FROM (SELECT id, lag(id) OVER (ORDER BY ctid) AS before "
                        "FROM t) AS o WHERE id <= before"),
              "0");
    EXPECT_EQ(db.scalar("SELECT count(*) FROM t"), "2500");
    EXPECT_EQ(db.scalar("SELECT applied || ' ' || entries_total || ' ' || sidecar "
                        "FROM pgsidecar.ledger WHERE spool_id = '" +
                        spool.id() + "'"),
              "2500 2500 test");
    EXPECT_FALSE(spool.progress().anything_waits());
}

TEST_F(Flush, ASecondRunLeavesOutWhatTheLedgerHas) {
    for (int i = 1; i <= 30; ++i) insert(i);
    spool.keep_settled = true;  // as after a crash between COMMIT and forgetting
    {
        FlushBench bench(spool, cluster.url());
        ASSERT_TRUE(bench.flush());
    }
    insert(31);
    FlushBench again(spool, cluster.url());
    ASSERT_TRUE(again.flush());
    EXPECT_EQ(db.scalar("SELECT count(*) FROM t"), "31");
    EXPECT_EQ(again.flusher->status().applied_total, 1U);
    EXPECT_TRUE(spool.buried.empty());
}

TEST_F(Flush, TimeOfAcceptanceAndServiceAreThere) {
    insert(1, make_context("postgres", "postgres", {}, "shop"), 1'795'255'200'123'456);
    insert(2, make_context("postgres"), 1'795'255'201'000'000);
    FlushBench bench(spool, cluster.url());
    ASSERT_TRUE(bench.flush());
    EXPECT_EQ(db.scalar("SELECT at = '2026-11-21 10:00:00.123456+00' AND service = 'shop' "
                        "FROM t WHERE id = 1"),
              "t");
    EXPECT_EQ(db.scalar("SELECT at = '2026-11-21 10:00:01+00' AND service = 'pgsidecar' "
                        "FROM t WHERE id = 2"),
              "t");
}

TEST_F(Flush, EntriesAreAppliedAsTheirUserWithTheirSettings) {
    db.run(
        "DROP SCHEMA IF EXISTS other CASCADE; CREATE SCHEMA other;"
        "CREATE TABLE other.t (LIKE t INCLUDING DEFAULTS);"
        "GRANT ALL ON t, other.t TO app; GRANT USAGE ON SCHEMA other TO app");
    const auto own = make_context("postgres"), app = make_context("app"),
               elsewhere = make_context("app", "postgres", {{"search_path", "other"}}),
               chosen = make_context("postgres", "postgres", {{"role", "app"}});
    insert(1, app);
    insert(2, own);
    insert(3, elsewhere);
    insert(4, chosen);
    insert(5, own);
    FlushBench bench(spool, cluster.url());
    ASSERT_TRUE(bench.flush());
    EXPECT_TRUE(spool.buried.empty());
    EXPECT_EQ(db.scalar("SELECT string_agg(id || who, ' ' ORDER BY id) FROM t"),
              "1app 2postgres 4app 5postgres");
    EXPECT_EQ(db.scalar("SELECT string_agg(id || who, ' ') FROM other.t"), "3app");
    db.run("DROP SCHEMA other CASCADE");
}

TEST_F(Flush, BytesMeanWhatTheyMeantInTheClientsEncoding) {
    const auto latin = make_context("postgres", "postgres", {{"client_encoding", "LATIN1"}});
    add({"INSERT INTO t (id, body) VALUES (1, 'caf\xe9')"}, latin);
    auto entry = make_entry(latin, {"INSERT INTO t (id, body) VALUES (2, $1)"});
    entry.statements[0].parameters = db::bind_body({"th\xe9"});
    spool.add(entry);
    auto utf8 = make_entry(make_context("postgres"), {"INSERT INTO t (id, body) VALUES (3, $1)"});
    utf8.statements[0].parameters = db::bind_body({"th\xc3\xa9"});
    spool.add(utf8);
    FlushBench bench(spool, cluster.url());
    ASSERT_TRUE(bench.flush());
    EXPECT_TRUE(spool.buried.empty());
    EXPECT_EQ(db.scalar("SELECT string_agg(body, ' ' ORDER BY id) FROM t"),
              "caf\xc3\xa9 th\xc3\xa9 th\xc3\xa9");
}

TEST_F(Flush, ParametersKeepTheirFormatsAndTypes) {
    auto entry = make_entry(make_context("postgres"), {"INSERT INTO t (id, body) VALUES ($1, $2)"});
    entry.statements[0].types = {20};  // bigint; the other is found by the server
    entry.statements[0].parameters = std::string("\0\2\0\1\0\0\0\2", 8) +
                                     std::string("\0\0\0\10\0\0\0\0\0\0\1\0", 12) +
                                     std::string("\0\0\0\3abc", 7);
    spool.add(entry);
    entry.statements[0].parameters = std::string(
        "\0\0\0\2\0\0\0\1"
        "7\377\377\377\377",
        13);
    spool.add(entry);
    FlushBench bench(spool, cluster.url());
    ASSERT_TRUE(bench.flush());
    EXPECT_TRUE(spool.buried.empty());
    EXPECT_EQ(db.scalar("SELECT string_agg(id || coalesce(body, '-'), ' ' ORDER BY id) FROM t"),
              "7- 256abc");
}

TEST_F(Flush, EqualStatementsWithParametersAreReused) {
    for (int i = 1; i <= 500; ++i) {
        auto entry =
            make_entry(make_context("postgres"), {"INSERT INTO t (id, body) VALUES ($1, $2)"});
        entry.statements[0].parameters = db::bind_body({std::to_string(i), "b"});
        spool.add(entry, i / 10);
    }
    FlushBench bench(spool, cluster.url());
    ASSERT_TRUE(bench.flush());
    EXPECT_EQ(db.scalar("SELECT sum(id) FROM t"), "125250");
}

TEST_F(Flush, AnEntryOfSeveralStatementsIsAllOrNothing) {
    add({"INSERT INTO t (id) VALUES (1)", "INSERT INTO t (id) VALUES (2)"});
    const auto bad = add({"INSERT INTO t (id) VALUES (3)", "INSERT INTO t (id) VALUES (1)"});
    add({"INSERT INTO t (id) VALUES (4)"});
    FlushBench bench(spool, cluster.url());
    ASSERT_TRUE(bench.flush());
    EXPECT_EQ(ids(), "1 2 4");
    EXPECT_EQ(dead_state(bad), "23505");
    EXPECT_THAT(spool.buried[bad].second, HasSubstr("t_key"));
}

TEST_F(Flush, EveryKindOfRefusalIsADeadLetterAndTheRestGoesOn) {
    db.run(
        "CREATE FUNCTION pg_temp_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        "$$BEGIN IF NEW.body = 'raise' THEN RAISE EXCEPTION 'secret %', NEW.body; END IF; "
        "RETURN NEW; END$$;"
        "CREATE TRIGGER refuse BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION pg_temp_refuse();"
        "CREATE TABLE child (id bigint REFERENCES t (id) DEFERRABLE INITIALLY DEFERRED,"
        " n int CHECK (n > 0), c varchar(3))");
    std::map<std::uint64_t, std::string> expected;
    int next = 0;
    auto bad = [&](const std::string& state, const std::string& sql,
                   const model::SpoolContextPtr& context = make_context("postgres")) {
        insert(++next);
        expected[add({sql}, context)] = state;
    };
    insert(++next);
    bad("23505", "INSERT INTO t (id) VALUES (1)");
    bad("23514", "INSERT INTO child (id, n) VALUES (1, 0)");
    bad("22001", "INSERT INTO child (c) VALUES ('long')");
    bad("22P02", "INSERT INTO t (id) VALUES ('x')");
    bad("22012", "INSERT INTO t (id) VALUES (1 / 0)");
    bad("42P01", "INSERT INTO nowhere VALUES (1)");
    bad("42703", "INSERT INTO t (nothing) VALUES (1)");
    bad("42601", "INSERT INTO t (id) VALUES (1000); INSERT INTO t (id) VALUES (1001)");
    bad("42601", "INSERT nonsense");
    bad("42501", "INSERT INTO t (id) VALUES (1002)", make_context("app"));
    bad("22023", "INSERT INTO t (id) VALUES (1003)", make_context("nobody_there"));
    bad("42704", "INSERT INTO t (id) VALUES (1004)",
        make_context("postgres", "postgres", {{"no_such_setting", "1"}}));
    bad("P0001", "INSERT INTO t (id, body) VALUES (1005, 'raise')");
    bad("23503", "INSERT INTO child (id) VALUES (-1)");  // in COMMIT
    bad("22021", "INSERT INTO t (id, body) VALUES (1006, '\xff')");
    bad("", std::string("INSERT INTO t (id) VALUES (1007)\0", 33));
    auto few = make_entry(make_context("postgres"), {"INSERT INTO t (id, body) VALUES ($1, $2)"});
    few.statements[0].parameters = db::bind_body({"1008"});
    expected[spool.add(few)] = "08P01";
    auto damaged = few;
    damaged.statements[0].parameters = "abc";
    expected[spool.add(damaged)] = "";
    insert(++next);

    FlushBench bench(spool, cluster.url());
    ASSERT_TRUE(bench.flush());
    std::map<std::uint64_t, std::string> found;
    for (const auto& [sequence, why] : spool.buried) {
        found[sequence] = why.first;
        EXPECT_EQ(why.second.find("secret"), std::string::npos);
    }
    EXPECT_EQ(found, expected);
    EXPECT_EQ(db.scalar("SELECT count(*) = max(id) FROM t"), "t");
    EXPECT_EQ(db.scalar("SELECT max(id) FROM t"), std::to_string(next));
    EXPECT_EQ(db.scalar("SELECT count(*) FROM child"), "0");
    EXPECT_EQ(bench.events.size(), expected.size());
    EXPECT_EQ(bench.flusher->status().blocked, "");
    db.run("DROP FUNCTION pg_temp_refuse CASCADE");
}

TEST_F(Flush, WhatPassesIsWaitedFor) {
    insert(1);
    test::PqConnection other(cluster.conninfo());
    other.run("BEGIN; LOCK TABLE t IN ACCESS EXCLUSIVE MODE");
    FlushBench bench(spool, cluster.url());
    auto done = std::make_shared<bool>(false);
    bench.flusher->flush_now([done] { *done = true; });
    EXPECT_TRUE(bench.run_until(
        [&] { return db.scalar("SELECT count(*) FROM pg_locks WHERE NOT granted") == "1"; }));
    EXPECT_FALSE(*done);
    // The back-end is told to go: the connection is lost, nobody is at fault.
    db.run("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE NOT granted");
    EXPECT_TRUE(bench.run_until(
        [&] { return db.scalar("SELECT count(*) FROM pg_locks WHERE NOT granted") == "1"; }));
    other.run("COMMIT");
    EXPECT_TRUE(bench.run_until([&] { return *done; }));
    EXPECT_EQ(ids(), "1");
    EXPECT_TRUE(spool.buried.empty());
}

TEST_F(Flush, AReadOnlyDatabaseBlocksTheFlushAndKillsNobody) {
    insert(1);
    db.run("ALTER DATABASE postgres SET default_transaction_read_only = on");
    FlushBench bench(spool, cluster.url());
    ASSERT_TRUE(bench.flush());
    EXPECT_THAT(bench.flusher->status().blocked, HasSubstr("read-only"));
    EXPECT_TRUE(spool.buried.empty());
    test::PqConnection writer(cluster.conninfo() +
                              " options='-c default_transaction_read_only=off'");
    writer.run("ALTER DATABASE postgres RESET default_transaction_read_only");
    EXPECT_TRUE(bench.run_until([&] { return ids() == "1"; }));
    EXPECT_TRUE(bench.run_until([&] { return bench.flusher->status().blocked.empty(); }));
}

TEST_F(Flush, WithoutTheRightToMakeTheSchemaEntriesStay) {
    db.run("GRANT ALL ON t TO app");
    insert(1, make_context("app"));
    {
        FlushBench bench(spool, cluster.url("app"));
        ASSERT_TRUE(bench.flush());
        EXPECT_THAT(bench.flusher->status().blocked, HasSubstr("pgsidecar migrate"));
        EXPECT_EQ(bench.counters->flush_blocked.get(), 1);
        ASSERT_EQ(bench.events.size(), 1U);
        EXPECT_EQ(bench.events[0].sqlstate, "42501");
        EXPECT_TRUE(spool.buried.empty());
    }
    // Made by somebody else, but not granted.
    FakeSpool nothing("0189aaaa-0000-7000-8000-000000000009");
    nothing.add(make_entry(make_context("postgres"), {"INSERT INTO t (id) VALUES (5)"}));
    {
        FlushBench owner(nothing, cluster.url());
        ASSERT_TRUE(owner.flush());
    }
    FlushBench bench(spool, cluster.url("app"));
    ASSERT_TRUE(bench.flush());
    EXPECT_THAT(bench.flusher->status().blocked, HasSubstr("GRANT USAGE ON SCHEMA pgsidecar"));
    db.run(
        "GRANT USAGE ON SCHEMA pgsidecar TO app;"
        "GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA pgsidecar TO app");
    EXPECT_TRUE(bench.run_until([&] { return ids() == "5 1"; }));
    db.run("DROP OWNED BY app");
}

TEST_F(Flush, ASchemaThatMustNotBeMadeIsAskedFor) {
    insert(1);
    Flusher::Options options;
    options.create_schema = false;
    FlushBench bench(spool, cluster.url(), options);
    ASSERT_TRUE(bench.flush());
    EXPECT_THAT(bench.flusher->status().blocked, HasSubstr("outage.create_schema"));
    EXPECT_EQ(db.scalar("SELECT to_regnamespace('pgsidecar') IS NULL"), "t");
    db.run(std::string(db::kSidecarSchemaSql));
    EXPECT_TRUE(bench.run_until([&] { return ids() == "1"; }));
}

TEST_F(Flush, EachDatabaseHasItsOwnLedger) {
    db.run("DROP DATABASE IF EXISTS second");
    db.run("CREATE DATABASE second");
    {
        test::PqConnection other(cluster.conninfo() + " dbname=second");
        other.run("CREATE TABLE t (id bigint UNIQUE, body text)");
    }
    const auto first = make_context("postgres"), second = make_context("postgres", "second"),
               gone = make_context("postgres", "no_such_database");
    for (int i = 1; i <= 50; ++i) insert(i, i % 2 == 0 ? first : second);
    const auto dead = insert(51, gone);
    FlushBench bench(spool, cluster.url());
    ASSERT_TRUE(bench.flush());
    EXPECT_EQ(db.scalar("SELECT count(*) || ' ' || min(id) FROM t"), "25 2");
    {
        test::PqConnection other(cluster.conninfo() + " dbname=second");
        EXPECT_EQ(other.scalar("SELECT count(*) || ' ' || min(id) FROM t"), "25 1");
        EXPECT_EQ(other.scalar("SELECT applied FROM pgsidecar.ledger"), "49");
    }
    EXPECT_EQ(db.scalar("SELECT applied FROM pgsidecar.ledger"), "50");
    EXPECT_EQ(dead_state(dead), "3D000");
    EXPECT_TRUE(bench.run_until([&] { return !spool.progress().anything_waits(); }));
    bench.stop();
    db.run("DROP DATABASE second");
}

TEST_F(Flush, AWeakCommitIsMadeDurable) {
    db.run(
        "ALTER DATABASE postgres SET synchronous_commit = off;"
        "ALTER TABLE t ALTER body SET DEFAULT current_setting('synchronous_commit')");
    add({"INSERT INTO t (id) VALUES (1)"},
        make_context("postgres", "postgres", {{"synchronous_commit", "off"}}));
    FlushBench bench(spool, cluster.url());
    ASSERT_TRUE(bench.flush());
    EXPECT_EQ(db.scalar("SELECT body FROM t"), "on");
    db.run("ALTER DATABASE postgres RESET synchronous_commit");
}

TEST_F(Flush, AnotherSpoolsRowIsLeftAlone) {
    FakeSpool other("0189aaaa-0000-7000-8000-000000000002");
    other.add(make_entry(make_context("postgres"), {"INSERT INTO t (id) VALUES (100)"}));
    insert(1);
    FlushBench a(spool, cluster.url()), b(other, cluster.url());
    ASSERT_TRUE(a.flush());
    ASSERT_TRUE(b.flush());
    EXPECT_EQ(db.scalar("SELECT count(*) || ' ' || sum(entries_total) FROM pgsidecar.ledger"),
              "2 2");
    EXPECT_EQ(ids(), "1 100");
}

}  // namespace
}  // namespace pgsidecar::audit
