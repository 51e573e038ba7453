#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "sql/classifier.hpp"
#include "sql/harmless_functions.hpp"

namespace pgsidecar::sql {
namespace {

const char* const kReads[] = {
    "select 1",
    "SELECT * FROM t WHERE a = $1",
    "select a + b * c || d, e[1], (f).g, h::text, i at time zone 'UTC' from t",
    "values (1), (2)",
    "table t",
    "(select 1) union all (select 2) order by 1 limit 5",
    "with x as (select 1), y as materialized (select 2) select * from x, y",
    "with recursive r as (select 1 union all select a + 1 from r) select * from r",
    "select count(*), sum(a), avg(b) filter (where c), max(d) over (partition by e) from t",
    "select row_number() over w, rank() over w, lag(a) over w from t window w as (order by b)",
    "select percentile_cont(0.5) within group (order by a), mode() within group (order by b) from "
    "t",
    "select lower(a), upper(b), substring(c from 1 for 2), trim(both 'x' from d), position('a' in "
    "e)",
    "select overlay(a placing 'b' from 1), concat_ws(',', a, b), format('%s', c), md5(d), left(e, "
    "1)",
    "select round(a, 2), floor(b), power(c, 2), random(), greatest(1, 2), coalesce(a, b), "
    "nullif(a, b)",
    "select now(), current_date, current_timestamp, localtime, clock_timestamp(), age(a, b)",
    "select date_trunc('day', a), extract(year from b), to_char(c, 'YYYY'), to_timestamp(d)",
    "select jsonb_build_object('a', b), c -> 'd' ->> 'e', json_agg(f), row_to_json(t) from t",
    "select * from jsonb_array_elements($1), jsonb_to_recordset($2) as x (a int, b text)",
    "select * from generate_series(1, 10) with ordinality, unnest(array[1, 2]), lateral (select 1) "
    "l",
    "select * from rows from (generate_series(1, 2), unnest($1)) x",
    "select array_agg(a order by b), array_length(c, 1), string_to_array(d, ','), a = any "
    "(array[1])",
    "select current_setting('search_path'), version(), pg_backend_pid(), current_user, "
    "current_schema",
    "select current_database(), current_schemas(true), pg_typeof(a), pg_sleep(1)",
    "select has_table_privilege('t', 'select'), pg_get_viewdef(1), obj_description(1), "
    "format_type(a, b)",
    "select to_regclass('t'), 'pg_class'::regclass, pg_table_size('t'), pg_size_pretty(1::bigint)",
    "select ts_rank(to_tsvector('a'), to_tsquery('b')), 'a' @@ 'b'",
    "select pg_catalog.now(), pg_catalog.count(*)",
    "select \"now\"()",
    "select xmlelement(name a, b), xmlagg(c), a is document, xmlparse(content d)",
    "select a like 'b' escape 'c', a similar to 'd', a ~ 'e', (a, b) overlaps (c, d), a between 1 "
    "and 2",
    "select exists (select 1 from t), (select max(a) from u), a in (select b from v)",
    "select case a when 1 then 2 else 3 end, a is distinct from b, not c, grouping(a) from t group "
    "by a",
    "select * from t tablesample bernoulli (1) repeatable (2)",
    "select * from xmltable('/a' passing b columns c int path 'd')",
    "select distinct on (a) a, b from t order by a, b fetch first 5 rows with ties",
    "select a collate \"C\", interval '1 day', date '2020-01-01', b'01', x'ff', e'\\n'",
    "show work_mem",
    "show all",
    "show transaction isolation level",
    "explain select * from t",
    "explain (verbose, costs off, format json) select * from t",
    "explain insert into t values (1)",
    "explain update t set a = 1",
};

const char* const kWrites[] = {
    "insert into t values (1)",
    "update t set a = 1",
    "delete from t",
    "merge into t using u on t.a = u.a when matched then delete",
    "with x as (insert into t values (1) returning a) select * from x",
    "with x as (delete from t returning a) select * from x",
    "with x as (update t set a = 1 returning a) table x",
    "select * from t for update",
    "select * from t for no key update of t skip locked",
    "select * from t for share nowait",
    "select * from t for key share",
    "select * from (select * from t for update) x",
    "with x as (select * from t for update) select * from x",
    "select 1 into t",
    "select * into temp t from u",
    "select my_function(1)",
    "select my.now()",
    "select pg_catalog.my_function(1)",
    "select lower(my_function(1))",
    "select * from my_function(1)",
    "select * from t where a = my_function(b)",
    "select a from t order by my_function(a)",
    "select count(*) filter (where my_function(a)) from t",
    "select * from t limit my_function(1)",
    "select 1 union select my_function(1)",
    "values (my_function(1))",
    "select * from rows from (now(), my_function(1)) x",
    "select nextval('s')",
    "select setval('s', 1)",
    "select currval('s')",
    "select lastval()",
    "select set_config('a', 'b', true)",
    "select pg_notify('a', 'b')",
    "select pg_advisory_lock(1)",
    "select pg_advisory_xact_lock(1)",
    "select pg_try_advisory_lock(1)",
    "select pg_advisory_unlock(1)",
    "select lo_create(0)",
    "select lo_unlink(1)",
    "select lo_get(1)",
    "select lowrite(1, 'a')",
    "select loread(1, 2)",
    "select dblink('a', 'b')",
    "select dblink_exec('a', 'b')",
    "select pg_terminate_backend(1)",
    "select pg_cancel_backend(1)",
    "select pg_reload_conf()",
    "select pg_rotate_logfile()",
    "select pg_switch_wal()",
    "select pg_promote()",
    "select pg_stat_reset()",
    "select pg_create_restore_point('a')",
    "select pg_export_snapshot()",
    "select pg_logical_slot_get_changes('a', null, null)",
    "select txid_current()",
    "select pg_current_xact_id()",
    "select setseed(0.5)",
    "select query_to_xml('delete from t', true, true, '')",
    "select table_to_xml('t', true, true, '')",
    "select cursor_to_xml('c', 1, true, true, '')",
    "select ts_stat('select 1')",
    "select ts_rewrite('a', 'select 1')",
    "select pg_read_file('a')",
    "select pg_ls_dir('a')",
    "select pg_import_system_collations('a')",
    "select pg_replication_origin_session_setup('a')",
    "select U&\"next\\0076al\"('s')",
    "explain analyze select 1",
    "explain (analyze) select 1",
    "explain (costs off, analyze true) select 1",
    "explain (analyze false) select 1",
    "explain execute p",
    "explain select my_function(1)",
    "explain select * from t for update",
    "begin",
    "commit",
    "savepoint s",
    "set work_mem = '1MB'",
    "reset all",
    "discard plans",
    "listen c",
    "notify c",
    "copy t to stdout",
    "copy (select 1) to stdout",
    "declare c cursor for select 1",
    "fetch 1 from c",
    "prepare p as select 1",
    "execute p",
    "call p()",
    "do $$ begin end $$",
    "lock table t",
    "vacuum",
    "analyze t",
    "create table t (a int)",
    "create view v as select 1",
    "refresh materialized view v",
    "truncate t",
    "load 'x'",
    "checkpoint",
    // Not parsed: not trusted.
    "select 1 1",
    "select * from json_table(jsonb '[]', '$[*]' columns (a int path '$'))",
    "show work_mem please",
    "explain (serialize x y) select 1",
    "values (1",
    "frobnicate",
};

TEST(ReadOnly, IsWhatMayRunTwice) {
    Classifier classifier({});
    for (const char* text : kReads) {
        EXPECT_TRUE(classifier.classify(text)[0]->read_only) << text;
        EXPECT_EQ(classifier.classify(text)[0]->effects, 0) << text;
    }
    EXPECT_EQ(classifier.stats().parse_failures, 0U);
    for (const char* text : kWrites) EXPECT_FALSE(classifier.classify(text)[0]->read_only) << text;
}

TEST(ReadOnly, AnyPartOfAWriteThatReadsHasLostItsWrite) {
    // A prefix may be a read of its own, but never with the name of a function that changes things
    // as a call in it.
    Classifier classifier({});
    for (const std::string_view text : kWrites) {
        for (std::size_t size = 1; size < text.size(); ++size) {
            for (const auto& shape : classifier.classify(text.substr(0, size))) {
                EXPECT_FALSE(shape->read_only &&
                             shape->text.find("my_function(") != std::string::npos)
                    << text.substr(0, size);
            }
        }
    }
}

TEST(ReadOnly, ATooLongOneIsNotTrusted) {
    std::string text = "select 1";
    for (int i = 0; i < 1'000; ++i) text += "+1";
    EXPECT_FALSE(Classifier({}).classify(text)[0]->read_only);
}

TEST(HarmlessFunctions, AreFoundByTheirWholeName) {
    for (std::string_view name : {"abbrev", "now", "count", "xpath_exists", "generate_series"})
        EXPECT_TRUE(is_harmless_function(name)) << name;
    for (std::string_view name : {"", " ", "no", "nowx", "NOW", "now count", "nextval", "zzz"})
        EXPECT_FALSE(is_harmless_function(name)) << name;
}

}  // namespace
}  // namespace pgsidecar::sql
