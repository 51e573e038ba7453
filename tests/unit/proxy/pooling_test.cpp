#include <gmock/gmock.h>

#include "tests/support/proxy_script/proxy_script.hpp"

namespace pgsidecar::test {
namespace {

using metrics::RejectReason;

ScriptSetup with_pool(int size, config::PoolMode mode = config::PoolMode::Transaction) {
    ScriptSetup setup;
    setup.pool_size = size;
    setup.settings.pool.mode = mode;
    return setup;
}

std::string value_of(ProxyScript& script, ScriptClient& client, const std::string& sql) {
    script.send(client, query(sql));
    for (const auto& message : client.take()) {
        if (message.type == 'D') return message.value();
    }
    return "no row";
}

TEST(Pooling, TwoClientsShareOneConnection) {
    ProxyScript script(with_pool(2));
    auto& a = script.login();
    auto& b = script.login();
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(value_of(script, a, "SELECT 'a'"), "a");
        EXPECT_EQ(value_of(script, b, "SELECT 'b'"), "b");
    }
    EXPECT_EQ(script.servers.size(), 1u);
    EXPECT_EQ(script.shard.clients_active.get(), 0);
}

TEST(Pooling, ATransactionKeepsItsConnectionAndWaitersComeInOrder) {
    ProxyScript script(with_pool(1));
    auto& a = script.login();
    EXPECT_EQ(script.ask(a, query("BEGIN")), "CZ");
    std::vector<ScriptClient*> waiters;
    for (int i = 0; i < 5; ++i) waiters.push_back(&script.login());
    for (auto* waiter : waiters) EXPECT_EQ(script.ask(*waiter, query("SELECT pg_sleep(1)")), "");
    EXPECT_EQ(script.shard.clients_waiting.get(), 5);
    EXPECT_EQ(script.ask(a, query("COMMIT")), "CZ");
    for (std::size_t i = 0; i < waiters.size(); ++i) {
        EXPECT_EQ(script.shard.clients_waiting.get(), static_cast<std::int64_t>(4 - i));
        script.servers[0]->model.cancel();
        script.run();
        for (std::size_t j = 0; j < waiters.size(); ++j)
            EXPECT_EQ(waiters[j]->take_types(), j == i ? "EZ" : "") << i << " " << j;
    }
    EXPECT_EQ(script.servers.size(), 1u);
}

TEST(Pooling, AFailedTransactionStaysUntilItsRollback) {
    ProxyScript script(with_pool(1));
    auto& a = script.login();
    auto& b = script.login();
    script.ask(a, query("BEGIN"));
    script.send(a, query("SELECT 1/0"));
    EXPECT_EQ(a.take().back().payload, "E");
    EXPECT_EQ(script.ask(b, query("SELECT 'b'")), "");
    EXPECT_EQ(script.ask(a, query("ROLLBACK")), "CZ");
    EXPECT_EQ(b.take_types(), "TDCZ");
}

TEST(Pooling, SettingsFollowTheirClientAndNeverLeak) {
    ProxyScript script(with_pool(1));
    auto& tokyo = script.login({{"TimeZone", "Asia/Tokyo"}, {"application_name", "first"}});
    auto& plain = script.login();
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(value_of(script, tokyo, "SHOW TimeZone"), "Asia/Tokyo");
        EXPECT_EQ(value_of(script, tokyo, "SHOW application_name"), "first");
        EXPECT_EQ(value_of(script, plain, "SHOW TimeZone"), "UTC");
        EXPECT_EQ(value_of(script, plain, "SHOW application_name"), "");
    }
}

TEST(Pooling, ASetOfAReportedGucIsRemembered) {
    ProxyScript script(with_pool(1));
    auto& a = script.login();
    auto& b = script.login();
    EXPECT_EQ(script.ask(a, query("SET TimeZone = CET")), "SCZ");
    EXPECT_EQ(value_of(script, b, "SHOW TimeZone"), "UTC");
    EXPECT_EQ(value_of(script, a, "SHOW TimeZone"), "CET");
    EXPECT_EQ(value_of(script, b, "SHOW TimeZone"), "UTC");
}

TEST(Pooling, SettingsAreAppliedInFrontOfTheFirstStatement) {
    ProxyScript script(with_pool(1));
    auto& a = script.login({{"TimeZone", "CET"}});
    auto& b = script.login();
    script.ask(b, query("SELECT 'b'"));
    // What the proxy says for itself is not shown to the client.
    EXPECT_EQ(script.ask(a, extended("SHOW TimeZone")), "12DCZ");
    EXPECT_EQ(script.records.size(), 2u);
}

TEST(Pooling, NoReleaseInTheMiddleOfAPipelinedMessage) {
    ProxyScript script(with_pool(1));
    auto& a = script.login();
    auto& b = script.login();
    const std::string text = "SELECT '" + std::string(100'000, 'x') + "'";
    const std::string long_query = query(text);
    // The reply to the first is complete while the second is still on its way.
    EXPECT_EQ(script.ask(a, query("SELECT 'one'") + long_query.substr(0, 70'000)), "TDCZ");
    EXPECT_EQ(script.ask(b, query("SELECT 'b'")), "");
    script.send(a, long_query.substr(70'000));
    auto messages = a.take();
    ASSERT_EQ(types_of(messages), "TDCZ");
    EXPECT_EQ(messages[1].value().size(), 100'000u);
    EXPECT_EQ(b.take_types(), "TDCZ");
    ASSERT_EQ(script.records.size(), 3u);
}

TEST(Pooling, AnOpenExtendedExchangeKeepsItsConnection) {
    ProxyScript script(with_pool(1));
    auto& a = script.login();
    auto& b = script.login();
    EXPECT_EQ(script.ask(a, parse("", "SELECT 'a'") + bind("", "") + execute("") + typed('H')),
              "12DC");
    EXPECT_EQ(script.ask(b, query("SELECT 'b'")), "");
    EXPECT_EQ(script.ask(a, sync()), "Z");
    EXPECT_EQ(b.take_types(), "TDCZ");
    // The same with an error: everything up to Sync belongs to it.
    EXPECT_EQ(script.ask(a, bind("", "nowhere") + typed('H')), "E");
    EXPECT_EQ(script.ask(b, query("SELECT 'b'")), "");
    EXPECT_EQ(script.ask(a, execute("") + sync()), "Z");
    EXPECT_EQ(b.take_types(), "TDCZ");
}

TEST(Pooling, ALoneSyncNeedsNoServer) {
    ProxyScript script;
    auto& a = script.login();
    std::string log = script.servers[0]->model.log;
    EXPECT_EQ(script.ask(a, typed('H') + sync() + sync()), "ZZ");
    EXPECT_EQ(script.servers[0]->model.log, log);
}

TEST(Pooling, SessionModeDiscardsAllOnReturn) {
    ProxyScript script(with_pool(1, config::PoolMode::Session));
    auto& a = script.login();
    EXPECT_EQ(script.ask(a, query("SET TimeZone = CET")), "SCZ");
    auto& b = script.accept();
    script.send(b, startup({{"user", "app"}, {"database", "db"}}));
    EXPECT_EQ(b.take_types(), "");
    script.ask(a, terminate());
    EXPECT_TRUE(a.closed());
    EXPECT_EQ(b.take_types(), "RSSSSSKZ");
    EXPECT_EQ(value_of(script, b, "SHOW TimeZone"), "UTC");
    EXPECT_EQ(script.servers.size(), 1u);
    EXPECT_EQ(script.servers[0]->model.log, "QQQ");
}

TEST(Pooling, AWaiterIsRefusedAfterTheWaitTimeout) {
    ScriptSetup setup = with_pool(1);
    setup.settings.pool.wait_timeout_ms = 5'000;
    ProxyScript script(setup);
    auto& a = script.login();
    script.ask(a, query("BEGIN"));
    auto& simple = script.login();
    auto& steps = script.login();
    script.send(simple, query("SELECT 'b'"));
    script.send(steps, parse("", "SELECT 'c'") + bind("", ""));
    script.pass_ms(4'900);
    EXPECT_EQ(simple.take_types() + steps.take_types(), "");
    script.pass_ms(200);
    auto messages = simple.take();
    ASSERT_EQ(types_of(messages), "EZ");
    EXPECT_EQ(messages[0].field('C'), "53300");
    EXPECT_EQ(messages[0].field('V'), "ERROR");
    EXPECT_EQ(steps.take_types(), "E");
    // What belongs to the refused exchange is dropped up to its Sync.
    EXPECT_EQ(script.ask(steps, execute("") + describe('P', "")), "");
    EXPECT_EQ(script.ask(steps, sync()), "Z");
    script.ask(a, query("COMMIT"));
    EXPECT_EQ(script.ask(steps, extended("SELECT 'c'")), "12DCZ");
    EXPECT_EQ(script.rejected(RejectReason::PoolTimeout), 2u);
    EXPECT_EQ(script.shard.clients_waiting.get(), 0);
}

TEST(Pooling, TerminateBehindAStatementLetsItFinish) {
    ProxyScript script(with_pool(1));
    auto& a = script.login();
    EXPECT_EQ(script.ask(a, query("SELECT 'a'") + terminate()), "TDCZ");
    EXPECT_TRUE(a.closed());
    EXPECT_EQ(script.backends().size(), 1u);
    EXPECT_EQ(script.shard.servers_idle.get(), 1);
    EXPECT_EQ(script.shard.clients.get(), 0);
}

TEST(Pooling, IdleConnectionsAreClosedInTime) {
    ScriptSetup setup = with_pool(1);
    setup.settings.pool.server_idle_timeout_ms = 1'000;
    ProxyScript script(setup);
    auto& a = script.login();
    script.pass_ms(1'200);
    EXPECT_TRUE(script.backends().empty());
    EXPECT_EQ(script.ask(a, query("SELECT 'a'")), "TDCZ");
    EXPECT_EQ(script.servers.size(), 2u);
}

TEST(Pooling, ALongMessageOfAWaiterIsHeldAndGoesOnAfterwards) {
    ProxyScript script(with_pool(1));
    auto& a = script.login();
    auto& b = script.login();
    script.ask(a, query("BEGIN"));
    std::string copy = query("COPY t FROM STDIN");
    for (int i = 0; i < 20; ++i) copy += typed('d', std::string(10'000, 'x'));
    copy += typed('c');
    EXPECT_EQ(script.ask(b, copy), "");
    EXPECT_LE(script.plane().session_count(), 2u);
    script.ask(a, query("COMMIT"));
    auto messages = b.take();
    ASSERT_EQ(types_of(messages), "GCZ");
    EXPECT_EQ(messages[1].payload, zero_ended("COPY 20"));
}

}  // namespace
}  // namespace pgsidecar::test
