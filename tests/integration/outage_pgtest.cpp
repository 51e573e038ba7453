// The end of the sidecar (SIGTERM) and of PostgreSQL under it.

#include <algorithm>
#include <atomic>
#include <thread>

#include "tests/integration/support/proxy_fixture.hpp"

namespace pgsidecar::test {
namespace {

using testing::AnyOf;
using testing::HasSubstr;
using testing::Not;

class Drain : public BothModesTest {
protected:
    void SetUp() override {
        PGS_NEEDS_SIDECAR("PgBouncer 1.18 has another shutdown");
        expect_end(End::ProxyGone);
        ProxySettings settings;
        settings.pool_mode = GetParam();
        settings.flags = {{"shutdown-client-wait-ms", "3000"}};
        start(std::move(settings));
    }
};

TEST_P(Drain, ATransactionInProgressFinishesAndTheExitIsClean) {
    auto busy = client();
    busy.run("create table if not exists drained (x int); truncate drained");
    auto idle = raw();
    idle.exchange(wire::query("select 1"));
    busy.run("begin; insert into drained values (1)");
    proxy().signal(SIGTERM);
    EXPECT_TRUE(
        eventually(2s, [&] { return http_get(proxy().http_port(), "/readyz").status != 200; }));
    EXPECT_EQ(busy.scalar("select count(*) from drained"), "1");
    EXPECT_TRUE(busy.query("commit").ok());
    EXPECT_EQ(proxy().exit_code(3s), 0);
    EXPECT_EQ(direct().scalar("select count(*) from drained"), "1");
    EXPECT_EQ(wire::field(first_error(idle.read_to_end(1s)), 'C'), "57P01");
}

TEST_P(Drain, NewLoginsAreToldWhy) {
    auto busy = client();
    busy.run("begin");
    proxy().signal(SIGTERM);
    std::string state;
    EXPECT_TRUE(
        eventually(2s,
                   [&] {
                       Socket socket = Socket::try_connect_tcp(proxy().port(), 1s);
                       if (!socket) return false;
                       RawClient late(std::move(socket));
                       late.send(wire::startup({{"user", "postgres"}, {"database", "postgres"}}));
                       state = wire::field(first_error(late.read_until('E', 2s)), 'C');
                       return state == "57P03";
                   }))
        << "got " << state;
    busy.run("commit");
    EXPECT_EQ(proxy().exit_code(5s), 0);
}

TEST_P(Drain, ATransactionThatNeverEndsIsCutWhenTheGraceIsOver) {
    auto stubborn = raw();
    stubborn.exchange(wire::query("begin"));
    EXPECT_EQ(proxy().terminate(8s), 0);
    EXPECT_EQ(wire::field(first_error(stubborn.read_to_end(1s)), 'C'), "57P01");
    EXPECT_TRUE(eventually(2s, [&] { return backends("state like 'idle in transaction%'") == 0; }));
}

TEST_P(Drain, ASecondSignalEndsItAtOnce) {
    auto stubborn = client();
    stubborn.run("begin");
    proxy().signal(SIGTERM);
    ASSERT_TRUE(
        eventually(2s, [&] { return http_get(proxy().http_port(), "/readyz").status != 200; }));
    EXPECT_EQ(proxy().terminate(1s), 0);
}

TEST_P(Drain, WithoutClientsItEndsAtOnce) {
    client().run("select 1");
    EXPECT_EQ(proxy().terminate(2s), 0);
}

INSTANTIATE_TEST_SUITE_P(Modes, Drain, testing::Values("session", "transaction"), mode_name);

class Restart : public BothModesTest {
protected:
    void SetUp() override { start_mode(4); }

    /// What a raw client gets until ReadyForQuery or the end.
    static std::vector<wire::Message> rest(RawClient& c) { return c.read_until('Z', 15s); }

    /// Exactly one error, which names the server's shutdown or a lost connection.
    static void expect_one_cause(const std::vector<wire::Message>& messages) {
        EXPECT_EQ(std::ranges::count(messages, 'E', &wire::Message::type), 1);
        wire::Message error = first_error(messages);
        EXPECT_THAT(wire::field(error, 'C'), AnyOf("08006", "08007"));
        EXPECT_THAT(wire::field(error, 'M'), AnyOf(HasSubstr("terminat"), HasSubstr("lost"),
                                                   HasSubstr("shut"), HasSubstr("Cannot connect")));
    }
};

TEST_P(Restart, IdleSessionsGoOnAndTheOthersGetOneErrorThatNamesTheCause) {
    PGS_NEEDS_SIDECAR("PgBouncer closes session-mode clients");
    for (StopMode how : {StopMode::Fast, StopMode::Immediate}) {
        auto idle = raw(), in_transaction = raw(), in_statement = raw();
        idle.exchange(wire::query("select 1"));
        in_transaction.exchange(wire::query("begin; select 1"));
        in_statement.send(wire::query("do $$begin perform pg_sleep(60), 'restart_victim'; end$$"));
        ASSERT_TRUE(eventually(5s, [&] {
            return backends("state = 'active' and query like '%restart_victim%'") == 1;
        }));
        cluster().restart(how);
        expect_one_cause(rest(in_statement));
        in_transaction.send(wire::query("select 2"));
        expect_one_cause(rest(in_transaction));
        EXPECT_THAT(in_transaction.exchange(wire::query("rollback"), 15s),
                    testing::Contains("C ROLLBACK\\x00"));
        for (RawClient* goes_on : {&idle, &in_transaction, &in_statement}) {
            EXPECT_THAT(goes_on->exchange(wire::query("select 3"), 15s),
                        testing::Contains("C SELECT 1\\x00"));
        }
    }
}

TEST_P(Restart, IdleSessionsKeepTheirStartupSettings) {
    PGS_NEEDS_SIDECAR("PgBouncer closes session-mode clients");
    auto c = client("options='-c work_mem=4321kB' application_name=survivor");
    EXPECT_EQ(c.scalar("show work_mem"), "4321kB");
    cluster().restart(StopMode::Fast);
    EXPECT_EQ(c.scalar("show work_mem"), "4321kB");
    EXPECT_EQ(c.scalar("show application_name"), "survivor");
}

TEST_P(Restart, NewClientsGetInOnceTheServerIsBack) {
    PGS_NEEDS_SIDECAR("its waiting and words while the server is away");
    client().run("select 1");
    cluster().stop(StopMode::Fast);
    std::atomic<bool> in{false};
    std::thread waiting([&] {
        eventually(20s, [&] {
            auto c = PqConnection::try_connect(proxy().conninfo());
            return c.connected() && c.query("select 5").ok() && (in = true);
        });
    });
    cluster().start();
    waiting.join();
    EXPECT_TRUE(in);
}

TEST_P(Restart, WhileTheServerIsAwayTheErrorSaysSinceWhenAndWhatNext) {
    PGS_NEEDS_SIDECAR("its words while the server is away");
    ProxySettings settings;
    settings.pool_mode = GetParam();
    settings.flags = {{"max-retries", "0"}, {"retry-delay-ms", "100"}};
    start(std::move(settings));
    client().run("select 1");
    cluster().stop(StopMode::Fast);
    std::string error;
    EXPECT_TRUE(eventually(10s, [&] {
        auto c = PqConnection::try_connect(proxy().conninfo());
        error = c.connected() ? c.query("select 1").message() : c.error();
        return error.find("Cannot connect to database") != std::string::npos;
    })) << error;
    EXPECT_THAT(error, HasSubstr("Not reachable since"));
    EXPECT_EQ(http_get(proxy().http_port(), "/livez").status, 200)
        << "an outage is no reason to restart the sidecar";
    cluster().start();
    EXPECT_TRUE(eventually(15s, [&] {
        auto c = PqConnection::try_connect(proxy().conninfo());
        return c.connected() && c.query("select 1").ok();
    }));
}

TEST_P(Restart, AFrozenServerHoldsNobodyElseUp) {
    PGS_NEEDS_SIDECAR("its probes");
    auto c = client();
    c.run("select 1");
    cluster().freeze();
    c.send("select 2");
    EXPECT_TRUE(always(
        300ms, [&] { return http_get(proxy().http_port(), "/livez", 200ms).status == 200; }));
    cluster().thaw();
    EXPECT_EQ(c.finish(10s).value(), "2");
}

TEST_P(Restart, AKilledPostmasterIsSurvived) {
    PGS_NEEDS_SIDECAR("its reconnecting");
    auto c = client();
    c.run("select 1");
    cluster().kill();
    cluster().start();
    EXPECT_TRUE(eventually(15s, [&] {
        auto again = PqConnection::try_connect(proxy().conninfo());
        return again.connected() && again.query("select 1").ok();
    }));
    EXPECT_EQ(c.scalar("select 'idle goes on'"), "idle goes on");
}

TEST_P(Restart, AReadThatWasCutOffIsAnsweredAfterAll) {
    PGS_NEEDS_SIDECAR("PgBouncer gives up such statements");
    for (StopMode how : {StopMode::Fast, StopMode::Immediate}) {
        auto c = client();
        c.send("select pg_sleep(0.8), 'cut off'");
        ASSERT_TRUE(eventually(
            5s, [&] { return backends("state = 'active' and query like '%cut off%'") == 1; }));
        cluster().restart(how);
        auto result = c.finish(15s);
        EXPECT_TRUE(result.ok()) << result.message();
    }
}

TEST_P(Restart, SettingsAndPreparedStatementsAreThereAgain) {
    PGS_NEEDS_SIDECAR("PgBouncer closes session-mode clients");
    auto c = raw();
    c.exchange(wire::query("set work_mem = '4321kB'"));
    c.exchange(wire::query("select set_config('app.tenant', '7', false)"));
    bool session = std::string_view(GetParam()) == "session";
    // In transaction mode names are not kept from one transaction to the next, restart or not.
    if (session) c.exchange(wire::parse("kept", "select 40 + $1::int") + wire::sync());
    cluster().restart(StopMode::Fast);
    EXPECT_THAT(c.exchange(wire::query("show work_mem"), 15s),
                testing::Contains(HasSubstr("4321kB")));
    EXPECT_THAT(c.exchange(wire::query("show app.tenant")), testing::Contains(HasSubstr("7")));
    if (!session) return;
    EXPECT_THAT(c.exchange(wire::bind("", "kept", {"2"}) + wire::execute("") + wire::sync()),
                testing::Contains(HasSubstr("42")));
}

INSTANTIATE_TEST_SUITE_P(Modes, Restart, testing::Values("session", "transaction"), mode_name);

}  // namespace
}  // namespace pgsidecar::test
