// The same raw bytes straight to PostgreSQL and through the proxy: the same messages come back, in
// the same order.

#include <functional>
#include <random>

#include "tests/integration/support/proxy_fixture.hpp"
#include "tests/integration/support/transcript.hpp"

namespace pgsidecar::test {
namespace {

using namespace wire;

struct Script {
    const char* name;
    std::string bytes;
    int answers;  ///< how many ReadyForQuery end it
};

std::string run_unnamed(std::string_view sql) {
    return parse("", sql) + bind("", "") + describe('P', "") + execute("");
}

std::string repeated(int times, const std::string& part) {
    std::string out;
    for (int i = 0; i < times; ++i) out += part;
    return out;
}

const std::vector<Script>& scripts() {
    static const std::vector<Script> all{
        {"portal suspended, twice",
         query("begin") + parse("", "select generate_series(1, 5)") + bind("p", "") +
             describe('P', "p") + execute("p", 2) + execute("p", 2) + execute("p", 2) +
             close('P', "p") + sync() + query("rollback"),
         3},
        {"limit met exactly",
         parse("", "select generate_series(1, 2)") + bind("", "") + execute("", 2) +
             execute("", 2) + sync(),
         1},
        {"error skips to sync",
         run_unnamed("select 1/0") + run_unnamed("select 'skipped'") + close('S', "x") + sync() +
             run_unnamed("select 'runs'") + sync(),
         2},
        {"error in parse, bind and describe",
         parse("", "selec") + bind("", "") + execute("") + sync() + bind("", "no such statement") +
             sync() + describe('P', "no such portal") + sync() + execute("no such portal") + sync(),
         4},
        {"many syncs", repeated(50, sync()), 50},
        {"pipelined simple queries",
         repeated(30, query("select 1") + query("select 1/0") + query("")), 90},
        {"simple and extended mixed",
         query("select 1") + run_unnamed("select 2") + sync() + query("begin; select 3") +
             run_unnamed("select 4") + sync() + query("commit; select 5"),
         5},
        {"transaction over several syncs",
         run_unnamed("begin") + sync() + parse("s", "select $1::int") + bind("", "s", {"7"}) +
             execute("") + sync() + bind("", "s", {"x"}) + execute("") + sync() +
             bind("", "s", {"8"}) + execute("") + sync() + run_unnamed("rollback") +
             close('S', "s") + sync(),
         5},
        {"simple query closes the unnamed statement",
         query("begin") + parse("", "select 1") + sync() + query("select 2") + bind("", "") +
             execute("") + sync() + query("rollback"),
         5},
        {"null and empty parameters",
         parse("", "select $1::text, $2::text, $3::text is null") +
             bind("", "", {std::nullopt, "", std::nullopt}) + describe('S', "") + execute("") +
             sync(),
         1},
        {"no data",
         run_unnamed("create temporary table t (x int)") + sync() + run_unnamed("") + sync() +
             query("drop table if exists t"),
         3},
        {"copy in, extended",
         query("begin; create temporary table t (x int)") + parse("", "copy t from stdin") +
             bind("", "") + execute("") + copy_data("1\n2") + copy_data("\n3\n") + copy_done() +
             sync() + query("select sum(x) from t") + query("rollback"),
         4},
        {"copy in, extended, failing, data after the error",
         query("begin; create temporary table t (x int)") + parse("", "copy t from stdin") +
             bind("", "") + execute("") + copy_data("not a number\n") +
             repeated(200, copy_data("1\n")) + copy_done() + sync() + query("rollback") +
             query("select 'after'"),
         4},
        {"copy in, simple, failing, data after the error",
         query("begin; create temporary table t (x int)") + query("copy t from stdin") +
             copy_data("not a number\n") + repeated(200, copy_data("1\n")) + copy_done() +
             query("rollback") + query("select 'after'"),
         4},
        {"copy fail, then done is ignored",
         query("begin; create temporary table t (x int)") + query("copy t from stdin") +
             copy_fail("enough") + query("rollback"),
         3},
        {"flush and sync during copy in are ignored",
         query("begin; create temporary table t (x int)") + query("copy t from stdin") + flush() +
             sync() + copy_data("1\n") + flush() + copy_done() + query("select sum(x) from t") +
             query("rollback"),
         4},
        {"copy out, extended",
         run_unnamed("copy (select generate_series(1, 3)) to stdout") + sync(), 1},
        {"function call", function_call(1397, {"-5"}) + query("select 1"), 2},
        {"function call failing",
         function_call(4294967, {"1"}) + function_call(1397, {"x"}) + query("select 1"), 3},
        {"function call in a failed transaction",
         query("begin; select 1/0") + function_call(1397, {"-5"}) + query("rollback"), 3},
        {"notices between messages",
         run_unnamed("do $$ begin for i in 1..20 loop raise notice 'n%', i; end loop; end $$") +
             sync(),
         1},
        {"parameter status in the middle",
         query("set application_name = 'one'; select 1; set datestyle = 'SQL'; set datestyle = "
               "'ISO'; set application_name = 'wire'"),
         1},
        {"long pipeline",
         repeated(500, run_unnamed("select 1")) + sync() +
             repeated(200, run_unnamed("select 2") + sync()),
         201},
    };
    return all;
}

/// The answers as lines. `chop`: how the script is cut into writes.
std::string played(int port, const Script& script, const std::function<std::size_t()>& chop) {
    RawClient client(port);
    client.login({{"user", "postgres"}, {"database", "postgres"}, {"application_name", "wire"}});
    std::string_view rest = script.bytes;
    while (!rest.empty()) {
        auto n = std::min(chop(), rest.size());
        client.send(rest.substr(0, n));
        rest.remove_prefix(n);
    }
    std::string out;
    for (int i = 0; i < script.answers; ++i) {
        for (const auto& m : client.read_until('Z')) out += to_line(m) + "\n";
    }
    // Nothing may follow: one more exchange proves it.
    for (const auto& line : client.exchange(query("select 'end'"))) out += line + "\n";
    client.send(terminate());
    return out;
}

class Wire : public BothModesTest {};

TEST_P(Wire, TheSameMessagesComeBackForOneWrite) {
    start_mode();
    auto whole = [] { return std::size_t{1} << 20; };
    for (const auto& script : scripts()) {
        SCOPED_TRACE(script.name);
        EXPECT_EQ(difference(played(cluster().port(), script, whole),
                             played(proxy().port(), script, whole)),
                  "");
    }
}

TEST_P(Wire, HowTheBytesAreCutDoesNotMatter) {
    start_mode();
    std::mt19937 random(20240);
    auto whole = [] { return std::size_t{1} << 20; };
    auto anything = [&random] { return std::uniform_int_distribution<std::size_t>(1, 64)(random); };
    for (const auto& script : scripts()) {
        if (script.bytes.size() > 4'000) continue;
        SCOPED_TRACE(script.name);
        EXPECT_EQ(difference(played(cluster().port(), script, whole),
                             played(proxy().port(), script, anything)),
                  "");
    }
}

TEST_P(Wire, FlushBringsAnswersBeforeSync) {
    start_mode();
    RawClient client(proxy().port());
    client.login({{"user", "postgres"}, {"database", "postgres"}});
    client.send(parse("", "select 'early'") + describe('S', "") + flush());
    EXPECT_EQ(client.read_message()->type, '1');
    EXPECT_EQ(client.read_message()->type, 't');
    EXPECT_EQ(client.read_message()->type, 'T');
    client.send(bind("", "") + execute("") + flush());
    EXPECT_EQ(client.read_message()->type, '2');
    EXPECT_EQ(client.read_message()->type, 'D');
    EXPECT_EQ(client.read_message()->type, 'C');
    EXPECT_THAT(client.exchange(sync()), testing::ElementsAre("Z I"));
}

TEST_P(Wire, TwoFlushesAndAnErrorStillNeedOneSync) {
    start_mode();
    RawClient client(proxy().port());
    client.login({{"user", "postgres"}, {"database", "postgres"}});
    client.send(parse("", "selec") + flush());
    EXPECT_EQ(client.read_message()->type, 'E');
    client.send(parse("", "select 1") + flush() + parse("", "select 2") + sync());
    EXPECT_EQ(client.read_message()->type, 'Z');
    EXPECT_THAT(client.exchange(query("select 3")), testing::Contains("C SELECT 1\\x00"));
}

TEST_P(Wire, TerminateInTheMiddleOfAPipelineEndsTheSession) {
    start_mode();
    RawClient client(proxy().port());
    client.login({{"user", "postgres"}, {"database", "postgres"}});
    client.send(query("select 1") + terminate());
    EXPECT_EQ(client.read_until('Z').back().type, 'Z');
    EXPECT_TRUE(client.closes(5s));
}

INSTANTIATE_TEST_SUITE_P(Modes, Wire, testing::Values("session", "transaction"), mode_name);

}  // namespace
}  // namespace pgsidecar::test
