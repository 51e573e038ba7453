#include <gmock/gmock.h>

#include "proxy/core/session_clock.hpp"
#include "tests/support/proxy_script/proxy_script.hpp"

namespace pgsidecar::test {
namespace {

using metrics::LimitKind;
using testing::HasSubstr;
using Phase = proxy::SessionClock::Phase;

ScriptSetup with_limits(const std::function<void(config::Settings::Limits&)>& set) {
    ScriptSetup setup;
    setup.pool_size = 1;
    set(setup.settings.limits);
    return setup;
}

std::uint64_t reached(const ProxyScript& script, LimitKind limit) {
    return script.shard.limits_reached[static_cast<std::size_t>(limit)].get();
}

TEST(SessionClock, CountsFromTheFirstLookAtAThing) {
    proxy::SessionClock clock;
    clock.look(Phase::Running, 100);
    clock.heard();  // more is sent while it runs
    clock.look(Phase::Running, 200);
    EXPECT_EQ(clock.lasted_ns(250), 150);
    clock.set_canceled();
    EXPECT_TRUE(clock.canceled());
    clock.statement_over();
    EXPECT_FALSE(clock.canceled());
    clock.look(Phase::Running, 300);
    EXPECT_EQ(clock.lasted_ns(310), 10);
    EXPECT_EQ(clock.transaction_ns(310), 210);
    clock.transaction_over();
    clock.look(Phase::InTransaction, 400);
    EXPECT_EQ(clock.transaction_ns(400), 0);
    clock.look(Phase::Idle, 500);
    EXPECT_EQ(clock.transaction_ns(600), 0);
    clock.heard();
    clock.look(Phase::Idle, 700);
    EXPECT_EQ(clock.lasted_ns(700), 0);
}

TEST(SessionTimes, AStatementThatRunsTooLongIsCanceledInOurWords) {
    ProxyScript script(with_limits([](auto& limits) { limits.query_timeout_ms = 1'000; }));
    auto& a = script.login();
    EXPECT_EQ(script.ask(a, query("SELECT pg_sleep(1)")), "");
    script.pass_ms(1'000);
    EXPECT_EQ(a.take_types(), "");
    script.pass_ms(300);
    auto messages = a.take();
    ASSERT_EQ(types_of(messages), "EZ");
    EXPECT_EQ(messages[0].field('C'), "57014");
    EXPECT_EQ(messages[0].field('V'), "ERROR");
    EXPECT_THAT(messages[0].field('M'), HasSubstr("1000 ms (limits.query_timeout_ms)"));
    ASSERT_EQ(script.world.cancels.size(), 1u);
    EXPECT_EQ(reached(script, LimitKind::QueryTimeout), 1u);
    ASSERT_EQ(script.records.size(), 1u);
    EXPECT_EQ(script.ask(a, query("SELECT 'a'")), "TDCZ");
    EXPECT_EQ(script.backends().size(), 1u);
}

TEST(SessionTimes, AUsersCancelKeepsTheServersWords) {
    ProxyScript script(with_limits([](auto& limits) { limits.query_timeout_ms = 60'000; }));
    auto& a = script.login();
    script.ask(a, query("SELECT pg_sleep(1)"));
    script.pass_ms(500);
    script.servers[0]->model.cancel();
    script.run();
    EXPECT_EQ(a.take().at(0).field('M'), "canceling statement due to user request");
}

TEST(SessionTimes, ManyShortStatementsInARowAreNoLongOne) {
    ProxyScript script(with_limits([](auto& limits) { limits.query_timeout_ms = 1'000; }));
    auto& a = script.login();
    std::string pipeline;
    for (int i = 0; i < 5; ++i) pipeline += extended("SELECT pg_sleep(1)");
    script.send(a, pipeline);
    for (int i = 0; i < 5; ++i) {
        script.pass_ms(900);
        script.servers[0]->model.cancel();
        script.run();
    }
    EXPECT_EQ(a.take_types(), "12EZ12EZ12EZ12EZ12EZ");
    EXPECT_EQ(reached(script, LimitKind::QueryTimeout), 0u);
}

TEST(SessionTimes, AStatementThatDoesNotEndCostsTheSession) {
    auto setup = with_limits([](auto& limits) { limits.query_timeout_ms = 1'000; });
    setup.settings.pool.cancel_timeout_ms = 2'000;
    ProxyScript script(setup);
    script.world.on_cancel = [](std::uint32_t, const std::string&) { return false; };
    auto& a = script.login();
    script.ask(a, query("SELECT pg_sleep(1)"));
    script.pass_ms(2'900);
    EXPECT_FALSE(a.closed());
    script.pass_ms(500);
    auto messages = a.take();
    ASSERT_EQ(types_of(messages), "E");
    EXPECT_EQ(messages[0].field('C'), "57014");
    EXPECT_EQ(messages[0].field('V'), "FATAL");
    EXPECT_TRUE(a.closed());
    EXPECT_EQ(reached(script, LimitKind::QueryKill), 1u);
    EXPECT_EQ(script.records.size(), 1u);
    EXPECT_TRUE(script.backends().empty());
    EXPECT_EQ(script.ask(script.login(), query("SELECT 'b'")), "TDCZ");
}

TEST(SessionTimes, IdleInATransactionEndsTheSessionAndFreesItsConnection) {
    ProxyScript script(
        with_limits([](auto& limits) { limits.idle_in_transaction_timeout_ms = 1'000; }));
    auto& a = script.login();
    auto& b = script.login();
    script.ask(a, query("BEGIN"));
    for (int i = 0; i < 4; ++i) {
        script.pass_ms(800);
        EXPECT_EQ(script.ask(a, query("SELECT 'a'")), "TDCZ");
    }
    EXPECT_EQ(script.ask(b, query("SELECT 'b'")), "");
    script.pass_ms(1'300);
    auto messages = a.take();
    ASSERT_EQ(types_of(messages), "E");
    EXPECT_EQ(messages[0].field('C'), "25P03");
    EXPECT_EQ(messages[0].field('V'), "FATAL");
    EXPECT_TRUE(a.closed());
    EXPECT_EQ(b.take_types(), "TDCZ");
    script.pass_ms(3'000);
    EXPECT_FALSE(b.closed());
    EXPECT_EQ(reached(script, LimitKind::IdleInTransaction), 1u);
}

TEST(SessionTimes, AnIdleClientIsEndedAndABusyOneIsNot) {
    ProxyScript script(with_limits([](auto& limits) { limits.client_idle_timeout_ms = 1'000; }));
    auto& idle = script.login();
    auto& busy = script.login();
    for (int i = 0; i < 4; ++i) {
        script.pass_ms(500);
        EXPECT_EQ(script.ask(busy, query("SELECT 'a'")), "TDCZ");
    }
    auto messages = idle.take();
    ASSERT_EQ(types_of(messages), "E");
    EXPECT_EQ(messages[0].field('C'), "57P05");
    EXPECT_TRUE(idle.closed());
    EXPECT_FALSE(busy.closed());
    // Neither a statement nor a transaction is idleness.
    script.ask(busy, query("SELECT pg_sleep(1)"));
    script.pass_ms(3'000);
    EXPECT_FALSE(busy.closed());
    EXPECT_EQ(reached(script, LimitKind::ClientIdle), 1u);
}

TEST(SessionTimes, AWaitForAConnectionIsNoIdleness) {
    auto setup = with_limits([](auto& limits) {
        limits.client_idle_timeout_ms = 1'000;
        limits.query_timeout_ms = 1'000;
    });
    ProxyScript script(setup);
    auto& a = script.login();
    auto& b = script.login();
    script.ask(a, query("BEGIN"));
    script.ask(b, query("SELECT 'b'"));
    script.pass_ms(3'000);
    EXPECT_FALSE(b.closed());
    script.ask(a, query("COMMIT"));
    EXPECT_EQ(b.take_types(), "TDCZ");
}

TEST(SessionTimes, ATransactionMayTakeSoLong) {
    ProxyScript script(with_limits([](auto& limits) { limits.transaction_timeout_ms = 2'000; }));
    auto& a = script.login();
    for (int i = 0; i < 5; ++i) {  // each of them is short
        script.ask(a, query("BEGIN"));
        script.pass_ms(1'000);
        EXPECT_EQ(script.ask(a, query("COMMIT")), "CZ");
    }
    script.ask(a, query("BEGIN"));
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(script.ask(a, query("SELECT 'a'")), "TDCZ");
        script.pass_ms(600);
    }
    script.pass_ms(600);
    auto messages = a.take();
    ASSERT_EQ(types_of(messages), "E");
    EXPECT_EQ(messages[0].field('C'), "25P04");
    EXPECT_TRUE(a.closed());
    EXPECT_EQ(reached(script, LimitKind::TransactionTimeout), 1u);
}

}  // namespace
}  // namespace pgsidecar::test
