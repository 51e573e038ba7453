// Many clients on few server connections.

#include <algorithm>
#include <atomic>
#include <mutex>
#include <set>
#include <thread>

#include "tests/integration/support/proxy_fixture.hpp"

namespace pgsidecar::test {
namespace {

using testing::HasSubstr;

class Pooling : public ProxyTest {
protected:
    ProxyUnderTest& start_pool(const std::string& mode, int size,
                               std::vector<std::pair<std::string, std::string>> flags = {}) {
        if (proxy_kind() == ProxyKind::Direct) return start();
        ProxySettings settings;
        settings.pool_mode = mode;
        settings.pool_size = size;
        settings.flags = std::move(flags);
        return start(std::move(settings));
    }

    bool waiting(int count) {
        return eventually(5s, [&] {
            return proxy().metric(metric::kClients, {{"state", "waiting"}}) == count;
        });
    }
};

TEST_F(Pooling, FortyClientsShareFiveConnectionsAndEachGetsItsOwnAnswers) {
    if (proxy_kind() == ProxyKind::Direct) GTEST_SKIP() << "nothing pools when direct";
    start_pool("transaction", 5);
    constexpr int kClients = 40, kRounds = 50;
    std::atomic<int> wrong{0}, most{0};
    std::mutex mutex;
    std::set<std::string> backend_pids;
    auto work = [&](int me) {
        auto c = client();
        for (int round = 0; round < kRounds; ++round) {
            std::string mine = std::to_string(me) + "/" + std::to_string(round);
            c.run("begin");
            auto pid = c.scalar("select pg_backend_pid()");
            bool same = c.query("select $1::text", {mine}).value() == mine &&
                        c.scalar("select '" + mine + "'") == mine &&
                        c.scalar("select pg_backend_pid()") == pid;
            c.run("commit");
            if (!same) ++wrong;
            std::lock_guard lock(mutex);
            backend_pids.insert(pid);
        }
    };
    std::vector<std::thread> threads;
    for (int i = 0; i < kClients; ++i) threads.emplace_back(work, i);
    std::atomic<bool> done{false};
    std::thread observer([&] {
        auto observing = direct();
        observing.run("set application_name = 'pgsidecar_test_observer'");
        while (!done) {
            int now = std::stoi(
                observing.scalar("select count(*) from pg_stat_activity where backend_type = "
                                 "'client backend' and application_name not like 'pgsidecar%'"));
            if (now > most) most = now;
        }
    });
    for (auto& t : threads) t.join();
    done = true;
    observer.join();
    EXPECT_EQ(wrong, 0);
    EXPECT_LE(most, 5) << "server connections seen by PostgreSQL";
    EXPECT_LE(backend_pids.size(), 5u);
    EXPECT_GE(backend_pids.size(), 2u) << "only one connection did all the work";
}

TEST_F(Pooling, AnOpenTransactionKeepsItsConnection) {
    if (proxy_kind() == ProxyKind::Direct) GTEST_SKIP() << "nothing pools when direct";
    start_pool("transaction", 2);
    auto a = client(), b = client();
    a.run("begin");
    auto pid = a.scalar("select pg_backend_pid()");
    for (int i = 0; i < 5; ++i) EXPECT_NE(b.scalar("select pg_backend_pid()"), pid);
    EXPECT_EQ(a.scalar("select pg_backend_pid()"), pid);
    a.run("rollback");
}

TEST_F(Pooling, AFailedTransactionIsNotInheritedByTheNextClient) {
    start_pool("transaction", 1);
    {
        auto a = client();
        a.run("begin");
        EXPECT_EQ(a.query("select 1/0").sqlstate(), "22012");
    }
    auto b = client();
    EXPECT_EQ(b.scalar("select 1"), "1");
    EXPECT_EQ(PQtransactionStatus(b.get()), PQTRANS_IDLE);
}

TEST_F(Pooling, WaitersAreServedInTheOrderTheyCame) {
    PGS_NEEDS_SIDECAR("its gauge of waiting clients");
    start_pool("transaction", 1);
    auto holder = client();
    holder.run("drop table if exists arrival; create table arrival (n serial, who int)");
    std::vector<PqConnection> clients;
    for (int i = 0; i < 8; ++i) clients.push_back(client());
    holder.run("begin");
    holder.run("select 1");
    for (int i = 0; i < 8; ++i) {
        clients[static_cast<std::size_t>(i)].send("insert into arrival (who) values (" +
                                                  std::to_string(i) + ")");
        ASSERT_TRUE(waiting(i + 1)) << i;
    }
    holder.run("commit");
    for (auto& c : clients) EXPECT_EQ(c.finish(5s).status(), PGRES_COMMAND_OK);
    EXPECT_EQ(holder.scalar("select string_agg(who::text, ',' order by n) from arrival"),
              "0,1,2,3,4,5,6,7");
    EXPECT_TRUE(waiting(0));
}

TEST_F(Pooling, WhoWaitsTooLongGetsAnErrorThatSaysSo) {
    PGS_NEEDS_SIDECAR("its setting pool.wait_timeout_ms");
    start_pool("transaction", 1, {{"pool-wait-timeout-ms", "300"}});
    auto holder = client(), waiter = client();
    holder.run("begin");
    auto result = waiter.query("select 1");
    EXPECT_EQ(result.sqlstate(), "53300");
    EXPECT_THAT(result.message(), HasSubstr("pool.wait_timeout_ms"));
    EXPECT_EQ(proxy().metric(metric::kClientsRejected, {{"reason", "pool_timeout"}}), 1);
    holder.run("commit");
    EXPECT_EQ(waiter.scalar("select 2"), "2") << "the connection to the client goes on";
}

TEST_F(Pooling, APipelinedWaiterGetsOneErrorForEachExchange) {
    PGS_NEEDS_SIDECAR("its setting pool.wait_timeout_ms");
    start_pool("transaction", 1, {{"pool-wait-timeout-ms", "300"}});
    auto holder = client();
    RawClient waiter(proxy().port());
    waiter.login({{"user", "postgres"}, {"database", "postgres"}});
    holder.run("begin");
    waiter.send(wire::parse("", "select 1") + wire::bind("", "") + wire::execute("") +
                wire::sync());
    auto messages = waiter.read_until('Z');
    EXPECT_EQ(std::ranges::count(messages, 'E', &wire::Message::type), 1);
    EXPECT_EQ(std::ranges::count(messages, 'Z', &wire::Message::type), 1);
    holder.run("commit");
    EXPECT_THAT(waiter.exchange(wire::query("select 5")), testing::Contains("C SELECT 1\\x00"));
}

TEST_F(Pooling, InSessionModeAClientMoreThanThePoolWaitsForItsTurn) {
    if (proxy_kind() == ProxyKind::Direct) GTEST_SKIP() << "nothing pools when direct";
    start_pool("session", 2);
    auto a = client();
    auto b = client();
    EXPECT_EQ(a.scalar("select 1") + b.scalar("select 1"), "11");
    std::atomic<bool> in{false};
    std::thread third([&] {
        auto c = client();
        in = c.scalar("select 3") == "3";
    });
    EXPECT_TRUE(always(200ms, [&] { return !in.load(); })) << "a third client got in";
    a.close();
    third.join();
    EXPECT_TRUE(in);
}

TEST_F(Pooling, InSessionModeTheBackendPidIsTheRealOne) {
    start_pool("session", 3);
    for (int i = 0; i < 3; ++i) {
        auto c = client();
        if (proxy_kind() == ProxyKind::PgBouncer)
            GTEST_SKIP() << "PgBouncer 1.18 invents the process id";
        EXPECT_EQ(c.scalar("select pg_backend_pid()"), std::to_string(PQbackendPID(c.get())));
    }
}

TEST_F(Pooling, InSessionModeNothingIsLeftForTheNextClient) {
    PGS_NEEDS_SIDECAR("PgBouncer resets by server_reset_query, which is off here");
    start_pool("session", 1);
    {
        auto a = client();
        a.run(
            "set work_mem = '7MB'; create temporary table leftover (x int); listen leftover; "
            "prepare leftover as select 1");
        a.run("select pg_advisory_lock(99)");
        a.run("declare leftover cursor with hold for select 1");
    }
    auto b = client();
    EXPECT_NE(b.scalar("show work_mem"), "7MB");
    EXPECT_EQ(b.scalar("select count(*) from pg_class where relname = 'leftover'"), "0");
    EXPECT_EQ(b.scalar("select count(*) from pg_listening_channels()"), "0");
    EXPECT_EQ(b.scalar("select count(*) from pg_prepared_statements"), "0");
    EXPECT_EQ(b.scalar("select count(*) from pg_cursors where name = 'leftover'"), "0");
    EXPECT_EQ(b.scalar("select count(*) from pg_locks where locktype = 'advisory'"), "0");
}

TEST_F(Pooling, ASurplusClientIsRefusedWithTooManyConnections) {
    PGS_NEEDS_SIDECAR("its setting listen.max_clients");
    start_pool("transaction", 2, {{"listen-max-clients", "3"}});
    {
        auto a = client(), b = client(), c = client();
        RawClient fourth(proxy().port());
        fourth.send(wire::startup({{"user", "postgres"}, {"database", "postgres"}}));
        EXPECT_EQ(wire::field(first_error(fourth.read_to_end()), 'C'), "53300");
        EXPECT_GE(proxy().metric(metric::kClientsRejected, {{"reason", "too_many_clients"}}), 1);
        EXPECT_EQ(a.scalar("select 1") + b.scalar("select 1") + c.scalar("select 1"), "111");
    }
    EXPECT_TRUE(eventually(2s, [&] { return proxy().metric(metric::kClients) == 0; }));
}

}  // namespace
}  // namespace pgsidecar::test
