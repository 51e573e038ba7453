#include "tests/integration/migrate_bench.hpp"

namespace pgsidecar::test {
namespace {

TEST_F(Migrate, RunsConcurrentlyWithoutATransactionAndOthersWaitForIt) {
    file("001_a.sql", "CREATE TABLE a (id int);");
    file("002_i.sql",
         "-- pgsidecar: no-transaction\nCREATE INDEX CONCURRENTLY i ON a (id);\n"
         "CREATE INDEX CONCURRENTLY j ON a (id);");
    database().run(kLock);
    auto one = start({}), two = start({}), three = start({});
    for (auto* run : {&one, &two, &three}) {
        ASSERT_TRUE(eventually(30s, [&] { return !run->err().empty(); }));
        EXPECT_THAT(run->err(),
                    HasSubstr("Another session has the migration lock (server process " +
                              database().scalar("SELECT pg_backend_pid()")));
    }
    database().run("SELECT pg_advisory_unlock_all()");
    std::string all;
    for (auto* run : {&one, &two, &three}) {
        EXPECT_EQ(run->exit_code(), kOk) << run->err();
        all += run->out();
    }
    EXPECT_EQ(applied(), "1 a, 2 i");
    EXPECT_EQ(database().scalar(
                  "SELECT count(*) FROM pg_index WHERE indrelid = 'a'::regclass AND indisvalid"),
              "2");
    EXPECT_THAT(all, HasSubstr("2 migrations applied"));
    EXPECT_THAT(all, HasSubstr("Nothing to do"));
    EXPECT_EQ(all.find("2 migrations applied"), all.rfind("2 migrations applied")) << all;
}

TEST_F(Migrate, ALockThatIsNeverGivenUpEndsTheWait) {
    file("001_a.sql", "CREATE TABLE a ();");
    database().run("SET application_name = 'the other one'");
    database().run(kLock);
    EXPECT_EQ(migrate({"--wait", "1"}), kUnavailable);
    EXPECT_THAT(err_,
                HasSubstr("Another session has had the migration lock for 1 s (server process " +
                          database().scalar("SELECT pg_backend_pid()") +
                          ", user postgres, application the other one, from 127.0.0.1). "
                          "Nothing was applied."));
    EXPECT_FALSE(exists("a"));
    EXPECT_EQ(migrate({"--wait=0"}), kUnavailable);
    // Looking needs no lock.
    EXPECT_EQ(migrate({"--status"}), kOk) << err_;
    EXPECT_EQ(migrate({"--dry-run"}), kOk) << err_;
}

TEST_F(Migrate, TheServersEndWhileWaitingIsNoticed) {
    file("001_a.sql", "CREATE TABLE a ();");
    database().run(kLock);
    auto run = start({});
    ASSERT_TRUE(eventually(30s, [&] { return !run.err().empty(); }));
    database().run(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE application_name = 'pgsidecar migrate'");
    EXPECT_EQ(run.exit_code(), kUnavailable);
    EXPECT_THAT(run.err(), testing::AnyOf(HasSubstr("The connection was lost while waiting"),
                                          HasSubstr("lock cannot be taken")));
}

TEST_F(Migrate, ALockThatWasLostStopsTheRun) {
    file("001_a.sql", "SELECT pg_advisory_unlock_all();");
    file("002_b.sql", "CREATE TABLE b ();");
    EXPECT_EQ(migrate(), kData);
    EXPECT_THAT(err_, HasSubstr("002_b.sql: this session has the migration lock no longer"));
    EXPECT_THAT(err_, HasSubstr("pooler"));
    EXPECT_EQ(applied(), "1 a");
    EXPECT_FALSE(exists("b"));
}

TEST_F(Migrate, AKilledRunLeavesNothingAndTheNextOneGoesOn) {
    file("001_a.sql", "CREATE TABLE a ();");
    file("002_b.sql", "CREATE TABLE b ();\nSELECT pg_sleep(600);");
    auto run = start({});
    ASSERT_TRUE(eventually(30s, [&] {
        return database().scalar(
                   "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(6%' "
                   "AND application_name = 'pgsidecar migrate'") == "1";
    })) << run.err();
    run.kill();
    file("002_b.sql", "CREATE TABLE b ();");
    // The server notices after 2 s at most; until then it has the lock.
    EXPECT_EQ(migrate({"--wait", "30"}), kOk) << err_;
    EXPECT_EQ(applied(), "1 a, 2 b");
}

TEST_F(Migrate, AConnectionThatIsEndedInTheMiddleIsTold) {
    file("001_a.sql", "CREATE TABLE a ();\nSELECT pg_terminate_backend(pg_backend_pid());");
    EXPECT_EQ(migrate(), kData);
    EXPECT_THAT(
        err_,
        HasSubstr(
            "001_a.sql:2: terminating connection due to administrator command (SQLSTATE 57P01)"));
    EXPECT_FALSE(exists("a"));
    EXPECT_EQ(applied(), "");
}

}  // namespace
}  // namespace pgsidecar::test
