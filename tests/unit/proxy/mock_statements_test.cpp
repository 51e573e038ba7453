#include <gmock/gmock.h>

#include "tests/unit/proxy/mock_talk.hpp"

namespace pgsidecar::test {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;
using testing::StartsWith;

struct Asked {
    const char* sql;
    const char* columns;  ///< name:type each
    const char* row;      ///< null: no row
};
void PrintTo(const Asked& asked, std::ostream* out) { *out << asked.sql; }

class MockSelect : public testing::TestWithParam<Asked> {};

TEST_P(MockSelect, SaysWhatPostgresqlWould) {
    MockTalk talk;
    auto lines = talk.ask(GetParam().sql);
    ASSERT_GE(lines.size(), 3u) << testing::PrintToString(lines);
    EXPECT_EQ(lines[0], std::string("T ") + GetParam().columns);
    if (GetParam().row != nullptr) {
        EXPECT_EQ(lines[1], std::string("D ") + GetParam().row);
    } else {
        EXPECT_THAT(lines[1], StartsWith("C "));
    }
    EXPECT_EQ(lines.back(), "Z I");
}

constexpr Asked kConstants[] = {
    {"select 1", "?column?:23", "1"},
    {"SELECT 1 AS one, 'two' \"Two\", null three", "one:23 Two:25 three:25", "1|two|NULL"},
    {"select 3000000000", "?column?:20", "3000000000"},
    {"select 99999999999999999999", "?column?:1700", "99999999999999999999"},
    {"select 1.50", "?column?:1700", "1.50"},
    {"select -5, - 5, +5", "?column?:23 ?column?:23 ?column?:23", "-5|-5|5"},
    {"select 6 * 7 + 1, 7/2, 7%4", "?column?:23 ?column?:23 ?column?:23", "43|3|3"},
    {"select (1 + 1) * 2", "?column?:23", "4"},
    {"select 2147483647 + 1", "?column?:23", "NULL"},
    {"select 1/0", "?column?:23", "NULL"},
    {"select 1 = 1, 1 <> 1, 'a' = 'b', 2 >= 1", "?column?:16 ?column?:16 ?column?:16 ?column?:16",
     "t|f|f|t"},
    {"select not true, null is null, 1 is not null", "?column?:16 ?column?:16 ?column?:16",
     "f|t|t"},
    {"select true, false as no", "bool:16 no:16", "t|f"},
    {"select 'it''s', E'a\\tb\\u0041', $$dollar$$, $x$a$b$x$",
     "?column?:25 ?column?:25 ?column?:25 ?column?:25", "it's|a\\x09bA|dollar|a$b"},
    {"select 'one'\n  'two'", "?column?:25", "onetwo"},
    {"select '5'::int, '7'::bigint, 'x'::varchar(10), 'yes'::boolean",
     "int4:23 int8:20 varchar:1043 bool:16", "5|7|x|t"},
    {"select '{}'::jsonb, 1::float8, 2::numeric(10,2), 'a'::text",
     "jsonb:3802 float8:701 numeric:1700 text:25", "{}|1|2|a"},
    {"select cast('12' as integer), cast(1 as text) t", "int4:23 t:25", "12|1"},
    {"select 'abc'::int, 'no'::uuid", "int4:23 uuid:2950", "NULL|NULL"},
    {"select date '2026-01-02', timestamp with time zone '2026-01-02 03:04:05+01'",
     "date:1082 timestamptz:1184", "2026-01-02|2026-01-02 02:04:05+00"},
    {"select interval '1 day', '1 h'::interval hour to minute", "interval:1186 ?column?:25",
     "1 day|NULL"},
    {"select 'f'::pg_catalog.bool, '{1,2}'::int[]", "bool:16 int4:1007", "f|{1,2}"},
    {"select array[1, 2], array['a b', null]", "array:1007 array:1009",
     "{\"1\",\"2\"}|{\"a b\",NULL}"},
    {"select 'a' || 'b' || 'c'", "?column?:25", "abc"},
    {"select (select 5), (select x from t), exists (select 1 from t)", "?column?:23 x:25 exists:16",
     "5|NULL|f"},
    {"select case when true then 1 end", "case:25", "NULL"},
    {"select a is distinct from b from t", "?column?:16", nullptr},
    {"select /* c */ 1 -- d\n, 2", "?column?:23 ?column?:23", "1|2"},
    {"(select 1)", "?column?:23", "1"},
    {"with x as (select 1) select 2", "?column?:23", "2"},
    {"select distinct on (a) a, b c from t", "a:25 c:25", nullptr},
    {"select t.a, s.t.\"B\", count(*) over () n from t", "a:25 B:25 n:20", nullptr},
    {"select count(*) from t", "count:20", "0"},
    {"select count(*)::int n, max(id), sum(x), coalesce(max(id), 7) m from t where a = 'from'",
     "n:23 max:25 sum:20 m:23", "0|NULL|NULL|7"},
    {"select a, count(*) from t group by a", "a:25 count:20", nullptr},
    {"select id::int, name from t order by id limit 5", "id:23 name:25", nullptr},
    {"select 1 limit 0", "?column?:23", nullptr},
    {"select 1 where false", "?column?:23", nullptr},
    {"select generate_series(1, 3)", "generate_series:25", nullptr},
    {"select coalesce(null, 'x'), nullif(1, 1), lower('AbC'), upper('x'), concat('a', 1, null)",
     "coalesce:25 nullif:23 lower:25 upper:25 concat:25", "x|NULL|abc|X|a1"},
    {"select app.unknown_function(1, 'x')", "unknown_function:25", "NULL"},
    {"values (1, 'a')", "column1:23 column2:25", "1|a"},
};
INSTANTIATE_TEST_SUITE_P(Constants, MockSelect, testing::ValuesIn(kConstants));

constexpr Asked kFacts[] = {
    {"select current_database(), current_user, session_user, user, current_catalog",
     "current_database:19 current_user:19 session_user:19 user:19 current_catalog:19",
     "shop|app|app|app|shop"},
    {"select current_schema, current_schema(), current_schemas(true)",
     "current_schema:19 current_schema:19 current_schemas:1003",
     "public|public|{pg_catalog,public}"},
    {"select now(), current_timestamp at time zone 'utc' as u", "now:1184 u:1114",
     "2026-11-20 10:00:00.5+00|2026-11-20 10:00:00.5"},
    {"select current_date, localtimestamp, now()::date",
     "current_date:1082 localtimestamp:1114 now:1082",
     "2026-11-20|2026-11-20 10:00:00.5|2026-11-20"},
    {"select pg_backend_pid()", "pg_backend_pid:23", "4711"},
    {"select current_setting('server_version_num')::int / 10000 as major", "major:23", "15"},
    {"select current_setting('no.such', true)", "current_setting:25", "NULL"},
    {"select pg_catalog.pg_is_in_recovery(), pg_try_advisory_lock(1), pg_sleep(1)",
     "pg_is_in_recovery:16 pg_try_advisory_lock:16 pg_sleep:2278", "f|t|"},
    {"show server_version", "server_version:25", "15.0 (pgsidecar mock)"},
    {"show transaction isolation level", "transaction_isolation:25", "read committed"},
    {"show time zone", "TimeZone:25", "UTC"},
    {"show never_set", "never_set:25", ""},
};
INSTANTIATE_TEST_SUITE_P(Facts, MockSelect, testing::ValuesIn(kFacts));

constexpr Asked kCatalogue[] = {
    {"SELECT n.nspname as \"Schema\", c.relname as \"Name\", CASE c.relkind WHEN 'r' THEN 'table' "
     "END as \"Type\" FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_namespace n ON n.oid = "
     "c.relnamespace WHERE c.relkind IN ('r','p') ORDER BY 1,2",
     "Schema:25 Name:25 Type:25", nullptr},
    {"select t.oid, t.typname::text, t.typelem::int4 from pg_type t join pg_namespace ns on "
     "t.typnamespace = ns.oid",
     "oid:25 typname:25 typelem:23", nullptr},
    {"select table_name from information_schema.tables", "table_name:25", nullptr},
    {"select exists (select from pg_tables where tablename = 'x') as there", "there:16", "f"},
};
INSTANTIATE_TEST_SUITE_P(Catalogue, MockSelect, testing::ValuesIn(kCatalogue));

TEST(MockStatements, StarOfAnUnknownTableHasNoColumns) {
    MockTalk talk;
    EXPECT_THAT(talk.ask("select * from t"), ElementsAre("T", "C SELECT 0", "Z I"));
    EXPECT_THAT(talk.ask("table t"), ElementsAre("T", "C SELECT 0", "Z I"));
}

TEST(MockStatements, WritesAreCounted) {
    MockTalk talk;
    EXPECT_EQ(talk.tag("insert into t values (1)"), "INSERT 0 1");
    EXPECT_EQ(talk.tag("insert into s.t (a, b) values (1, '('), (2, ')'), (3, $$,$$)"),
              "INSERT 0 3");
    EXPECT_EQ(talk.tag("insert into t default values"), "INSERT 0 1");
    EXPECT_EQ(talk.tag("insert into t (a) values (1) on conflict (a) do update set a = 2"),
              "INSERT 0 1");
    EXPECT_EQ(talk.tag("insert into t (a) select 1"), "INSERT 0 1");
    EXPECT_EQ(talk.tag("insert into t (a) select b from s"), "INSERT 0 0");
    EXPECT_EQ(talk.tag("insert into t (select b from s)"), "INSERT 0 0");
    EXPECT_EQ(talk.tag("with x as (select 1) insert into t as q (a) values (1), (2)"),
              "INSERT 0 2");
    EXPECT_EQ(talk.tag("update t set a = 1"), "UPDATE 0");
    EXPECT_EQ(talk.tag("delete from t where a in (1, 2)"), "DELETE 0");
    EXPECT_EQ(talk.tag("merge into t using s on t.a = s.a when matched then delete"), "MERGE 0");
}

TEST(MockStatements, ReturningGivesWhatWasGiven) {
    MockTalk talk;
    EXPECT_THAT(
        talk.ask("insert into t (id, \"Name\", born) values (1, 'a', null), (2, 'b', now()) "
                 "returning id, \"Name\" as n, born, made_up, id + 1 as next"),
        ElementsAre("T id:23 n:25 born:25 made_up:25 next:23", "D 1|a|NULL|NULL|2",
                    "D 2|b|2026-11-20 10:00:00.5+00|NULL|3", "C INSERT 0 2", "Z I"));
    EXPECT_THAT(talk.ask("insert into t (a, \"b\"\"c\") values (1, 2) returning *"),
                ElementsAre("T a:23 b\"c:23", "D 1|2", "C INSERT 0 1", "Z I"));
    EXPECT_THAT(talk.ask("update t set a = 1 returning a, b::int"),
                ElementsAre("T a:25 b:23", "C UPDATE 0", "Z I"));
    EXPECT_THAT(talk.ask("delete from t returning 'x' as gone"),
                ElementsAre("T gone:25", "C DELETE 0", "Z I"));
    EXPECT_THAT(talk.ask("insert into t default values returning id"),
                ElementsAre("T id:25", "D NULL", "C INSERT 0 1", "Z I"));
}

TEST(MockStatements, DefinitionsHaveTheirTags) {
    MockTalk talk;
    EXPECT_EQ(talk.tag("create table if not exists t (id int primary key)"), "CREATE TABLE");
    EXPECT_EQ(talk.tag("create temp table t (id int)"), "CREATE TABLE");
    EXPECT_EQ(talk.tag("create table t as select 1"), "SELECT 0");
    EXPECT_EQ(talk.tag("select 1 into t"), "SELECT 0");
    EXPECT_EQ(talk.tag("create unique index concurrently i on t (a)"), "CREATE INDEX");
    EXPECT_EQ(talk.tag("create or replace function f() returns int language sql as 'select 1'"),
              "CREATE FUNCTION");
    EXPECT_EQ(talk.tag("create materialized view v as select 1"), "SELECT 0");
    EXPECT_EQ(talk.tag("create user u"), "CREATE ROLE");
    EXPECT_EQ(talk.tag("create extension if not exists pgcrypto"), "CREATE EXTENSION");
    EXPECT_EQ(talk.tag("alter table t add column x int"), "ALTER TABLE");
    EXPECT_EQ(talk.tag("drop table if exists t"), "DROP TABLE");
    EXPECT_EQ(talk.tag("drop foreign table t"), "DROP FOREIGN TABLE");
    EXPECT_EQ(talk.tag("truncate t"), "TRUNCATE TABLE");
    EXPECT_EQ(talk.tag("grant select on t to u"), "GRANT");
    EXPECT_EQ(talk.tag("grant u to v"), "GRANT ROLE");
    EXPECT_EQ(talk.tag("comment on table t is 'x'"), "COMMENT");
    EXPECT_EQ(talk.tag("vacuum t"), "VACUUM");
    EXPECT_EQ(talk.tag("listen c; notify c, 'x'; unlisten *"), "LISTEN; NOTIFY; UNLISTEN");
    EXPECT_EQ(talk.tag("lock table t"), "LOCK TABLE");
    EXPECT_EQ(talk.tag("do $$ begin perform 1; end $$"), "DO");
    EXPECT_EQ(talk.tag("call p()"), "CALL");
    EXPECT_EQ(talk.tag("discard all"), "DISCARD ALL");
    EXPECT_THAT(talk.ask("explain select 1"), Contains("C EXPLAIN"));
}

TEST(MockStatements, AFunctionBodyIsOneStatement) {
    MockTalk talk;
    EXPECT_EQ(talk.tag("create function f() returns int begin atomic select case when true then 1 "
                       "end; select 2; end; select 1"),
              "CREATE FUNCTION; SELECT 1");
}

TEST(MockStatements, RandomUuidsAreVersion4AndDiffer) {
    MockTalk talk;
    std::string first = talk.scalar("select gen_random_uuid()");
    EXPECT_THAT(first, MatchesRegex("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-"
                                    "[0-9a-f]{12}"));
    EXPECT_NE(first, talk.scalar("select gen_random_uuid()"));
}

TEST(MockStatements, SequencesCountForTheConnection) {
    MockTalk talk;
    EXPECT_EQ(talk.scalar("select nextval('s')"), "1");
    EXPECT_EQ(talk.scalar("select nextval('s')"), "2");
    EXPECT_EQ(talk.scalar("select currval('s')"), "2");
    EXPECT_EQ(talk.scalar("select setval('s', 40)"), "40");
    EXPECT_EQ(talk.scalar("select nextval('s')"), "41");
}

TEST(MockStatements, WhatTheGrammarRefusesIsASyntaxError) {
    MockTalk talk;
    for (const char* bad : {"selec 1", "select from where", "insert into", "select 'abc",
                            "select (1", "create table t (", "commit and"}) {
        auto lines = talk.ask(bad);
        EXPECT_THAT(lines, ElementsAre(StartsWith("E 42601 "), "Z I")) << bad;
        EXPECT_EQ(lines, talk.ask(bad)) << "the second time: " << bad;
    }
    EXPECT_THAT(talk.ask("select 1; selec 2"), ElementsAre(StartsWith("E 42601 "), "Z I"))
        << "as in PostgreSQL, nothing of it runs";
    EXPECT_THAT(talk.ask("select 'é''"), ElementsAre(HasSubstr("unterminated"), "Z I"));
}

TEST(MockStatements, ManyRefusedTextsDoNotConfuseTheCheck) {
    MockTalk talk;
    for (int i = 0; i < 6'000; ++i) {
        std::string name = "bad" + std::to_string(i);
        ASSERT_THAT(talk.ask(name + " x"), ElementsAre(StartsWith("E 42601 "), "Z I")) << i;
    }
    EXPECT_THAT(talk.ask("bad5999 x"), ElementsAre(StartsWith("E 42601 "), "Z I"));
    EXPECT_EQ(talk.scalar("select 1"), "1");
}

TEST(MockStatements, DeepNestingIsSurvived) {
    MockTalk talk;
    std::string deep(3'000, '(');
    EXPECT_THAT(talk.ask("select " + deep + "1" + std::string(3'000, ')')).back(), "Z I");
    std::string signs;
    for (int i = 0; i < 3'000; ++i) signs += "- ";
    EXPECT_THAT(talk.ask("select " + signs + "1").back(), "Z I");
    std::string nots;
    for (int i = 0; i < 60'000; ++i) nots += "not ";
    EXPECT_THAT(talk.ask("select " + nots + "true").back(), "Z I");
    std::string functions;
    for (int i = 0; i < 3'000; ++i) functions += "coalesce(";
    EXPECT_THAT(talk.ask("select " + functions + "1" + std::string(3'000, ')')).back(), "Z I");
}

TEST(MockStatements, TooMuchToReturnIsRefused) {
    MockTalk talk;
    std::string wide = "select 1";
    for (int i = 0; i < 1'664; ++i) wide += ",1";
    EXPECT_THAT(talk.ask(wide), ElementsAre(StartsWith("E 54011 "), "Z I"));
    std::string rows = "insert into t (a) values (1)";
    for (int i = 0; i < 2'000; ++i) rows += ",(1)";
    EXPECT_EQ(talk.tag(rows), "INSERT 0 2001");
    rows += " returning a";
    for (int i = 0; i < 100; ++i) rows += ",a";
    EXPECT_THAT(talk.ask(rows), ElementsAre(StartsWith("E 54000 "), "Z I"));
}

}  // namespace
}  // namespace pgsidecar::test
