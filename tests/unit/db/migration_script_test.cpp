#include "db/migration_script.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/exact_buffer.hpp"

namespace pgsidecar::db {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> texts(std::string_view text) {
    const auto script = split_statements(text);
    EXPECT_EQ(script.problem, "") << text;
    std::vector<std::string> out;
    for (const auto& statement : script.statements) out.emplace_back(statement.text);
    return out;
}

std::string_view control(std::string_view text) {
    const auto script = split_statements(text);
    EXPECT_EQ(script.statements.size(), 1U) << text;
    return script.statements.empty() ? "" : script.statements[0].transaction_control();
}

TEST(SplitStatements, CutsAtSemicolons) {
    EXPECT_THAT(texts("SELECT 1; SELECT 2 ;\n"), ElementsAre("SELECT 1", "SELECT 2"));
    EXPECT_THAT(texts("SELECT 1"), ElementsAre("SELECT 1"));
    EXPECT_THAT(texts(";; ;"), IsEmpty());
    EXPECT_THAT(texts(" -- nothing\n/* here; */ ;"), IsEmpty());
    EXPECT_THAT(texts("/* a /* nested; */ one */SELECT 1 -- not; here\n;"),
                ElementsAre("SELECT 1 -- not; here"));
    EXPECT_THAT(texts("SELECT 1 - -1; SELECT 4 / 2"), ElementsAre("SELECT 1 - -1", "SELECT 4 / 2"));
}

TEST(SplitStatements, LeavesQuotesWhole) {
    for (std::string statement : {
             "SELECT ';'",
             "SELECT 'it''s;'",
             R"(SELECT 'c:\', ';')",
             R"(SELECT E'\';', ';')",
             R"(SELECT e'a\\', ';')",
             "SELECT E'a'\n  '\\';'",
             "SELECT \"a;\"\"b;\"",
             "SELECT U&'\\0041;', U&\"d;\"",
             "SELECT $$;$$",
             "SELECT $a$ $b$; $$; $a$",
             "SELECT $\xc3\xa4$;$\xc3\xa4$",
             "SELECT a$b$ FROM c",
             "SELECT $1",
             "SELECT B'1', x'f;'",
         }) {
        EXPECT_THAT(texts(statement + "; SELECT 2"), ElementsAre(statement, "SELECT 2"));
    }
}

TEST(SplitStatements, LeavesParenthesesAndBodiesWhole) {
    for (std::string statement : {
             "CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2)",
             "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END",
             "create or replace function f(a int default (1)) returns int begin atomic "
             "select case when true then 1 else 2 end; select 2; end",
             "CREATE PROCEDURE p() BEGIN ATOMIC INSERT INTO t VALUES (CASE WHEN true THEN 1 END); "
             "SELECT 1; END",
             "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$BEGIN RETURN 1; END$$",
         }) {
        EXPECT_THAT(texts(statement + "; SELECT 2"), ElementsAre(statement, "SELECT 2"));
    }
    // Not a function: these words are names, and one block too many would swallow the rest.
    EXPECT_THAT(
        texts("CREATE TABLE function (\"begin\" int); SELECT begin FROM t; SELECT 2"),
        ElementsAre("CREATE TABLE function (\"begin\" int)", "SELECT begin FROM t", "SELECT 2"));
}

TEST(SplitStatements, KnowsTheLineOfEach) {
    const auto script = split_statements("\n-- one\nSELECT\n1;\n\n/*\n*/ SELECT 2; SELECT 3");
    ASSERT_EQ(script.statements.size(), 3U);
    EXPECT_EQ(script.statements[0].line, 3);
    EXPECT_EQ(script.statements[1].line, 7);
    EXPECT_EQ(script.statements[2].line, 7);
}

TEST(SplitStatements, SaysWhatNeverEnds) {
    const std::vector<std::pair<std::string, int>> broken{
        {"SELECT 1;\n\nSELECT 'a", 3},
        {"SELECT 1;\n/* /* */", 2},
        {"SELECT \"a", 1},
        {"SELECT $a$ $b$\n$$", 1},
        {"SELECT E'\\", 1},
        {"SELECT E'\\'", 1},
        {"SELECT\n$$", 2},
    };
    for (const auto& [text, line] : broken) {
        const auto script = split_statements(text);
        EXPECT_THAT(script.problem, testing::HasSubstr("never ends")) << text;
        EXPECT_EQ(script.problem_line, line) << text;
    }
}

TEST(SplitStatements, RefusesCommandsOfPsql) {
    const auto script = split_statements("SELECT 1;\n\\i other.sql\n");
    EXPECT_THAT(script.problem, testing::HasSubstr("psql"));
    EXPECT_EQ(script.problem_line, 2);
}

TEST(SplitStatements, ReadsNothingBehindTheEnd) {
    const std::string text =
        "CREATE FUNCTION f() BEGIN ATOMIC SELECT E'a\\''\n'b', $x$ y $x$; /* /* */ */ END; \"q\" "
        "-- e";
    for (std::size_t length = 0; length <= text.size(); ++length) {
        const test::ExactBuffer part(text.substr(0, length));
        const auto script = split_statements(part.text());
        for (const auto& statement : script.statements) EXPECT_FALSE(statement.text.empty());
    }
}

TEST(TransactionControl, IsFound) {
    EXPECT_EQ(control("BEGIN"), "BEGIN");
    EXPECT_EQ(control("begin isolation level serializable"), "BEGIN");
    EXPECT_EQ(control("/* */ Commit -- x"), "COMMIT");
    EXPECT_EQ(control("COMMIT PREPARED 'x'"), "COMMIT");
    EXPECT_EQ(control("END"), "END");
    EXPECT_EQ(control("abort"), "ABORT");
    EXPECT_EQ(control("START TRANSACTION"), "START TRANSACTION");
    EXPECT_EQ(control("PREPARE TRANSACTION 'x'"), "PREPARE TRANSACTION");
    EXPECT_EQ(control("ROLLBACK"), "ROLLBACK");
    EXPECT_EQ(control("ROLLBACK WORK"), "ROLLBACK");
    EXPECT_EQ(control("ROLLBACK AND CHAIN"), "ROLLBACK");
}

TEST(TransactionControl, IsNotSuspected) {
    for (const char* text :
         {"SAVEPOINT a", "ROLLBACK TO a", "ROLLBACK WORK TO SAVEPOINT a", "RELEASE a",
          "PREPARE p AS SELECT 1", "SET TRANSACTION READ ONLY", "COMMENT ON TABLE t IS 'COMMIT'",
          "DO $$ BEGIN COMMIT; END $$", "\"commit\"", "SELECT commit FROM t"}) {
        EXPECT_EQ(control(text), "") << text;
    }
}

TEST(PlaceOf, CountsCharactersAndLines) {
    const auto script = split_statements("\nSELECT '\xc3\xa4\xe2\x82\xac',\n  nope");
    ASSERT_EQ(script.statements.size(), 1U);
    const auto& statement = script.statements[0];
    const auto place = [&](int position) {
        const auto at = place_of(statement, position);
        return std::pair(at.line, at.column);
    };
    EXPECT_EQ(place(0), std::pair(2, 1));
    EXPECT_EQ(place(1), std::pair(2, 1));
    EXPECT_EQ(place(12), std::pair(2, 12));  // the comma, behind two characters of five bytes
    EXPECT_EQ(place(16), std::pair(3, 3));
    EXPECT_EQ(place(99'999).first, 3);
}

}  // namespace
}  // namespace pgsidecar::db
