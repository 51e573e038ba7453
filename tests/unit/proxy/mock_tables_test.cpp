#include <gmock/gmock.h>

#include "proxy/mock/parameters.hpp"
#include "proxy/mock/table_book.hpp"
#include "tests/unit/proxy/mock_talk.hpp"

namespace pgsidecar::test {
namespace {

using proxy::mock::Oid;
using proxy::mock::TableBook;
using sql::Backslash;
using testing::ElementsAre;

std::string columns_of(const TableBook& book, std::string_view table) {
    auto found = book.find(table);
    if (!found) return "unknown";
    std::string out;
    for (const auto& column : *found)
        out += (out.empty() ? "" : " ") + column.name + ":" + std::to_string(column.type);
    return out;
}

TEST(MockTables, AreReadFromTheirDefinition) {
    TableBook book;
    book.learn(
        "create table if not exists app.items (id serial primary key, \"Name\" varchar(10) not "
        "null default 'x, y', price numeric(10, 2), at timestamp with time zone default now(), "
        "tags text[], kind my_enum, constraint c check (id > 0), primary key (id), "
        "unique (\"Name\"))",
        Backslash::Plain);
    EXPECT_EQ(columns_of(book, "items"), "id:23 Name:1043 price:1700 at:1184 tags:1009 kind:25");
    book.learn("create table if not exists items (other int)", Backslash::Plain);
    EXPECT_EQ(columns_of(book, "items").substr(0, 5), "id:23");
    book.learn("create index i on items (id)", Backslash::Plain);
    book.learn("create table copy_of as select 1", Backslash::Plain);
    EXPECT_EQ(columns_of(book, "copy_of"), "unknown");
}

TEST(MockTables, FollowChanges) {
    TableBook book;
    book.learn("create temp table t (a int, b text)", Backslash::Plain);
    book.learn("alter table only s.t add column c uuid not null, drop b, alter a type bigint",
               Backslash::Plain);
    EXPECT_EQ(columns_of(book, "t"), "a:20 c:2950");
    book.learn("alter table t rename column c to d", Backslash::Plain);
    book.learn("alter table if exists t rename to u", Backslash::Plain);
    EXPECT_EQ(columns_of(book, "t"), "unknown");
    EXPECT_EQ(columns_of(book, "u"), "a:20 d:2950");
    book.learn("drop table if exists x, u cascade", Backslash::Plain);
    EXPECT_EQ(columns_of(book, "u"), "unknown");
}

TEST(MockTables, AreBounded) {
    TableBook book;
    for (std::size_t i = 0; i < TableBook::kMaxTables + 10; ++i)
        book.learn("create table t" + std::to_string(i) + " (a int)", Backslash::Plain);
    EXPECT_TRUE(book.find("t0"));
    EXPECT_FALSE(book.find("t" + std::to_string(TableBook::kMaxTables + 1)));
    book.learn("drop table t0", Backslash::Plain);
    book.learn("create table again (a int)", Backslash::Plain);
    EXPECT_TRUE(book.find("again"));
    for (const char* broken : {"create", "create table", "create table t (", "create table t (,)",
                               "alter table", "alter table t1", "alter table t1 add", "drop table",
                               "alter table t1 rename to", "drop table ,", "alter table t1 drop"}) {
        book.learn(broken, Backslash::Plain);
    }
}

TEST(MockTables, GiveParametersTheirTypes) {
    TableBook book;
    book.learn("create table t (id int, name text, at timestamptz, ok bool)", Backslash::Plain);
    auto types = [&](std::string_view sql, std::vector<Oid> given = {}) {
        return proxy::mock::parameter_types_of(sql, std::move(given), book, Backslash::Plain);
    };
    EXPECT_THAT(types("insert into t (at, id) values ($1, $2), ($3, $4 + 1)"),
                ElementsAre(1184u, 23u, 1184u, 25u));
    EXPECT_THAT(types("insert into t values ($1, $2, now(), $3)"), ElementsAre(23u, 25u, 16u));
    EXPECT_THAT(types("update t set ok = $1, at = $2 where t.id = $3"),
                ElementsAre(16u, 1184u, 23u));
    EXPECT_THAT(types("select 1 from t x where x.id in ($1, $2) and $3 < at limit $4 offset $5"),
                ElementsAre(23u, 23u, 1184u, 20u, 20u));
    EXPECT_THAT(types("select 1 from t where id = any($1) and at between $2 and $3 and name = $4"),
                ElementsAre(1007u, 1184u, 1184u, 25u));
    EXPECT_THAT(types("select 1 from unknown where id = $1 and b = $2::uuid", {0, 0}),
                ElementsAre(25u, 2950u));
    EXPECT_THAT(types("select cast($2 as date), $1", {20}), ElementsAre(20u, 1082u));
    EXPECT_THAT(types("select $65536, $0, $99999999999999999999"), testing::IsEmpty());
}

TEST(MockTables, MakeAnswersTyped) {
    MockTalk talk;
    talk.ask("create table t (id int primary key, name text); create table u (id uuid)");
    EXPECT_THAT(talk.ask("select * from t"), ElementsAre("T id:23 name:25", "C SELECT 0", "Z I"));
    EXPECT_THAT(talk.ask("select b.*, a.name, a.id i from t as a join u b using (id)"),
                ElementsAre("T id:2950 name:25 i:23", "C SELECT 0", "Z I"));
    EXPECT_THAT(talk.ask("table t"), ElementsAre("T id:23 name:25", "C SELECT 0", "Z I"));
    EXPECT_THAT(talk.ask("insert into t values ($1, $2) returning *", {"5", "x"}),
                ElementsAre("1", "2", "T id:23 name:25", "D 5|x", "C INSERT 0 1", "Z I"));
    EXPECT_THAT(talk.ask("insert into t (name) values ('y') returning *"),
                ElementsAre("T id:23 name:25", "D NULL|y", "C INSERT 0 1", "Z I"));
    EXPECT_THAT(talk.ask("update t set name = 'x' returning *, id + 1"),
                ElementsAre("T id:23 name:25 ?column?:23", "C UPDATE 0", "Z I"));
    EXPECT_THAT(talk.ask("delete from t using u where t.id = 1 returning id"),
                ElementsAre("T id:23", "C DELETE 0", "Z I"));
    EXPECT_THAT(talk.ask("select max(id), count(*) from t"),
                ElementsAre("T max:23 count:20", "D NULL|0", "C SELECT 1", "Z I"));
    EXPECT_THAT(talk.ask("copy t from stdin"),
                ElementsAre("G \\x00\\x00\\x02\\x00\\x00\\x00\\x00"));
}

}  // namespace
}  // namespace pgsidecar::test
