#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "sql/analysis.hpp"
#include "sql/classifier.hpp"

namespace pgsidecar::sql {
namespace {

using model::StatementKind;
using Tables = std::vector<std::string>;

struct Case {
    const char* text;
    StatementKind kind;
    const char* table;
    Tables tables;
};

std::string joined(const Tables& tables) {
    std::string out;
    for (const auto& table : tables) out += table + ",";
    return out;
}

const Case kParsed[] = {
    {"SELECT 1", StatementKind::Select, "", {}},
    {"select * from a join s.b using (x), \"C\"", StatementKind::Select, "a", {"a", "s.b", "C"}},
    {"select (select 1 from inner_t) from outer_t",
     StatementKind::Select,
     "outer_t",
     {"inner_t", "outer_t"}},
    {"select * from (select * from t) x", StatementKind::Select, "t", {"t"}},
    {"select 1 from a union select 2 from b", StatementKind::Select, "a", {"a", "b"}},
    {"values (1), (2)", StatementKind::Select, "", {}},
    {"table t", StatementKind::Select, "t", {"t"}},
    {"with x as (select * from t) select * from x", StatementKind::Select, "t", {"t"}},
    {"with x as (select 1) select * from x join s.x using (a)",
     StatementKind::Select,
     "s.x",
     {"s.x"}},
    {"with x as (delete from old returning *) select * from x",
     StatementKind::Delete,
     "old",
     {"old"}},
    {"with x as (select 1), y as (insert into b select * from a returning 1) select * from x, y",
     StatementKind::Insert,
     "b",
     {"b", "a"}},
    {"with x as (delete from old returning *) insert into s.log select * from x",
     StatementKind::Insert,
     "s.log",
     {"s.log", "old"}},
    {"with x as (select * from t) update u set a = 1 from x",
     StatementKind::Update,
     "u",
     {"u", "t"}},
    {"insert into t (a) values (1) on conflict do nothing returning a",
     StatementKind::Insert,
     "t",
     {"t"}},
    {"INSERT INTO \"My Schema\".\"T\"\"x\" SELECT * FROM s",
     StatementKind::Insert,
     "My Schema.T\"x",
     {"My Schema.T\"x", "s"}},
    {"update only s.t set a = 1 from b", StatementKind::Update, "s.t", {"s.t", "b"}},
    {"delete from t using u where t.a = u.a", StatementKind::Delete, "t", {"t", "u"}},
    {"merge into t using s on t.a = s.a when matched then delete",
     StatementKind::Merge,
     "t",
     {"t", "s"}},
    {"create table s.t (a int primary key, b text default 'x')",
     StatementKind::Ddl,
     "s.t",
     {"s.t"}},
    {"create table t as select * from u", StatementKind::Ddl, "t", {"u", "t"}},
    {"select * into n from u", StatementKind::Ddl, "n", {"n", "u"}},
    {"create unique index concurrently i on t (lower(a))", StatementKind::Ddl, "t", {"t"}},
    {"alter table t add column a int", StatementKind::Ddl, "t", {"t"}},
    {"drop table if exists s.a, b cascade", StatementKind::Ddl, "s.a", {"s.a", "b"}},
    {"drop type t", StatementKind::Ddl, "", {}},
    {"truncate a, b", StatementKind::Ddl, "a", {"a", "b"}},
    {"grant select on t to joe", StatementKind::Ddl, "t", {"t"}},
    {"create view v as select * from t", StatementKind::Ddl, "v", {"v", "t"}},
    {"create role x password 'y'", StatementKind::Ddl, "", {}},
    {"create sequence s", StatementKind::Ddl, "", {}},
    {"create table t (a int array[4], b text[] default array['x'])",
     StatementKind::Ddl,
     "t",
     {"t"}},
    {"create event trigger e on sql_drop when tag in ('DROP TABLE') execute procedure f()",
     StatementKind::Ddl,
     "",
     {}},
    {"BEGIN", StatementKind::Transaction, "", {}},
    {"start transaction isolation level serializable", StatementKind::Transaction, "", {}},
    {"commit", StatementKind::Transaction, "", {}},
    {"END", StatementKind::Transaction, "", {}},
    {"rollback to savepoint x", StatementKind::Transaction, "", {}},
    {"release x", StatementKind::Transaction, "", {}},
    {"prepare transaction 'x'", StatementKind::Transaction, "", {}},
    {"copy s.t (a, b) from stdin with (format csv)", StatementKind::Copy, "s.t", {"s.t"}},
    {"copy (select * from q) to stdout", StatementKind::Copy, "q", {"q"}},
    {"set statement_timeout = '1s'", StatementKind::Set, "", {}},
    {"set time zone interval '-08:00' hour to minute", StatementKind::Set, "", {}},
    {"reset all", StatementKind::Set, "", {}},
    {"discard all", StatementKind::Set, "", {}},
    {"show all", StatementKind::Other, "", {}},
    {"call p(1)", StatementKind::Call, "", {}},
    {"do $$ begin delete from secret; end $$", StatementKind::Call, "", {}},
    {"prepare p (int) as select * from t where a = $1", StatementKind::Prepare, "t", {"t"}},
    {"execute p(1)", StatementKind::Prepare, "", {}},
    {"deallocate all", StatementKind::Prepare, "", {}},
    {"listen c", StatementKind::Listen, "", {}},
    {"notify c, 'x'", StatementKind::Listen, "", {}},
    {"declare c cursor for select * from t", StatementKind::Cursor, "t", {"t"}},
    {"fetch 5 from c", StatementKind::Cursor, "", {}},
    {"close c", StatementKind::Cursor, "", {}},
    {"explain (analyze, buffers) delete from t", StatementKind::Explain, "t", {"t"}},
    {"vacuum (analyze) t", StatementKind::Other, "t", {"t"}},
    {"lock table t in share mode", StatementKind::Other, "t", {"t"}},
    {"checkpoint", StatementKind::Other, "", {}},
    {"select interval '1' second(3), float(5) '1', bit(3) '101', numeric(10,2) '1', 'x' like 'y' "
     "escape 'z'",
     StatementKind::Select,
     "",
     {}},
};

TEST(StatementKindTest, FromThePostgresGrammar) {
    Classifier classifier({});
    for (const Case& c : kParsed) {
        const auto shapes = classifier.classify(c.text);
        ASSERT_EQ(shapes.size(), 1U) << c.text;
        EXPECT_EQ(shapes[0]->kind, c.kind) << c.text;
        EXPECT_EQ(shapes[0]->table, c.table) << c.text;
        EXPECT_EQ(joined(shapes[0]->tables), joined(c.tables)) << c.text;
        EXPECT_EQ(classifier.stats().parse_failures, 0U) << c.text;
    }
}

// Newer grammar, other dialects and mistakes: the server may still take them.
const Case kUnparsed[] = {
    {"merge into s.t using u on t.a = u.a when matched then delete returning *",
     StatementKind::Merge,
     "s.t",
     {}},
    {"select * from json_table(jsonb '[]', '$[*]' columns (a int path '$'))",
     StatementKind::Select,
     "json_table",
     {}},
    {"with x as (delete from old returning old.* with) select * from x x x x",
     StatementKind::Delete,
     "old",
     {}},
    {"with x as (select 1 1 1) insert into \"L\".log select * from x",
     StatementKind::Insert,
     "L.log",
     {}},
    {"(select 1 1 from t) union", StatementKind::Select, "t", {}},
    {"update only t set", StatementKind::Update, "t", {}},
    {"create tabel t (a int)", StatementKind::Ddl, "", {}},
    {"alter table if exists t frobnicate", StatementKind::Ddl, "t", {}},
    {"explain analyze update t set", StatementKind::Explain, "t", {}},
    {"commit please now", StatementKind::Transaction, "", {}},
    {"frobnicate the table", StatementKind::Unknown, "", {}},
    {"'just a string'", StatementKind::Unknown, "", {}},
    {"with", StatementKind::Unknown, "", {}},
    {"((((", StatementKind::Unknown, "", {}},
};

TEST(StatementKindTest, FromKeywordsWhenTheGrammarRefuses) {
    Classifier classifier({});
    std::uint64_t failures = 0;
    for (const Case& c : kUnparsed) {
        const auto shapes = classifier.classify(c.text);
        ASSERT_EQ(shapes.size(), 1U) << c.text;
        EXPECT_EQ(shapes[0]->kind, c.kind) << c.text;
        EXPECT_EQ(shapes[0]->table, c.table) << c.text;
        EXPECT_EQ(classifier.stats().parse_failures, ++failures) << c.text;
    }
    EXPECT_EQ(classifier.stats().too_complex, 0U);
}

TEST(StatementKindTest, ABulkInsertIsParsedHoweverLongItsRows) {
    std::string text = "insert into t values (1, now())";
    for (int i = 0; i < 50'000; ++i) text += ", (2, now())";
    Classifier classifier({});
    const auto shapes = classifier.classify(text);
    ASSERT_EQ(shapes.size(), 1U);
    EXPECT_EQ(shapes[0]->text, "insert into t values (?, now())");
    EXPECT_EQ(shapes[0]->table, "t");
    EXPECT_EQ(classifier.stats().parse_failures, 0U);
}

TEST(StatementKindTest, BoundsTheNumberAndLengthOfTables) {
    std::string text = "select 1 from " + std::string(200, 'n');
    for (int i = 0; i < 100; ++i) text += ", t" + std::to_string(i);
    Classifier classifier({});
    const auto shapes = classifier.classify(text);
    ASSERT_EQ(shapes.size(), 1U);
    EXPECT_EQ(shapes[0]->tables.size(), kMaxTables);
    EXPECT_EQ(shapes[0]->table, std::string(kMaxNameBytes, 'n'));
}

}  // namespace
}  // namespace pgsidecar::sql
