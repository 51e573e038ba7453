#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "sql/classifier.hpp"

namespace pgsidecar::sql {
namespace {

using model::TransactionVerb;
using namespace model::session_effect;

constexpr std::uint16_t kNothing = 0;

struct Case {
    const char* text;
    std::uint16_t effects;
};

const Case kCases[] = {
    {"select 1", kNothing},
    {"insert into t values (nextval('s')) returning a", kNothing},
    {"update t set a = my_function(b)", kNothing},
    {"delete from t where pg_advisory_xact_lock(1) is null", kNothing},
    {"copy t from stdin", kNothing},
    {"copy t to program 'x'", kNothing},
    {"lock table t", kNothing},
    {"vacuum t", kNothing},
    {"reindex table t", kNothing},
    {"checkpoint", kNothing},
    {"alter system set work_mem = '1MB'", kNothing},
    {"show all", kNothing},
    {"explain select 1", kNothing},
    {"begin", kNothing},
    {"commit", kNothing},
    {"rollback to s", kNothing},
    {"prepare transaction 'x'", kNothing},

    {"set work_mem = '1MB'", kSetsGuc},
    {"set session work_mem to default", kSetsGuc},
    {"set search_path = a, b", kSetsGuc},
    {"set app.user_id = '1'", kSetsGuc},
    {"set time zone 'UTC'", kSetsGuc},
    {"set names 'x'", kSetsGuc},
    {"set role x", kSetsGuc},
    {"set session authorization default", kSetsGuc},
    {"set session characteristics as transaction read only", kSetsGuc},
    {"set xml option document", kSetsGuc},
    {"set schema 'x'", kSetsGuc},
    {"reset work_mem", kSetsGuc},
    {"reset role", kSetsGuc},
    {"reset session authorization", kSetsGuc},
    {"reset time zone", kSetsGuc},
    {"set local work_mem = '1MB'", kNothing},
    {"set local role x", kNothing},
    {"set local time zone 'UTC'", kNothing},
    {"set transaction isolation level serializable, read only", kNothing},
    {"set transaction snapshot 'x'", kNothing},
    {"set transaction_isolation = 'serializable'", kNothing},
    {"set transaction_read_only to on", kNothing},
    {"set constraints all deferred", kNothing},
    {"reset all", kResetsAll},
    {"discard all", kResetsAll | kUnlistensAll | kDeallocatesAll},
    {"discard plans", kNothing},
    {"discard sequences", kNothing},
    {"discard temp", kNothing},
    {"select set_config('a.b', 'c', false)", kSetsGuc},
    {"select set_config('a.b', 'c', true)", kSetsGuc},
    {"select PG_CATALOG.\"set_config\"($1, $2, $3)", kSetsGuc},
    {"select U&\"set\\005fconfig\"('a', 'b', false)", kSetsGuc},
    {"select 1 from t where a = (select set_config('a', 'b', false))", kSetsGuc},
    {"with x as (select set_config('a', 'b', false)) insert into t select * from x", kSetsGuc},
    {"update t set a = set_config('a', 'b', false)", kSetsGuc},
    {"copy (select set_config('a', 'b', false)) to stdout", kSetsGuc},
    {"explain analyze select set_config('a', 'b', false)", kSetsGuc},
    {"select my.set_config('a', 'b', false)", kNothing},
    {"select 'set_config(1,2,3)', set_config from t", kNothing},

    {"listen c", kListens},
    {"unlisten c", kNothing},
    {"unlisten *", kUnlistensAll},
    {"notify c, 'x'", kNothing},
    {"select pg_notify('c', 'x')", kNothing},

    {"create temp table t (a int)", kTempTable | kChangesSchema},
    {"create temporary table t (a int) on commit delete rows", kTempTable | kChangesSchema},
    {"create local temp table t as select 1", kTempTable | kChangesSchema},
    {"create table pg_temp.t (a int)", kTempTable | kChangesSchema},
    {"create table \"pg_temp\".t as select 1", kTempTable | kChangesSchema},
    {"create temp view v as select 1", kTempTable | kChangesSchema},
    {"create or replace temp recursive view v (a) as select 1", kTempTable | kChangesSchema},
    {"create temp sequence s", kTempTable | kChangesSchema},
    {"create function pg_temp.f() returns int language sql as 'select 1'",
     kTempTable | kChangesSchema},
    {"create type pg_temp.x as (a int)", kTempTable | kChangesSchema},
    {"select 1 into temp t", kTempTable | kChangesSchema},
    {"select * into temporary table t from u", kTempTable | kChangesSchema},
    {"select * into pg_temp.t from u", kTempTable | kChangesSchema},
    {"explain analyze create temp table t as select 1", kTempTable | kChangesSchema},
    {"explain create temp table t as select 1", kNothing},
    {"create temp table t (a int) on commit drop", kChangesSchema},
    {"create temp table t on commit drop as select 1", kChangesSchema},
    {"select * from pg_temp.t", kNothing},
    {"insert into pg_temp.t values (1)", kNothing},

    {"select pg_advisory_lock(1)", kAdvisoryLock},
    {"select pg_catalog.pg_advisory_lock(1, 2)", kAdvisoryLock},
    {"select pg_advisory_lock_shared(1)", kAdvisoryLock},
    {"select a from t where pg_try_advisory_lock(a)", kAdvisoryLock},
    {"select pg_try_advisory_lock_shared(1)", kAdvisoryLock},
    {"select pg_advisory_xact_lock(1)", kNothing},
    {"select pg_try_advisory_xact_lock_shared(1)", kNothing},
    {"select pg_advisory_unlock(1)", kNothing},
    {"select pg_advisory_unlock_all()", kNothing},
    {"select pg_advisory_lock(1), set_config('a', 'b', false)", kAdvisoryLock | kSetsGuc},

    {"declare c cursor with hold for select 1", kHoldCursor},
    {"declare c insensitive scroll cursor with hold for select 1", kHoldCursor},
    {"declare c cursor for select 1", kNothing},
    {"declare c scroll cursor without hold for select 1", kNothing},
    {"fetch all from c", kNothing},
    {"close all", kNothing},

    {"prepare p as select 1", kSqlPrepare},
    {"prepare p as select pg_advisory_lock(1)", kSqlPrepare | kAdvisoryLock},
    {"execute p", kSqlPrepare},
    {"explain execute p", kSqlPrepare},
    {"create table t as execute p", kSqlPrepare | kChangesSchema},
    {"deallocate p", kSqlPrepare},
    {"deallocate prepare p", kSqlPrepare},
    {"deallocate all", kDeallocatesAll},

    {"create table t (a int)", kChangesSchema},
    {"create table t as select 1", kChangesSchema},
    {"select 1 into t", kChangesSchema},
    {"explain analyze create table t as select 1", kChangesSchema},
    {"alter table t add a int", kChangesSchema},
    {"drop view v", kChangesSchema},
    {"create index concurrently i on t (a)", kChangesSchema},
    {"grant select on t to x", kChangesSchema},
    {"alter role x set work_mem = '1MB'", kChangesSchema},
    {"create function f() returns int language sql set work_mem = '1MB' as 'select 1'",
     kChangesSchema},
    {"refresh materialized view v", kChangesSchema},
    {"create extension x", kChangesSchema},

    {"load 'x'", kLoads},
    {"do $$ begin set x.y = 1; end $$", kUnknown},
    {"call p()", kUnknown},
    {"select pg_replication_origin_session_setup('x')", kUnknown},

    // What the grammar of libpg_query does not have.
    {"merge into t using u on t.a = u.a when matched then delete returning *", kNothing},
    {"select * from json_table(jsonb '[]', '$[*]' columns (a int path '$'))", kNothing},
    {"select 1 1 from t where set_config('a', 'b', false) = ''", kUnknown},
    {"select 1 1 from t where \"set_config\"('a', 'b', false) = ''", kUnknown},
    {"select 1 1 from t where U&\"set_config\"('a', 'b', false) = ''", kUnknown},
    {"select 1 1, pg_try_advisory_lock(1)", kUnknown},
    {"select 1 1 into t", kUnknown},
    {"insert into t values (1) returning with (old as o) o.a", kNothing},
    {"create table t (a int) frobnicate", kChangesSchema},
    {"create temp table t (a int) frobnicate", kUnknown},
    {"create table pg_temp_3.t (a int) frobnicate", kUnknown},
    {"explain (serialize) execute p 1", kUnknown},
    {"explain (serialize x y) select 1", kNothing},
    {"set work_mem to to", kUnknown},
    {"commit please now", kUnknown},
    {"frobnicate", kUnknown},
    {"'x'", kUnknown},
};

TEST(Effects, AreWhatAStatementLeavesBehind) {
    Classifier classifier({});
    for (const Case& c : kCases) {
        const auto shapes = classifier.classify(c.text);
        ASSERT_EQ(shapes.size(), 1U) << c.text;
        EXPECT_EQ(shapes[0]->effects, c.effects) << c.text;
    }
}

TEST(Effects, WhereAnythingIsPossibleNothingIsPromised) {
    Classifier classifier({});
    for (const Case& c : kCases) {
        const std::string_view text = c.text;
        for (std::size_t size = 1; size < text.size(); ++size) {
            for (const auto& shape : classifier.classify(text.substr(0, size))) {
                const bool promises = shape->read_only || shape->queueable == model::Queueable::Yes;
                EXPECT_FALSE(promises && (shape->effects & kUnknown) != 0) << text.substr(0, size);
            }
        }
    }
}

TEST(Effects, AWordAtTheEndOfALongStatementIsNotOverlooked) {
    std::string text = "select f(1)";
    for (int i = 0; i < 5'000; ++i) text += ", f" + std::to_string(i) + "(1)";
    Classifier classifier({});
    EXPECT_EQ(classifier.classify(text)[0]->effects, kUnknown);
    EXPECT_EQ(classifier.stats().too_complex, 1U);
    std::string deep = "select 1";
    for (int i = 0; i < 1'000; ++i) deep += "+1";
    EXPECT_EQ(classifier.classify(deep)[0]->effects, kNothing);
    EXPECT_EQ(classifier.classify(deep + "+pg_advisory_lock(1)")[0]->effects, kUnknown);
    EXPECT_EQ(classifier.stats().too_complex, 3U);
}

TEST(TransactionVerbs, AreTold) {
    struct VerbCase {
        const char* text;
        TransactionVerb verb;
    };
    const VerbCase cases[] = {
        {"begin", TransactionVerb::Begin},
        {"BEGIN WORK", TransactionVerb::Begin},
        {"begin isolation level serializable, read only, deferrable", TransactionVerb::Begin},
        {"start transaction", TransactionVerb::Begin},
        {"start transaction read write", TransactionVerb::Begin},
        {"commit", TransactionVerb::Commit},
        {"commit work", TransactionVerb::Commit},
        {"commit and no chain", TransactionVerb::Commit},
        {"END", TransactionVerb::Commit},
        {"end transaction", TransactionVerb::Commit},
        {"rollback", TransactionVerb::Rollback},
        {"rollback work and no chain", TransactionVerb::Rollback},
        {"abort", TransactionVerb::Rollback},
        {"commit and chain", TransactionVerb::Other},
        {"end and chain", TransactionVerb::Other},
        {"rollback and chain", TransactionVerb::Other},
        {"abort and chain", TransactionVerb::Other},
        {"savepoint s", TransactionVerb::Savepoint},
        {"release savepoint s", TransactionVerb::Savepoint},
        {"release s", TransactionVerb::Savepoint},
        {"rollback to s", TransactionVerb::Savepoint},
        {"rollback work to savepoint s", TransactionVerb::Savepoint},
        {"prepare transaction 'x'", TransactionVerb::Other},
        {"commit prepared 'x'", TransactionVerb::Other},
        {"rollback prepared 'x'", TransactionVerb::Other},
        {"commit please now", TransactionVerb::Other},
        {"begin begin", TransactionVerb::Other},
        {"select 1", TransactionVerb::None},
        {"set transaction read only", TransactionVerb::None},
        {"prepare p as select 1", TransactionVerb::None},
        {"create procedure p() begin atomic select 1; end", TransactionVerb::None},
        {"frobnicate", TransactionVerb::None},
    };
    Classifier classifier({});
    for (const VerbCase& c : cases)
        EXPECT_EQ(classifier.classify(c.text)[0]->verb, c.verb) << c.text;
}

}  // namespace
}  // namespace pgsidecar::sql
