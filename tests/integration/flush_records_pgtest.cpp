#include "audit/operation_log.hpp"
#include "audit/schema_watch.hpp"
#include "tests/integration/flush_bench.hpp"
#include "tests/unit/audit/operation_samples.hpp"

namespace pgsidecar::audit {
namespace {

using model::StatementKind;
using testing::HasSubstr;

class FlushRecords : public testing::Test {
protected:
    void SetUp() override { db.run("DROP SCHEMA IF EXISTS pgsidecar CASCADE"); }
    OperationLog make_log(config::AuditLevel level = config::AuditLevel::Writes) {
        return {level,
                [this](std::string body, std::uint32_t count, std::function<void(bool)> on_disk) {
                    spool.add_records(std::move(body), count);
                    on_disk(true);
                },
                std::make_shared<metrics::ProcessCounters>()};
    }
    static model::OperationRecord record(model::StatementShapePtr shape,
                                         std::string service = "shop") {
        static base::SeededEntropy entropy(1);
        static base::UuidSource ids(entropy);
        auto made = make_record(make_source(std::move(service)), std::move(shape));
        made.id = ids.next(made.start_us);
        return made;
    }
    bool copied(FlushBench& bench, std::uint64_t records) {
        bench.flusher->set_usable(true);
        return bench.run_until(
            [&] { return bench.counters->log_records_applied.get() >= records; });
    }

    test::PgCluster& cluster = test::shared_cluster();
    test::PqConnection db{cluster.conninfo()};
    FakeSpool spool;
    model::StatementShapePtr insert =
        make_shape(StatementKind::Insert, "INSERT INTO shop.orders VALUES ($1)", "shop.orders");
};

TEST_F(FlushRecords, RecordsBecomeRows) {
    auto log = make_log();
    auto good = record(insert);
    good.affected_rows = 2;
    good.bytes_returned = 99;
    good.pool_wait_ns = 5'000;
    auto bad = record(insert, "");
    bad.outcome = model::Outcome::Failure;
    std::copy_n("23505", 5, bad.sqlstate.begin());
    std::copy_n("twice\0", 6, bad.error.begin());
    auto unknown = record({});
    unknown.outcome = model::Outcome::Unknown;
    const model::OperationRecord records[] = {good, bad, unknown};
    log.add(records);
    log.add(std::span(&good, 0));
    FlushBench bench(spool, cluster.url());
    ASSERT_TRUE(copied(bench, 3));
    const std::string by_id =
        " FROM pgsidecar.operation_log WHERE id = '" + good.id.to_string() + "'";
    EXPECT_EQ(db.scalar("SELECT started_at = '2026-11-21 10:00:00+00' AND duration_us = 1234 AND "
                        "pool_wait_us = 5 AND ended_at = started_at + interval '1234 us'" +
                        by_id),
              "t");
    EXPECT_EQ(db.scalar("SELECT concat_ws(' ', connection_id, session_id, type, kind, table_name, "
                        "service, user_name, database_name, success, outcome, sqlstate, error, "
                        "affected_rows, rows_returned, bytes_returned, statement)" +
                        by_id),
              "0189bbbb-0000-7000-8000-000000000001 0189cccc-0000-7000-8000-000000000002 insert "
              "insert shop.orders shop app postgres t success 2 0 99 INSERT INTO shop.orders "
              "VALUES ($1)");
    EXPECT_EQ(db.scalar("SELECT service IS NULL AND NOT success AND outcome = 'failure' AND "
                        "sqlstate = '23505' AND error = 'twice' AND affected_rows IS NULL FROM "
                        "pgsidecar.operations WHERE id = '" +
                        bad.id.to_string() + "'"),
              "t");
    EXPECT_EQ(db.scalar("SELECT outcome || kind || (fingerprint IS NULL) FROM "
                        "pgsidecar.operations WHERE id = '" +
                        unknown.id.to_string() + "'"),
              "unknownunknowntrue");
    EXPECT_EQ(db.scalar("SELECT count(*) || min(text) FROM pgsidecar.statements"),
              "1INSERT INTO shop.orders VALUES ($1)");
}

TEST_F(FlushRecords, RecordsThatTheSpoolKeptAreNotCopiedTwice) {
    auto log = make_log();
    const std::vector<model::OperationRecord> records{record(insert), record(insert)};
    log.add(records);
    spool.keep_settled = true;
    {
        FlushBench bench(spool, cluster.url());
        ASSERT_TRUE(copied(bench, 2));
    }
    const auto more = record(insert);
    log.add(std::span(&more, 1));
    FlushBench bench(spool, cluster.url());
    ASSERT_TRUE(copied(bench, 1));
    EXPECT_EQ(db.scalar("SELECT count(*) FROM pgsidecar.operations"), "3");
}

TEST_F(FlushRecords, ADatabaseThatLacksACharacterGetsAQuestionMark) {
    db.run("DROP DATABASE IF EXISTS latin");
    db.run("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
    auto log = make_log();
    const auto odd =
        record(make_shape(StatementKind::Insert, "INSERT INTO \"\xe6\x97\xa5\""), "\xe6\x97\xa5");
    log.add(std::span(&odd, 1));
    {
        std::string url = cluster.url();
        url.replace(url.rfind('/'), std::string::npos, "/latin");
        FlushBench bench(spool, url);
        ASSERT_TRUE(copied(bench, 1));
        test::PqConnection latin(cluster.conninfo() + " dbname=latin");
        EXPECT_EQ(latin.scalar("SELECT service || ' ' || statement FROM pgsidecar.operation_log"),
                  "??? INSERT INTO \"???\"");
    }
    db.run("DROP DATABASE latin");
}

TEST_F(FlushRecords, ALogThatRefusesBlocksTheRecordsAndNotTheEntries) {
    db.run("DROP TABLE IF EXISTS t; CREATE TABLE t (id bigint)");
    db.run(std::string(db::kSidecarSchemaSql));
    db.run("ALTER TABLE pgsidecar.operations ADD CHECK (kind <> 'insert')");
    auto log = make_log();
    const auto one = record(insert);
    log.add(std::span(&one, 1));
    FlushBench bench(spool, cluster.url());
    bench.flusher->set_usable(true);
    ASSERT_TRUE(bench.run_until([&] { return !bench.flusher->status().blocked.empty(); }));
    EXPECT_THAT(bench.flusher->status().blocked, HasSubstr("operation log"));
    spool.add(make_entry(make_context("postgres"), {"INSERT INTO t VALUES (1)"}));
    ASSERT_TRUE(bench.flush());
    EXPECT_EQ(db.scalar("SELECT count(*) FROM t"), "1");
    EXPECT_EQ(spool.stats().records, 1U);
    db.run("DROP TABLE t");
}

TEST_F(FlushRecords, ColumnsOfQueueableTablesAreLearned) {
    db.run(
        "DROP SCHEMA IF EXISTS app CASCADE; DROP TABLE IF EXISTS audit_logs, commands;"
        "CREATE SCHEMA app; CREATE TABLE audit_logs (id uuid, \"Who\" text, gone int, n int8);"
        "ALTER TABLE audit_logs DROP COLUMN gone; CREATE TABLE app.audit_logs (a int);"
        "CREATE TABLE commands (c text); CREATE TABLE app.log_one (l int); "
        "CREATE TABLE log_two (l int)");
    asio::io_context io;
    std::vector<model::LearnedSchemaPtr> learned;
    SchemaWatch::Options options;
    options.upstream = upstream_of_url(cluster.url());
    options.tables = {"audit_logs", "app.log_*", "nothing"};
    SchemaWatch watch(io.get_executor(), options,
                      [&](const model::LearnedSchemaPtr& schema) { learned.push_back(schema); });
    watch.set_usable(true);
    const test::Deadline deadline = 20s;
    auto run_until = [&](auto condition) {
        while (!condition() && !deadline.passed()) {
            io.restart();
            io.run_one_for(20ms);
        }
        return condition();
    };
    ASSERT_TRUE(run_until([&] { return learned.size() == 1; }));
    const auto& tables = learned[0]->tables;
    ASSERT_EQ(tables.size(), 3U);
    EXPECT_EQ(learned[0]->database, "postgres");
    EXPECT_EQ(tables[0].schema + "." + tables[0].name, "app.audit_logs");
    EXPECT_EQ(tables[1].name, "log_one");
    EXPECT_EQ(tables[2].columns, (std::vector<std::pair<std::string, std::uint32_t>>{
                                     {"id", 2950}, {"Who", 25}, {"n", 20}}));
    db.run("ALTER TABLE commands ADD x int");
    watch.set_usable(true);  // nothing new for us
    db.run("ALTER TABLE audit_logs ADD x int");
    watch.set_usable(true);
    ASSERT_TRUE(run_until([&] { return learned.size() == 2; }));
    EXPECT_EQ(learned[1]->tables[2].columns.size(), 4U);
    bool stopped = false;
    watch.stop([&] { stopped = true; });
    EXPECT_TRUE(run_until([&] { return stopped; }));
    db.run("DROP SCHEMA app CASCADE; DROP TABLE audit_logs, commands, log_two");
}

}  // namespace
}  // namespace pgsidecar::audit
