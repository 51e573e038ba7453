#include <rapidjson/document.h>

#include "tests/integration/migrate_bench.hpp"

namespace pgsidecar::test {
namespace {

TEST_F(Migrate, AppliesInOrderOnceAndSaysSo) {
    file("001_a.sql", "CREATE TABLE a (id int);\nINSERT INTO a VALUES (1);\n");
    file("002_b.sql", "ALTER TABLE a ADD COLUMN b int;");
    ASSERT_EQ(migrate(), kOk) << err_;
    EXPECT_THAT(out_, HasSubstr("001_a.sql in "));
    EXPECT_THAT(out_, HasSubstr("2 migrations applied; the last is 002_b.sql."));
    EXPECT_EQ(applied(), "1 a, 2 b");
    EXPECT_EQ(
        database().scalar("SELECT length(checksum) || applied_by FROM schema_migrations LIMIT 1"),
        "64postgres");
    ASSERT_EQ(migrate(), kOk) << err_;
    EXPECT_EQ(out_, "Nothing to do: all 2 migrations are applied; the last is 002_b.sql.\n");
    EXPECT_EQ(database().scalar("SELECT count(*) FROM a"), "1");
    file("003_c.sql", "CREATE TABLE c ();");
    ASSERT_EQ(migrate(), kOk) << err_;
    EXPECT_THAT(out_, HasSubstr("1 migration applied; the last is 003_c.sql."));
}

TEST_F(Migrate, StatusAndDryRunWriteNothing) {
    file("001_a.sql", "CREATE TABLE a ();");
    file("002_b.sql", "-- pgsidecar: no-transaction\nCREATE TABLE b (); CREATE TABLE c ();");
    EXPECT_EQ(migrate({"--dry-run"}), kOk) << err_;
    EXPECT_THAT(out_, HasSubstr("/001_a.sql (1 statement)\n"));
    EXPECT_THAT(out_, HasSubstr("/002_b.sql (2 statements, without a transaction)\n"));
    EXPECT_THAT(out_, HasSubstr("2 migrations would be applied; nothing was done."));
    EXPECT_EQ(migrate({"--status"}), kOk) << err_;
    EXPECT_THAT(out_, HasSubstr("001      a     pending"));
    EXPECT_THAT(out_, HasSubstr("0 applied, 2 pending."));
    EXPECT_EQ(database().scalar(
                  "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"),
              "0");
}

TEST_F(Migrate, StatusShowsEveryState) {
    file("001_a.sql", "CREATE TABLE a ();");
    file("002_b.sql", "CREATE TABLE b ();");
    ASSERT_EQ(migrate(), kOk) << err_;
    file("001_a.sql", "CREATE TABLE a2 ();");
    file("003_c.sql", "CREATE TABLE c ();");
    database().run("INSERT INTO schema_migrations VALUES (4, 'newer', '2025-09-17 10:00:00.5Z')");
    EXPECT_EQ(migrate({"--status"}), kData);
    EXPECT_THAT(out_, testing::ContainsRegex("001 +a +edited +20..-..-..T..:..:..Z +[0-9]+ ms\n"));
    EXPECT_THAT(out_, testing::ContainsRegex("002 +b +applied "));
    EXPECT_THAT(out_, testing::ContainsRegex("003 +c +out of order\n"));
    EXPECT_THAT(out_,
                testing::ContainsRegex("004 +newer +missing +2025-09-17T10:00:00Z +no checksum\n"));
    EXPECT_THAT(err_, HasSubstr("001_a.sql: was edited after it was applied"));
}

TEST_F(Migrate, AFailureRollsItsFileBackAndKeepsTheEarlierOnes) {
    file("001_a.sql", "CREATE TABLE a (id int PRIMARY KEY);");
    file("002_b.sql", "CREATE TABLE b ();\n\n-- \xc3\xa4\nINSERT INTO a\n  SELECT nope FROM a;\n");
    file("003_c.sql", "CREATE TABLE c ();");
    EXPECT_EQ(migrate(), kData);
    EXPECT_THAT(
        err_,
        HasSubstr("/002_b.sql:5: column 10: column \"nope\" does not exist (SQLSTATE 42703)\n"));
    EXPECT_THAT(err_, HasSubstr("Rolled back: nothing of this file took effect."));
    EXPECT_THAT(err_, HasSubstr("1 migration, the last is 001_a.sql."));
    EXPECT_EQ(applied(), "1 a");
    EXPECT_FALSE(exists("b"));
    EXPECT_FALSE(exists("c"));
    // Errors at run time have no position: the statement's line is told.
    file("002_b.sql", "INSERT INTO a VALUES (1);\nINSERT INTO a\nVALUES (1);\n");
    EXPECT_EQ(migrate(), kData);
    EXPECT_THAT(err_, HasSubstr("/002_b.sql:2: duplicate key value"));
    EXPECT_THAT(err_, HasSubstr("detail: Key (id)=(1) already exists."));
    file("002_b.sql", "CREATE TABLE b ();");
    EXPECT_EQ(migrate(), kOk) << err_;
    EXPECT_EQ(applied(), "1 a, 2 b, 3 c");
}

TEST_F(Migrate, AFailureAtCommitIsOne) {
    file("001_a.sql",
         "CREATE TABLE a (id int PRIMARY KEY, b int REFERENCES a INITIALLY DEFERRED);\n"
         "INSERT INTO a VALUES (1, 2);");
    EXPECT_EQ(migrate(), kData);
    EXPECT_THAT(err_, HasSubstr("(SQLSTATE 23503)"));
    EXPECT_THAT(err_, HasSubstr("COMMIT was refused."));
    EXPECT_FALSE(exists("a"));
    EXPECT_EQ(applied(), "");
}

TEST_F(Migrate, RefusesBeforeItAppliesAnything) {
    file("001_a.sql", "CREATE TABLE a ();");
    const std::vector<std::tuple<std::string, std::string, int, std::string>> refused{
        {"003_c.sql", "SELECT 1;", kData, "there is no file with the number before (2)"},
        {"001_c.sql", "SELECT 1;", kData, "has the number of 001_a.sql"},
        {"002_c.sql", "", kData, "holds no statement"},
        {"two.sql", "SELECT 1;", kData, "the name is not NNN_name.sql"},
        {"002_c.sql", "SELECT 1;\nCOMMIT;\n", kData, "002_c.sql:2: COMMIT cannot be used"},
        {"002_c.sql", "\\i x.sql", kData, "a command of psql"},
        {"002_c.sql", std::string(1'100'000, ' '), kIo, "is larger than 1048576 bytes"},
    };
    for (const auto& [name, text, code, sentence] : refused) {
        file(name, text);
        EXPECT_EQ(migrate(), code) << name;
        EXPECT_THAT(err_, HasSubstr(sentence));
        EXPECT_EQ(out_, "");
        EXPECT_FALSE(exists("a")) << name;
        EXPECT_FALSE(exists("schema_migrations")) << name;
        EXPECT_EQ(migrate({"--dry-run"}), code) << name;
        std::remove((folder_.path() + "/" + name).c_str());
    }
    EXPECT_EQ(migrate(), kOk) << err_;
}

TEST_F(Migrate, RefusesEditedAndLateFiles) {
    file("001_a.sql", "CREATE TABLE a ();");
    file("002_b.sql", "CREATE TABLE b ();");
    ASSERT_EQ(migrate(), kOk) << err_;
    file("001_a.sql", "CREATE TABLE a (id int);");
    file("003_c.sql", "CREATE TABLE c ();");
    EXPECT_EQ(migrate(), kData);
    EXPECT_THAT(err_, HasSubstr("001_a.sql: was edited after it was applied"));
    EXPECT_FALSE(exists("c"));
    file("001_a.sql", "CREATE TABLE a ();");
    database().run("DELETE FROM schema_migrations WHERE version = 1");
    EXPECT_EQ(migrate(), kData);
    EXPECT_THAT(err_, HasSubstr("001_a.sql: is not applied, but the later 2 'b' is"));
    EXPECT_FALSE(exists("c"));
}

TEST_F(Migrate, ByteOrderMarkAndLineEndsAreNoEdits) {
    file("001_a.sql", "\xef\xbb\xbf-- x\r\nCREATE TABLE a ();\r\nSELECT nope;\r\n");
    EXPECT_EQ(migrate(), kData);
    EXPECT_THAT(err_, HasSubstr("001_a.sql:3: column 8: "));
    file("001_a.sql", "\xef\xbb\xbf-- x\r\nCREATE TABLE a ();\r\nSELECT 'a\r\nb';\r\n");
    ASSERT_EQ(migrate(), kOk) << err_;
    file("001_a.sql", "-- x\nCREATE TABLE a ();\nSELECT 'a\nb';\n");
    ASSERT_EQ(migrate(), kOk) << err_;
    EXPECT_THAT(out_, HasSubstr("Nothing to do"));
}

TEST_F(Migrate, AFailureWithoutATransactionSaysWhatStays) {
    file("001_a.sql",
         "-- pgsidecar: no-transaction\nCREATE TABLE IF NOT EXISTS a (id int);\n\nSELECT 1/0;");
    EXPECT_EQ(migrate(), kData);
    EXPECT_THAT(err_, HasSubstr("001_a.sql:4: division by zero (SQLSTATE 22012)"));
    EXPECT_THAT(err_, HasSubstr("what stands before this statement took effect and stays"));
    EXPECT_TRUE(exists("a"));
    EXPECT_EQ(applied(), "");
    file("001_a.sql", "-- pgsidecar: no-transaction\nBEGIN; CREATE TABLE b ();");
    EXPECT_EQ(migrate(), kData);
    EXPECT_THAT(err_, HasSubstr("leaves a transaction open"));
    EXPECT_FALSE(exists("b"));
    file("001_a.sql", "-- pgsidecar: no-transaction\nBEGIN; CREATE TABLE b (); COMMIT;");
    EXPECT_EQ(migrate(), kOk) << err_;
    EXPECT_TRUE(exists("b"));
}

TEST_F(Migrate, StatementTimeoutOfTheRoleHoldsAndCanBeLifted) {
    database().run("GRANT CREATE ON SCHEMA public TO app");
    database().run("ALTER ROLE app IN DATABASE migrated SET statement_timeout = '100ms'");
    file("001_a.sql", "CREATE TABLE a ();\nSELECT pg_sleep(30);");
    EXPECT_EQ(migrate({}, "app"), kData);
    EXPECT_THAT(
        err_,
        HasSubstr("001_a.sql:2: canceling statement due to statement timeout (SQLSTATE 57014)"));
    EXPECT_FALSE(exists("a"));
    file("001_a.sql", "SET LOCAL statement_timeout = 0;\nSELECT pg_sleep(0.2);");
    EXPECT_EQ(migrate({}, "app"), kOk) << err_;
    // It does not cut the wait for the lock short.
    database().run(kLock);
    EXPECT_EQ(migrate({"--wait", "1"}, "app"), kUnavailable);
    EXPECT_THAT(err_, HasSubstr("Another session has had the migration lock for 1 s"));
}

TEST_F(Migrate, StandardConformingStringsAreOnForEveryFile) {
    database().run("ALTER DATABASE migrated SET standard_conforming_strings = off");
    file("001_a.sql",
         "CREATE TABLE a (v text);\nINSERT INTO a VALUES ('c:\\'), (E'\\';');\n"
         "SET standard_conforming_strings = off;");
    file("002_b.sql", "INSERT INTO a VALUES ('d:\\');");
    ASSERT_EQ(migrate(), kOk) << err_;
    EXPECT_EQ(database().scalar("SELECT string_agg(v, '|' ORDER BY v) FROM a"), "';|c:\\|d:\\");
}

TEST_F(Migrate, NothingLeaksFromOneFileIntoTheNext) {
    file("001_a.sql",
         "CREATE SCHEMA s;\nSET search_path = s;\nSET ROLE app;\nSET TimeZone = 'Asia/Tokyo';");
    file("002_b.sql",
         "CREATE TABLE b (z text DEFAULT current_setting('TimeZone'), u text DEFAULT current_user);"
         "\nINSERT INTO b DEFAULT VALUES;");
    ASSERT_EQ(migrate(), kOk) << err_;
    EXPECT_EQ(database().scalar("SELECT z || ' ' || u FROM public.b"), "UTC postgres");
    EXPECT_EQ(applied(), "1 a, 2 b");
}

TEST_F(Migrate, ATransactionThatEndsInsideIsNoticed) {
    // A function named begin hides what follows from us as it does from psql.
    file("001_a.sql",
         "CREATE TABLE a ();\n"
         "CREATE FUNCTION begin() RETURNS int LANGUAGE sql AS 'SELECT 1'; COMMIT");
    EXPECT_EQ(migrate(), kData);
    EXPECT_THAT(err_, HasSubstr("001_a.sql:2: the statement ended the transaction"));
    EXPECT_THAT(err_, HasSubstr("stays and is not recorded"));
    EXPECT_EQ(applied(), "");
}

TEST_F(Migrate, CopyIsRefused) {
    file("001_a.sql", "CREATE TABLE a (id int);\nCOPY a FROM STDIN;");
    EXPECT_EQ(migrate(), kData);
    EXPECT_THAT(err_,
                HasSubstr("001_a.sql:2: COPY from or to the client cannot be used in a migration"));
    EXPECT_TRUE(eventually(10s, [&] { return !exists("a"); }));
}

TEST_F(Migrate, NoticesAreShown) {
    file("001_a.sql",
         "CREATE TABLE a ();\nCREATE TABLE IF NOT EXISTS a ();\nDO $$BEGIN RAISE WARNING 'mind'; "
         "END$$;");
    EXPECT_EQ(migrate(), kOk);
    EXPECT_THAT(err_, HasSubstr("001_a.sql: NOTICE: relation \"a\" already exists, skipping"));
    EXPECT_THAT(err_, HasSubstr("001_a.sql: WARNING: mind"));
}

TEST_F(Migrate, ATableWithThreeColumnsIsTakenOver) {
    for (const char* type : {"text", "integer", "bigint"}) {
        SCOPED_TRACE(type);
        database().run("DROP TABLE IF EXISTS schema_migrations, b");
        database().run("CREATE TABLE schema_migrations (version " + std::string(type) +
                       " PRIMARY KEY, name text, applied_at timestamp)");
        database().run(
            "INSERT INTO schema_migrations VALUES ('001', '001_a.sql', '2025-09-17 10:00')");
        file("001_a.sql", "CREATE TABLE a ();");
        file("002_b.sql", "CREATE TABLE b ();");
        EXPECT_EQ(migrate({"--status"}), kOk) << err_;
        EXPECT_THAT(out_,
                    testing::ContainsRegex("001 +a +applied +2025-09-17T10:00:00Z +no checksum\n"));
        EXPECT_EQ(migrate(), kOk) << err_;
        EXPECT_THAT(out_, HasSubstr("001_a.sql: was applied without a checksum"));
        EXPECT_FALSE(exists("a"));
        EXPECT_TRUE(exists("b"));
        EXPECT_EQ(database().scalar("SELECT count(checksum) FROM schema_migrations"), "2");
        EXPECT_EQ(migrate(), kOk) << err_;
        EXPECT_THAT(out_, HasSubstr("Nothing to do"));
        file("001_a.sql", "CREATE TABLE a (id int);");
        EXPECT_EQ(migrate(), kData);
        EXPECT_THAT(err_, HasSubstr("was edited"));
    }
}

TEST_F(Migrate, AnotherToolsTableIsLeftAlone) {
    file("001_a.sql", "CREATE TABLE a ();");
    for (const auto& [columns, sentence] : std::vector<std::pair<std::string, std::string>>{
             {"version bigint, dirty boolean", "has no column name, so another tool"},
             {"version text, name text, applied_at timestamptz",
              "has a version that is no number"}}) {
        database().run("DROP TABLE IF EXISTS schema_migrations");
        database().run("CREATE TABLE schema_migrations (" + columns + ")");
        database().run("INSERT INTO schema_migrations (version) VALUES (20250917101112)");
        EXPECT_EQ(migrate(), kData);
        EXPECT_THAT(err_, HasSubstr("The table public.schema_migrations " + sentence));
        EXPECT_FALSE(exists("a"));
    }
    database().run("DROP TABLE schema_migrations");
    database().run("CREATE VIEW schema_migrations AS SELECT 1");
    EXPECT_EQ(migrate(), kData);
    EXPECT_THAT(err_, HasSubstr("is not a table"));
}

TEST_F(Migrate, AnOlderProgramDoesNoHarm) {
    file("001_a.sql", "CREATE TABLE a ();");
    file("002_b.sql", "CREATE TABLE b ();");
    ASSERT_EQ(migrate(), kOk) << err_;
    std::remove((folder_.path() + "/002_b.sql").c_str());
    EXPECT_EQ(migrate(), kOk) << err_;
    EXPECT_THAT(
        out_, HasSubstr("The database is ahead of these files: 2 'b' came from a newer version."));
    EXPECT_THAT(out_, HasSubstr("Nothing to do"));
}

TEST_F(Migrate, ARoleThatMayNotIsTold) {
    database().run("REVOKE CREATE ON SCHEMA public FROM public");
    file("001_a.sql", "CREATE TABLE a ();");
    EXPECT_EQ(migrate({"--status"}, "app"), kOk) << err_;
    EXPECT_EQ(migrate({}, "app"), kData);
    EXPECT_THAT(err_, HasSubstr("permission denied for schema public (SQLSTATE 42501)"));
    EXPECT_THAT(err_, HasSubstr("Nothing was applied. This role must be able to create the table"));
    ASSERT_EQ(migrate(), kOk) << err_;
    EXPECT_EQ(migrate({"--status"}, "app"), kUnavailable);
    EXPECT_THAT(err_, HasSubstr("Grant this role SELECT"));
    database().run("ALTER ROLE app IN DATABASE migrated SET default_transaction_read_only = on");
    EXPECT_EQ(migrate({}, "app"), kUnavailable);
    EXPECT_THAT(err_, HasSubstr("Database is read-only"));
}

TEST_F(Migrate, NoDatabaseAndWrongUsageAreTold) {
    MigrateRun gone("postgres://postgres@127.0.0.1:1/x", {});
    EXPECT_EQ(gone.exit_code(), kUnavailable);
    EXPECT_THAT(gone.err(),
                HasSubstr("Cannot connect to database. Please check if PostgreSQL is running."));
    for (const std::vector<std::string>& wrong : {std::vector<std::string>{"--dry-run", "--status"},
                                                  {"--wait", "soon"},
                                                  {"--wait", "-1"},
                                                  {"--wait"},
                                                  {"--dir="},
                                                  {"--jsn"},
                                                  {"postgres://x"}}) {
        EXPECT_EQ(built_in(wrong), kUsage) << testing::PrintToString(wrong);
        EXPECT_EQ(out_, "");
        EXPECT_THAT(err_, Not(testing::IsEmpty()));
    }
    EXPECT_EQ(built_in({"--mode", "mock"}), kConfig);
    EXPECT_THAT(err_, HasSubstr("mode mock"));
    EXPECT_EQ(built_in({"--dir", "/nowhere"}), kIo);
}

TEST_F(Migrate, JsonHoldsEverything) {
    file("001_a.sql", "CREATE TABLE a ();");
    file("002_b.sql", "CREATE TABLE b ();\nSELECT \"x\xc3\xa4\";");
    const auto parsed = [&] {
        rapidjson::Document document;
        document.Parse(out_.c_str());
        EXPECT_FALSE(document.HasParseError()) << out_;
        return document;
    };
    EXPECT_EQ(migrate({"--dry-run", "--json"}), kOk);
    auto dry = parsed();
    EXPECT_EQ(dry["pending"].Size(), 2U);
    EXPECT_TRUE(dry["ok"].GetBool());
    EXPECT_EQ(migrate({"--json"}), kData);
    auto ran = parsed();
    EXPECT_FALSE(ran["ok"].GetBool());
    EXPECT_EQ(ran["applied"].Size(), 1U);
    EXPECT_STREQ(ran["failure"]["sqlstate"].GetString(), "42703");
    EXPECT_EQ(ran["failure"]["column"].GetInt(), 8);
    EXPECT_EQ(migrate({"--status", "--json"}), kOk);
    auto status = parsed();
    EXPECT_STREQ(status["migrations"][0]["state"].GetString(), "applied");
    EXPECT_STREQ(status["migrations"][1]["state"].GetString(), "pending");
    EXPECT_EQ(std::string(status["migrations"][0]["checksum"].GetString()),
              status["migrations"][0]["appliedChecksum"].GetString());
    file("002_b.sql", "");
    EXPECT_EQ(migrate({"--json"}), kData);
    EXPECT_THAT(parsed()["problems"][0]["message"].GetString(), HasSubstr("holds no statement"));
}

}  // namespace
}  // namespace pgsidecar::test
