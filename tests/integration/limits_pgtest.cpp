// Limits and timeouts against a real server.

#include <iostream>

#include "tests/integration/support/proxy_fixture.hpp"

namespace pgsidecar::test {
namespace {

using testing::HasSubstr;

constexpr char kLimits[] = "pgsidecar_limits_reached_total";

class Limits : public ProxyTest {
protected:
    void start_with(std::vector<std::pair<std::string, std::string>> flags, int pool_size = 2) {
        ProxySettings settings;
        settings.pool_size = pool_size;
        settings.flags = std::move(flags);
        start(std::move(settings));
    }
    void SetUp() override { PGS_NEEDS_SIDECAR("its limits"); }
    double reached(const char* limit) { return proxy().metric(kLimits, {{"limit", limit}}); }
};

TEST_F(Limits, AStatementThatRunsTooLong) {
    start_with({{"limits-query-timeout-ms", "500"}});
    auto a = client();
    auto begin = Clock::now();
    auto result = a.query("select pg_sleep(30)");
    EXPECT_EQ(result.sqlstate(), "57014");
    EXPECT_THAT(result.message(), HasSubstr("limits.query_timeout_ms"));
    EXPECT_LT(Clock::now() - begin, 5s);
    EXPECT_EQ(a.scalar("select 'alive'"), "alive");
    // In a transaction, as the server's own statement_timeout does.
    a.run("begin");
    EXPECT_EQ(a.query("select pg_sleep(30)").sqlstate(), "57014");
    EXPECT_EQ(a.query("select 1").sqlstate(), "25P02");
    a.run("rollback");
    // By the extended protocol.
    EXPECT_EQ(a.query("select pg_sleep($1::int)", {"30"}).sqlstate(), "57014");
    EXPECT_EQ(reached("query_timeout"), 3);
    EXPECT_EQ(backends("state = 'active'"), 0);
    EXPECT_THAT(proxy().log(), HasSubstr("it ran longer than limits.query_timeout_ms"));
}

TEST_F(Limits, ALongStatementOfAnotherIsNotTouched) {
    start_with({{"limits-query-timeout-ms", "3000"}});
    auto a = client(), b = client();
    a.send("select pg_sleep(1.5)");
    for (int i = 0; i < 100; ++i) EXPECT_EQ(b.scalar("select 1"), "1");
    EXPECT_TRUE(a.finish(5s).ok());
    EXPECT_EQ(reached("query_timeout"), 0);
}

TEST_F(Limits, IdleInATransaction) {
    start_with({{"limits-idle-in-transaction-timeout-ms", "500"}}, 1);
    RawClient a = raw();
    auto b = client();
    a.exchange(wire::query("begin"));
    b.send("select 'b'");
    ASSERT_TRUE(b.answered(5s)) << "the connection was not freed";
    EXPECT_EQ(b.finish(1s).value(), "b");
    auto goodbye = a.read_to_end(5s);
    EXPECT_EQ(wire::field(first_error(goodbye), 'C'), "25P03");
    EXPECT_EQ(wire::field(first_error(goodbye), 'S'), "FATAL");
    EXPECT_EQ(reached("idle_in_transaction"), 1);
    EXPECT_TRUE(eventually(5s, [&] { return backends("state like 'idle in%'") == 0; }));
}

TEST_F(Limits, AnIdleClient) {
    start_with({{"limits-client-idle-timeout-ms", "700"}});
    RawClient a = raw();
    auto b = client();
    for (int i = 0; i < 12; ++i) {
        EXPECT_EQ(b.scalar("select pg_sleep(0.1)"), "");
    }
    EXPECT_EQ(wire::field(first_error(a.read_to_end(1s)), 'C'), "57P05");
    EXPECT_EQ(b.scalar("select 1"), "1");
}

TEST_F(Limits, ATransactionThatTakesTooLong) {
    start_with({{"limits-transaction-timeout-ms", "600"}});
    auto a = client();
    a.run("begin");
    a.send("select pg_sleep(30)");
    ASSERT_TRUE(a.answered(5s));
    EXPECT_EQ(a.finish(1s).sqlstate(), "25P04");
    EXPECT_TRUE(eventually(5s, [&] { return backends("state = 'active'") == 0; }));
}

TEST_F(Limits, ClientsOfOneUserAndInAll) {
    start_with({{"listen-max-clients", "3"}, {"listen-max-user-clients", "2"}});
    auto a = client(), b = client();
    auto refused = PqConnection::try_connect(proxy().conninfo());
    EXPECT_FALSE(refused.connected());
    EXPECT_THAT(refused.error(), HasSubstr("no room for another client of user \"postgres\""));
    EXPECT_TRUE(eventually(5s, [&] { return reached("max_user_clients") >= 1; }));
    b.close();
    EXPECT_TRUE(
        eventually(5s, [&] { return PqConnection::try_connect(proxy().conninfo()).connected(); }));
}

TEST_F(Limits, TheMinimumStaysAndTheReserveHelps) {
    start_with({{"pool-min-size", "2"},
                {"pool-server-idle-timeout-ms", "300"},
                {"pool-reserve-size", "2"},
                {"pool-reserve-timeout-ms", "300"}},
               3);
    {
        auto first = client();
        EXPECT_EQ(first.scalar("select 1"), "1");
    }
    EXPECT_TRUE(eventually(5s, [&] { return backends() == 2; }));
    std::vector<PqConnection> holders;
    for (int i = 0; i < 5; ++i) {
        holders.push_back(client());
        auto begin = Clock::now();
        holders.back().run("begin");
        EXPECT_EQ(Clock::now() - begin > 250ms, i >= 3) << i;
    }
    EXPECT_EQ(backends(), 5);
    EXPECT_EQ(reached("pool_reserve"), 2);
    for (auto& holder : holders) holder.run("commit");
    EXPECT_TRUE(eventually(10s, [&] { return backends() == 2; }));
}

TEST_F(Limits, ConnectionsOfADatabaseOverTwoUsers) {
    auto users = TempFolder();
    start_with({{"pool-max-database-connections", "2"},
                {"auth-user-file", users.write("users", "\"app\" \"\"\n")}},
               5);
    std::vector<PqConnection> clients;
    for (int i = 0; i < 6; ++i)
        clients.push_back(PqConnection(proxy().conninfo(i % 2 == 0 ? "postgres" : "app")));
    for (int round = 0; round < 20; ++round) {
        for (auto& c : clients) c.send("select pg_sleep(0.002)");
        for (auto& c : clients) EXPECT_TRUE(c.finish(10s).ok());
        EXPECT_LE(backends("datname = 'postgres'"), 2);
    }
}

}  // namespace
}  // namespace pgsidecar::test
