// The same libpq script straight to PostgreSQL and through the proxy: every visible byte of meaning
// is the same.

#include <libpq/libpq-fs.h>

#include <functional>

#include "tests/integration/support/proxy_fixture.hpp"
#include "tests/integration/support/transcript.hpp"

namespace pgsidecar::test {
namespace {

struct Scenario {
    const char* name;
    std::function<void(Transcript&)> play;
    bool session_only = false;  ///< needs the same server connection across transactions
};

void prepare_tables(Transcript& t) {
    t.query(
        "create table item (id int primary key, name text not null "
        "constraint name_not_blank check (name <> ''), price numeric(10,2))");
    t.query("insert into item select i, 'item ' || i, i * 1.5 from generate_series(1, 20) i");
}

void simple(Transcript& t) {
    prepare_tables(t);
    t.query(
        "select 1 as one, null::text, 'x'::char(5), true, 1.5::float8, '{1,2}'::int[], "
        "'{\"a\":1}'::jsonb");
    t.query("select * from item where id < 4 order by id");
    t.query("update item set price = price + 1 where id <= 7");
    t.query("delete from item where id > 1000 returning id");
    t.query("select 'naïve ☃ \U0001F40D' as text");
    t.query("select");
    t.query("values (1), (2)");
    t.query("explain (costs off) select 1");
    t.query("show server_version_num");
}

void several_statements(Transcript& t) {
    prepare_tables(t);
    t.query("select 1; select 2, 3; update item set name = name; select count(*) from item");
    t.query("select 1; select 1/0; select 2");
    t.query("insert into item values (100, 'rolled back'); select nonsense");
    t.query("select count(*) from item where id = 100");
    t.query(
        "begin; insert into item values (101, 'kept'); commit; select id from item where id = 101");
    t.query(";;;");
    t.query("; select 5;");
}

void empty(Transcript& t) {
    t.query("");
    t.query("   -- only a comment");
    t.query("/* nothing */");
    t.take(PQexecParams(t.connection(), "", 0, nullptr, nullptr, nullptr, nullptr, 0));
}

void notices(Transcript& t) {
    t.query(
        "do $$ begin raise notice 'first'; raise warning 'second' using detail = 'd', hint = 'h', "
        "errcode = "
        "'01234'; raise info 'third'; end $$");
    t.query(
        "set client_min_messages = debug1; do $$ begin raise debug 'quiet'; raise log 'log'; end "
        "$$; "
        "reset client_min_messages");
    t.query("drop table if exists no_such_table");
    t.query("do $$ begin for i in 1..2000 loop raise notice 'number %', i; end loop; end $$");
}

void errors(Transcript& t) {
    prepare_tables(t);
    t.query("selec 1");
    t.query("select * from no_such_table");
    t.query("insert into item values (1, 'again')");
    t.query("insert into item values (200, '')");
    t.query("insert into item values (201, null)");
    t.query("select 'x'::int");
    t.query(
        "do $$ begin raise exception 'mine' using errcode = 'ZZ123', detail = 'the detail', hint = "
        "'the hint', "
        "column = 'c', constraint = 'k', datatype = 'd', table = 't', schema = 's'; end $$");
    t.query("do $$ begin execute 'select broken('; end $$");
    t.query("select repeat('long message ', 20000)::int");
}

void transactions(Transcript& t) {
    prepare_tables(t);
    t.query("begin");
    t.query("insert into item values (300, 'a')");
    t.query("select 1/0");
    t.query("select 1");
    t.query("rollback");
    t.query("begin isolation level serializable read only");
    t.query("insert into item values (301, 'b')");
    t.query("commit");
    t.query("begin");
    t.query("savepoint a");
    t.query("insert into item values (1, 'duplicate')");
    t.query("rollback to a");
    t.query("insert into item values (302, 'c')");
    t.query("release a");
    t.query("commit and chain");
    t.query("rollback");
    t.query("commit");
    t.query("select id from item where id >= 300");
}

void extended(Transcript& t) {
    prepare_tables(t);
    const char* values[] = {"3", "item 3"};
    t.take(PQexecParams(t.connection(),
                        "select id, name, price from item where id = $1 and name = $2", 2, nullptr,
                        values, nullptr, nullptr, 0));
    t.take(PQexecParams(t.connection(), "select $1::int4, $2::text", 2, nullptr, values, nullptr,
                        nullptr, 1));
    const char* nothing[] = {nullptr};
    t.take(PQexecParams(t.connection(), "select $1::text is null", 1, nullptr, nothing, nullptr,
                        nullptr, 0));
    t.take(PQexecParams(t.connection(), "update item set price = 0 where id < $1", 1, nullptr,
                        values, nullptr, nullptr, 0));
    t.take(PQexecParams(t.connection(), "select 1/($1::int - 3)", 1, nullptr, values, nullptr,
                        nullptr, 0));
    t.take(PQexecParams(t.connection(), "selec", 0, nullptr, nullptr, nullptr, nullptr, 0));
    t.take(PQexecParams(t.connection(), "select 1; select 2", 0, nullptr, nullptr, nullptr, nullptr,
                        0));
    t.take(PQexecParams(t.connection(), "begin", 0, nullptr, nullptr, nullptr, nullptr, 0));
    t.take(PQexecParams(t.connection(), "commit", 0, nullptr, nullptr, nullptr, nullptr, 0));
}

void prepared(Transcript& t) {
    prepare_tables(t);
    t.query("begin");
    t.take(PQprepare(t.connection(), "by_id", "select name from item where id = $1", 0, nullptr));
    t.take(PQdescribePrepared(t.connection(), "by_id"));
    for (const char* id : {"1", "2", "999"}) {
        t.take(PQexecPrepared(t.connection(), "by_id", 1, &id, nullptr, nullptr, 0));
    }
    t.take(PQprepare(t.connection(), "by_id", "select 1", 0, nullptr));
    t.query("rollback");
    t.query("deallocate all");
    t.take(PQexecPrepared(t.connection(), "never_made", 0, nullptr, nullptr, nullptr, 0));
}

void prepared_across_transactions(Transcript& t) {
    t.take(PQprepare(t.connection(), "kept", "select $1::int * 2", 0, nullptr));
    for (const char* n : {"1", "21"})
        t.take(PQexecPrepared(t.connection(), "kept", 1, &n, nullptr, nullptr, 0));
    t.query("prepare sql_level as select 7; execute sql_level");
    t.query("execute sql_level");
    t.query("deallocate kept");
    const char* n = "1";
    t.take(PQexecPrepared(t.connection(), "kept", 1, &n, nullptr, nullptr, 0));
}

void pipeline(Transcript& t) {
    PGconn* c = t.connection();
    prepare_tables(t);
    PQenterPipelineMode(c);
    const char* id = "4";
    for (int i = 0; i < 200; ++i)
        PQsendQueryParams(c, "select name from item where id = $1", 1, nullptr, &id, nullptr,
                          nullptr, 0);
    PQpipelineSync(c);
    PQsendQueryParams(c, "insert into item values (400, 'gone')", 0, nullptr, nullptr, nullptr,
                      nullptr, 0);
    PQsendQueryParams(c, "select 1/0", 0, nullptr, nullptr, nullptr, nullptr, 0);
    PQsendQueryParams(c, "select 'never run'", 0, nullptr, nullptr, nullptr, nullptr, 0);
    PQpipelineSync(c);
    PQpipelineSync(c);
    PQsendQueryParams(c, "select count(*) from item where id = 400", 0, nullptr, nullptr, nullptr,
                      nullptr, 0);
    PQpipelineSync(c);
    for (int syncs = 0; syncs < 4;) {
        if (PQstatus(c) != CONNECTION_OK) return t.note("connection lost");
        PGresult* r = PQgetResult(c);
        if (r != nullptr && PQresultStatus(r) == PGRES_PIPELINE_SYNC) ++syncs;
        t.take(r);
    }
    t.note("left pipeline " + std::to_string(PQexitPipelineMode(c)));
    t.query("select 'after the pipeline'");
}

void single_rows(Transcript& t) {
    PQsendQuery(t.connection(), "select i, 10 / (5 - i) from generate_series(1, 9) i");
    PQsetSingleRowMode(t.connection());
    t.take_all();
}

void cursors(Transcript& t) {
    prepare_tables(t);
    t.query("begin");
    t.query("declare c scroll cursor for select id from item order by id");
    t.query("fetch 3 from c");
    t.query("move 5 in c");
    t.query("fetch backward 2 from c");
    t.query("close c");
    t.query("fetch 1 from c");
    t.query("rollback");
}

void copy_out(Transcript& t) {
    prepare_tables(t);
    t.query("copy item to stdout");
    t.query("copy (select 1/(10 - i) from generate_series(1, 20) i) to stdout csv header");
    t.query("select 'still fine'");
}

void copy_in_rows(Transcript& t, const std::vector<std::string>& rows,
                  const char* abort = nullptr) {
    t.take(PQgetResult(t.connection()));
    for (const auto& row : rows) {
        PQputCopyData(t.connection(), row.data(), static_cast<int>(row.size()));
    }
    t.note("end " + std::to_string(PQputCopyEnd(t.connection(), abort)));
    t.take_all();
}

void copy_in(Transcript& t) {
    prepare_tables(t);
    PQsendQuery(t.connection(), "copy item from stdin");
    copy_in_rows(t, {"500\tfive hun", "dred\t1.5\n501\tx\t\\N\n", "\\.\n"});
    PQsendQuery(t.connection(), "copy item from stdin");
    copy_in_rows(t, {"502\tfine\t1\n", "not a number\tx\t1\n", "503\tnever\t1\n"});
    PQsendQuery(t.connection(), "copy item from stdin");
    copy_in_rows(t, {"504\tgiven up\t1\n"}, "the client changed its mind");
    PQsendQueryParams(t.connection(), "copy item (id, name) from stdin", 0, nullptr, nullptr,
                      nullptr, nullptr, 0);
    copy_in_rows(t, {"505\textended\n"});
    PQsendQueryParams(t.connection(), "copy item (id, name) from stdin", 0, nullptr, nullptr,
                      nullptr, nullptr, 0);
    copy_in_rows(t, {"505\tduplicate\n"});
    t.query("select id from item where id >= 500 order by id");
}

void copy_among_statements(Transcript& t) {
    prepare_tables(t);
    PQsendQuery(t.connection(),
                "select 1; copy item (id, name) from stdin; select count(*) from item; copy "
                "(select 9) to stdout");
    t.take(PQgetResult(t.connection()));
    copy_in_rows(t, {"600\tmiddle\n"});
}

void function_call(Transcript& t) {
    const std::string lower_oid = "870";
    int length = 0;
    int answer = 0;
    PQArgBlock argument{4, 1, {}};
    argument.u.integer = -42;
    t.take(PQfn(t.connection(), 1397, &answer, &length, 1, &argument, 1));  // abs(int4)
    t.note(std::to_string(answer) + " of " + std::to_string(length));
    t.take(PQfn(t.connection(), 999999, &answer, &length, 1, &argument, 1));
    t.query("select 'after " + lower_oid + "'");
}

void large_objects(Transcript& t) {
    PGconn* c = t.connection();
    t.query("begin");
    Oid object = lo_creat(c, INV_READ | INV_WRITE);
    int fd = lo_open(c, object, INV_READ | INV_WRITE);
    std::string data(300'000, 'l');
    t.note("written " + std::to_string(lo_write(c, fd, data.data(), data.size())));
    t.note("position " + std::to_string(lo_lseek(c, fd, 100'000, SEEK_SET)));
    std::string back(300'000, ' ');
    t.note("read " + std::to_string(lo_read(c, fd, back.data(), back.size())));
    t.note(back.substr(0, 10));
    lo_close(c, fd);
    t.note("unlinked " + std::to_string(lo_unlink(c, object)));
    t.query("commit");
}

void session_state(Transcript& t) {
    t.query("set work_mem = '5MB'");
    t.query("show work_mem");
    t.query("create temporary table mine (x int)");
    t.query("insert into mine values (1)");
    t.query("select * from mine");
    t.query("select pg_advisory_lock(7); select pg_advisory_unlock(7)");
    t.query("declare held cursor with hold for select generate_series(1, 3)");
    t.query("fetch all from held");
    t.query("discard all");
    t.query("show work_mem");
}

void take_notifications(Transcript& t, int expected) {
    auto all_there = [&] {
        PQconsumeInput(t.connection());
        while (PGnotify* n = PQnotifies(t.connection())) {
            t.note(std::string("notify ") + n->relname + " " + n->extra);
            PQfreemem(n);
            --expected;
        }
        return expected <= 0;
    };
    t.note(eventually(5s, all_there) ? "all notifications" : "notifications missing");
}

void listen_notify(Transcript& t) {
    t.query("listen news");
    t.query("notify news, 'from myself'");
    take_notifications(t, 1);
    t.query("begin; notify news, 'a'; notify news, 'b'; notify news, 'a'; commit");
    take_notifications(t, 2);
    t.query("unlisten news");
    t.query("notify news, 'unheard'");
}

void long_values(Transcript& t) {
    t.query("select repeat('x', 3000000) as big, 1 as small from generate_series(1, 2)");
    std::string parameter(2'000'000, 'p');
    const char* value = parameter.c_str();
    t.take(PQexecParams(t.connection(), "select length($1), md5($1)", 1, nullptr, &value, nullptr,
                        nullptr, 0));
    t.query("select length('" + parameter + "')");
    t.query("select i, repeat('y', i % 50) from generate_series(1, 20000) i");
}

const std::vector<Scenario> kScenarios{
    {"simple", simple},
    {"several_statements", several_statements},
    {"empty", empty},
    {"notices", notices},
    {"errors", errors},
    {"transactions", transactions},
    {"extended", extended},
    {"prepared", prepared},
    {"prepared_across_transactions", prepared_across_transactions, true},
    {"pipeline", pipeline},
    {"single_rows", single_rows},
    {"cursors", cursors},
    {"copy_out", copy_out},
    {"copy_in", copy_in},
    {"copy_among_statements", copy_among_statements},
    {"function_call", function_call},
    {"large_objects", large_objects},
    {"session_state", session_state, true},
    {"listen_notify", listen_notify, true},
    {"long_values", long_values},
};

class Transparency : public BothModesTest {
protected:
    std::string played(const Scenario& scenario, const std::string& conninfo) {
        direct().run("set client_min_messages = error; drop table if exists item");
        PqConnection c(conninfo);
        Transcript t(c.get());
        scenario.play(t);
        return t.text();
    }
};

TEST_P(Transparency, LibpqSeesTheSameAsWithoutTheProxy) {
    start_mode();
    for (const auto& scenario : kScenarios) {
        if (scenario.session_only && !session_mode()) continue;
        SCOPED_TRACE(scenario.name);
        std::string expected = played(scenario, cluster().conninfo());
        ASSERT_GT(expected.size(), 40u) << "the scenario shows nothing";
        EXPECT_EQ(difference(expected, played(scenario, proxy().conninfo())), "");
    }
}

INSTANTIATE_TEST_SUITE_P(Modes, Transparency, testing::Values("session", "transaction"), mode_name);

}  // namespace
}  // namespace pgsidecar::test
