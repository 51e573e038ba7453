#include <gmock/gmock.h>

#include <algorithm>
#include <set>

#include "tests/support/proxy_script/proxy_script.hpp"

namespace pgsidecar::test {
namespace {

using metrics::LimitKind;
using testing::HasSubstr;

std::uint64_t reached(const ProxyScript& script, LimitKind limit) {
    return script.shard.limits_reached[static_cast<std::size_t>(limit)].get();
}

ScriptSetup with_users(int pool_size) {
    ScriptSetup setup;
    setup.pool_size = pool_size;
    setup.user_file = "\"bob\" \"secret\"\n\"eve\" \"secret\"\n";
    return setup;
}

ScriptClient& login_as(ProxyScript& script, const std::string& user,
                       const std::string& database = "db") {
    auto& client = script.accept();
    script.send(client, startup({{"user", user}, {"database", database}}));
    return client;
}

TEST(PoolShare, TheWorkersPartsAddUpToTheSettings) {
    config::Settings settings;
    settings.pool.min_size = 3;
    settings.pool.reserve_size = 7;
    settings.pool.max_database_connections = 50;
    settings.pool.max_user_connections = 16;
    for (int workers = 1; workers <= 16; ++workers) {
        settings.workers = workers;
        settings.database.pool_size = 16 + workers;
        proxy::PoolShare sum{0, 0, 0, 0, 0};
        for (int i = 0; i < workers; ++i) {
            auto share = proxy::PoolShare::of(settings, i);
            EXPECT_GE(share.size, 1);
            EXPECT_GE(share.max_user_connections, 1);
            EXPECT_GE(share.size, share.min_size);
            sum.size += share.size;
            sum.min_size += share.min_size;
            sum.reserve_size += share.reserve_size;
            sum.max_database_connections += share.max_database_connections;
            sum.max_user_connections += share.max_user_connections;
        }
        EXPECT_EQ(sum.size, settings.database.pool_size);
        EXPECT_EQ(sum.min_size, 3);
        EXPECT_EQ(sum.reserve_size, 7);
        EXPECT_EQ(sum.max_database_connections, 50);
        EXPECT_EQ(sum.max_user_connections, 16);
    }
}

TEST(Limits, ClientsInAllPerUserAndPerDatabase) {
    ScriptSetup setup = with_users(2);
    setup.settings.listen.max_clients = 4;
    setup.settings.listen.max_user_clients = 2;
    setup.settings.listen.max_database_clients = 3;
    ProxyScript script(setup);
    auto& first = login_as(script, "app");
    login_as(script, "app");
    auto refused = login_as(script, "app").take();
    ASSERT_EQ(types_of(refused), "E");
    EXPECT_EQ(refused[0].field('C'), "53300");
    EXPECT_THAT(refused[0].field('M'), HasSubstr("user \"app\""));
    EXPECT_EQ(login_as(script, "bob").take_types().back(), 'Z');
    refused = login_as(script, "eve").take();
    ASSERT_EQ(types_of(refused), "E");
    EXPECT_THAT(refused[0].field('M'), HasSubstr("database \"db\""));
    EXPECT_EQ(login_as(script, "eve", "other").take_types().back(), 'Z');
    refused = login_as(script, "eve", "third").take();
    ASSERT_EQ(types_of(refused), "E");
    EXPECT_THAT(refused[0].field('H'), HasSubstr("listen.max_clients"));
    // A place that is given up is there for the next.
    script.send(first, terminate());
    EXPECT_EQ(login_as(script, "app").take_types().back(), 'Z');
    EXPECT_EQ(reached(script, LimitKind::MaxUserClients), 1u);
    EXPECT_EQ(reached(script, LimitKind::MaxDatabaseClients), 1u);
    EXPECT_EQ(reached(script, LimitKind::MaxClients), 1u);
    EXPECT_EQ(script.rejected(metrics::RejectReason::TooManyClients), 3u);
}

TEST(Limits, TheReserveOpensForThoseWhoWaitLong) {
    ScriptSetup setup = with_users(1);
    setup.settings.pool.reserve_size = 1;
    setup.settings.pool.reserve_timeout_ms = 1'000;
    ProxyScript script(setup);
    auto& a = script.login();
    auto& b = script.login();
    auto& c = script.login();
    script.ask(a, query("BEGIN"));
    EXPECT_EQ(script.ask(b, query("BEGIN")), "");
    EXPECT_EQ(script.ask(c, query("SELECT 'c'")), "");
    script.pass_ms(900);
    EXPECT_EQ(b.take_types() + c.take_types(), "");
    script.pass_ms(200);
    EXPECT_EQ(b.take_types(), "CZ");
    EXPECT_EQ(c.take_types(), "") << "the reserve is one connection";
    EXPECT_EQ(script.backends().size(), 2u);
    script.ask(b, query("COMMIT"));
    EXPECT_EQ(c.take_types(), "TDCZ");
    EXPECT_EQ(reached(script, LimitKind::PoolReserve), 1u);
    script.ask(a, query("COMMIT"));
    script.pass_ms(1'500);
    EXPECT_EQ(script.backends().size(), 1u) << "and closes again";
}

TEST(Limits, AUsedPoolKeepsItsMinimum) {
    ScriptSetup setup = with_users(5);
    setup.settings.pool.min_size = 3;
    setup.settings.pool.server_idle_timeout_ms = 1'000;
    ProxyScript script(setup);
    script.pass_ms(500);
    EXPECT_TRUE(script.backends().empty()) << "not before it is used";
    auto& a = script.login();
    script.pass_ms(500);
    EXPECT_EQ(script.backends().size(), 3u);
    script.hang_up(a);
    script.pass_ms(5'000);
    EXPECT_EQ(script.backends().size(), 3u);
    script.servers[1]->channel.peer_closed = true;
    script.run();
    script.pass_ms(500);
    EXPECT_EQ(script.backends().size(), 3u);
}

TEST(Limits, ConnectionsDoNotAllEndAtTheSameTime) {
    ScriptSetup setup = with_users(20);
    setup.settings.pool.server_lifetime_ms = 100'000;
    setup.settings.pool.server_idle_timeout_ms = 10'000'000;
    ProxyScript script(setup);
    std::vector<ScriptClient*> clients;
    for (int i = 0; i < 20; ++i) {
        clients.push_back(&script.login());
        script.ask(*clients.back(), query("BEGIN"));
    }
    for (auto* client : clients) script.ask(*client, query("COMMIT"));
    ASSERT_EQ(script.backends().size(), 20u);
    script.pass_ms(89'000, 1'000);
    EXPECT_EQ(script.backends().size(), 20u);
    std::set<std::size_t> seen;
    for (int i = 0; i < 12; ++i) {
        script.pass_ms(1'000);
        seen.insert(script.backends().size());
    }
    EXPECT_GE(seen.size(), 5u);
    EXPECT_TRUE(script.backends().empty());
}

TEST(Limits, AnIdleConnectionOfAnotherPoolMakesRoom) {
    ScriptSetup setup = with_users(5);
    setup.settings.pool.max_database_connections = 1;
    ProxyScript script(setup);
    auto& app = login_as(script, "app");
    EXPECT_EQ(script.ask(app, query("SELECT 'a'")).back(), 'Z');
    auto& bob = login_as(script, "bob");
    EXPECT_EQ(script.ask(bob, query("SELECT 'b'")).back(), 'Z');
    EXPECT_EQ(script.backends().size(), 1u);
    EXPECT_EQ(script.ask(app, query("SELECT 'a'")), "TDCZ");
    EXPECT_EQ(script.backends().size(), 1u);
    // Another database has its own limit.
    auto& other = login_as(script, "bob", "other");
    EXPECT_EQ(script.ask(other, query("SELECT 'b'")).back(), 'Z');
    EXPECT_EQ(script.backends().size(), 2u);
    EXPECT_EQ(reached(script, LimitKind::MaxDatabaseConnections), 0u);
}

TEST(Limits, WaitersOfPoolsThatShareALimitAreServedByAge) {
    ScriptSetup setup = with_users(5);
    setup.settings.pool.max_database_connections = 1;
    ProxyScript script(setup);
    auto& app = login_as(script, "app");
    auto& bob = login_as(script, "bob");
    auto& late = login_as(script, "app");
    app.take();
    bob.take();
    late.take();
    script.ask(app, query("BEGIN"));
    EXPECT_EQ(script.ask(bob, query("SELECT 'b'")), "");
    script.pass_ms(2'000);
    EXPECT_EQ(script.ask(late, query("SELECT 'late'")), "");
    EXPECT_EQ(reached(script, LimitKind::MaxDatabaseConnections), 2u) << "once for each pool";
    script.ask(app, query("COMMIT"));
    EXPECT_EQ(bob.take_types(), "TDCZ") << "has waited longest";
    EXPECT_EQ(late.take_types(), "TDCZ");
    EXPECT_EQ(script.backends().size(), 1u);
    EXPECT_EQ(script.plane().pools_without_room, 0);
}

TEST(Limits, ConnectionsOfOneUserOverItsDatabases) {
    ScriptSetup setup = with_users(5);
    setup.settings.pool.max_user_connections = 1;
    ProxyScript script(setup);
    auto& one = login_as(script, "app", "one");
    auto& two = login_as(script, "app", "two");
    one.take();
    two.take();
    script.ask(one, query("BEGIN"));
    EXPECT_EQ(script.ask(two, query("SELECT 'b'")), "");
    EXPECT_EQ(reached(script, LimitKind::MaxUserConnections), 1u);
    script.ask(one, query("COMMIT"));
    EXPECT_EQ(two.take_types(), "TDCZ");
    EXPECT_EQ(script.backends().size(), 1u);
}

TEST(Limits, WhoGivesUpWaitingLeavesNoDebt) {
    ScriptSetup setup = with_users(5);
    setup.settings.pool.max_database_connections = 1;
    ProxyScript script(setup);
    auto& app = login_as(script, "app");
    auto& bob = login_as(script, "bob");
    script.ask(app, query("BEGIN"));
    script.ask(bob, query("SELECT 'b'"));
    EXPECT_EQ(script.plane().pools_without_room, 1);
    script.hang_up(bob);
    EXPECT_EQ(script.plane().pools_without_room, 0);
    script.ask(app, query("COMMIT"));
    EXPECT_EQ(script.backends().size(), 1u);
}

TEST(Limits, APipelineLongerThanTheLimitBeforeItsSyncGoesOn) {
    ScriptSetup setup = with_users(1);
    setup.settings.limits.max_pipeline = 10;
    ProxyScript script(setup);
    auto& a = script.login();
    std::string pipeline;
    for (int i = 0; i < 1'000; ++i)
        pipeline += parse("", "SELECT 'a'") + bind("", "") + execute("");
    script.send(a, pipeline + sync());
    auto types = a.take_types();
    EXPECT_EQ(std::count(types.begin(), types.end(), 'C'), 1'000);
    EXPECT_EQ(types.back(), 'Z');
}

TEST(Limits, AServerThatHasTakenEverythingDoesNotEndThePipelinesLimit) {
    ScriptSetup setup = with_users(1);
    setup.settings.limits.max_pipeline = 10;
    ProxyScript script(setup);
    auto& a = script.login();
    EXPECT_EQ(script.ask(a, query("SELECT pg_sleep(1)")), "");
    auto& server = *script.backends().at(0);
    server.channel.room = 0;
    std::string pipeline;
    for (int i = 0; i < 20; ++i) pipeline += query("SELECT 'a'");
    script.send(a, pipeline);
    EXPECT_FALSE(a.channel.reading);
    server.channel.unblock(script.now());
    script.run();
    EXPECT_FALSE(a.channel.reading);
    server.model.cancel();
    script.run();
    EXPECT_TRUE(a.channel.reading);
    auto types = a.take_types();
    EXPECT_EQ(std::count(types.begin(), types.end(), 'Z'), 21);
}

TEST(Limits, WaitersAreServedInTheOrderInWhichTheyCame) {
    ProxyScript script(with_users(2));
    std::vector<ScriptClient*> holders, waiters;
    for (int i = 0; i < 2; ++i) {
        holders.push_back(&script.login());
        script.ask(*holders.back(), query("BEGIN"));
    }
    for (int i = 0; i < 30; ++i) {
        waiters.push_back(&script.login());
        EXPECT_EQ(script.ask(*waiters.back(), query("SELECT pg_sleep(1)")), "");
    }
    // One that gives up does not disturb the others.
    script.hang_up(*waiters[7]);
    for (auto* holder : holders) script.ask(*holder, query("COMMIT"));
    std::vector<int> order;
    while (order.size() < 29) {
        std::size_t before = order.size();
        for (auto* server : script.backends()) {
            server->model.cancel();
            script.run();
            for (int i = 0; i < 30; ++i) {
                if (i != 7 && !waiters[static_cast<std::size_t>(i)]->take_types().empty())
                    order.push_back(i);
            }
        }
        ASSERT_GT(order.size(), before);
    }
    EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

}  // namespace
}  // namespace pgsidecar::test
