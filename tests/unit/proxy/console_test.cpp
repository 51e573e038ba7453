#include <gmock/gmock.h>

#include "proxy/admin/rows.hpp"
#include "tests/support/proxy_script/proxy_script.hpp"

namespace pgsidecar::test {
namespace {

using metrics::RejectReason;
using proxy::admin::Answer;
using proxy::admin::Paused;
using proxy::admin::Verb;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const Parameters kConsole = {{"user", "app"}, {"database", "pgsidecar"}};

ScriptClient& console(ProxyScript& script) {
    auto& client = script.accept();
    script.send(client, startup(kConsole));
    EXPECT_EQ(client.take_types(), "R" + std::string(11, 'S') + "KZ");
    return client;
}

void answer(ProxyScript& script, Answer answer) {
    script.plane().console_answered(script.console_asked.back().first, std::move(answer),
                                    script.now());
    script.end_turn();
    script.run();
}

void set_paused(ProxyScript& script, std::optional<Paused> paused) {
    script.plane().set_paused(paused ? std::make_shared<const Paused>(*paused) : nullptr,
                              script.now());
    script.end_turn();
    script.run();
}

std::shared_ptr<proxy::Options> options_like(ProxyScript& script) {
    return std::make_shared<proxy::Options>(script.plane().options());
}

// ---- the way in and out

TEST(Console, ALoginToTheReservedDatabaseNeedsNoServer) {
    ProxyScript script;
    auto& client = console(script);
    EXPECT_THAT(script.servers, IsEmpty());
    EXPECT_EQ(script.ask(client, query("select 1")), "TDCZ");
    EXPECT_EQ(script.ask(client, query("SHOW POOLS")), "");
    ASSERT_THAT(script.console_asked, SizeIs(1));
    EXPECT_EQ(script.console_asked[0].second.user, "app");
    Answer made;
    made.rows = proxy::admin::pool_rows({}, "transaction");
    answer(script, std::move(made));
    EXPECT_EQ(client.take_types(), "TCZ");
    EXPECT_THAT(script.records, IsEmpty());
    script.send(client, terminate());
    EXPECT_TRUE(client.closed());
    EXPECT_EQ(script.misuses(), 0);
}

TEST(Console, TheNameOfTheDatabaseIsASetting) {
    ScriptSetup setup;
    setup.settings.admin.database = "backstage";
    ProxyScript script(setup);
    auto& client = script.accept();
    script.send(client, startup({{"user", "app"}, {"database", "backstage"}}));
    EXPECT_EQ(client.take().back().type, 'Z');
    EXPECT_THAT(script.servers, IsEmpty());
    ScriptSetup none;
    none.settings.admin.database = "";
    ProxyScript without(none);
    auto& app = without.accept();
    without.send(app, startup(kConsole));
    EXPECT_THAT(without.servers, SizeIs(1));
}

TEST(Console, StrangersAreRefusedByTheSettingsThatDecide) {
    ScriptSetup setup;
    setup.settings.admin.users = "boss";
    ProxyScript script(setup);
    auto& client = script.accept();
    script.send(client, startup(kConsole));
    auto messages = client.take();
    ASSERT_EQ(types_of(messages), "E");
    EXPECT_EQ(messages[0].field('C'), "42501");
    EXPECT_EQ(messages[0].field('S'), "FATAL");
    EXPECT_THAT(messages[0].field('H'), HasSubstr("admin.stats_users"));
    EXPECT_TRUE(client.closed());
    EXPECT_EQ(script.rejected(RejectReason::AuthFailed), 1u);
}

TEST(Console, WithoutAListTheOwnerComesFromThisMachineOnly) {
    ScriptSetup setup;
    setup.settings.auth.method = config::AuthMethod::Md5;
    ProxyScript script(setup);
    auto& far = script.accept(false);
    script.send(far, startup(kConsole));
    EXPECT_EQ(far.take_types(), "R");  // it must prove itself first
    script.send(far, password_message("md5wrong"));
    EXPECT_EQ(far.take()[0].field('C'), "28P01");
}

TEST(Console, ThereIsRoomForItWhenThereIsNoneForOthers) {
    ScriptSetup setup;
    setup.settings.listen.max_clients = 1;
    ProxyScript script(setup);
    script.login();
    auto& other = script.accept();
    script.send(other, startup({{"user", "app"}, {"database", "db"}}));
    EXPECT_EQ(other.take()[0].field('C'), "53300");
    console(script);
}

TEST(Console, WhatComesMeanwhileWaits) {
    ProxyScript script;
    auto& client = console(script);
    EXPECT_EQ(script.ask(client, query("RELOAD") + query("select 1") + query("SHOW HELP")), "");
    answer(script, {});
    EXPECT_EQ(client.take_types(), "CZTDCZT" + std::string(17, 'D') + "CZ");
}

TEST(Console, AClientThatDoesNotReadIsNotReadEither) {
    ProxyScript script;
    auto& client = console(script);
    client.channel.room = 1'000;
    const int count = 10'000;
    std::string many;
    for (int i = 0; i < count; ++i) many += query("SHOW HELP");
    script.send(client, many);
    EXPECT_FALSE(client.channel.reading);
    EXPECT_LT(client.channel.most_unsent, 2 * FakeChannel::kBufferLimit);
    client.channel.unblock(script.now());
    // As it takes what it is given, turn by turn, it gets the rest.
    std::string types;
    for (int turns = 0; turns < 2 * count && types.size() < 20u * count; ++turns) {
        script.end_turn();
        script.run();
        types += client.take_types();
    }
    EXPECT_EQ(std::count(types.begin(), types.end(), 'Z'), count);
    EXPECT_TRUE(client.channel.reading);
    EXPECT_EQ(script.misuses(), 0);
}

TEST(Console, WhoGoesWhileItWaitsIsForgotten) {
    ProxyScript script;
    auto& client = console(script);
    script.send(client, query("PAUSE"));
    std::uint64_t token = script.console_asked.at(0).first;
    script.hang_up(client);
    EXPECT_THAT(script.console_left, testing::ElementsAre(token));
    answer(script, {});  // too late, and harmless
    EXPECT_EQ(script.plane().session_count(), 0u);
}

TEST(Console, ACancelRequestReachesTheCommand) {
    ProxyScript script;
    auto& client = script.accept();
    script.send(client, startup(kConsole));
    std::string key;
    for (const Message& message : client.take()) {
        if (message.type == 'K') key = message.payload;
    }
    script.send(client, query("PAUSE"));
    auto& other = script.accept();
    script.send(other, be32(16) + be32(80877102) + key);
    EXPECT_THAT(script.console_left, SizeIs(1));
    EXPECT_EQ(script.plane().session_count(), 1u);
    answer(script, Answer::refused("57014", "cancelled"));
    EXPECT_EQ(client.take_types(), "EZ");
}

TEST(Console, BrokenMessagesEndOnlyTheConsole) {
    ProxyScript script;
    auto& app = script.login();
    auto& client = console(script);
    script.send(client, "\x01\x02\x03\x04\x05\x06");
    EXPECT_TRUE(client.closed());
    auto& second = console(script);
    script.send(second, password_message("x"));
    EXPECT_TRUE(second.closed());
    EXPECT_EQ(script.ask(app, query("SELECT 'x'")), "TDCZ");
}

TEST(Console, ADrainEndsIt) {
    ProxyScript script;
    auto& client = console(script);
    script.plane().drain(script.now());
    script.end_turn();
    EXPECT_EQ(client.take()[0].field('C'), "57P01");
}

// ---- what it can do

TEST(Console, APausedPoolLetsTransactionsEndAndHoldsNewOnes) {
    ProxyScript script;
    auto& busy = script.login();
    auto& waits = script.login();
    EXPECT_EQ(script.ask(busy, query("BEGIN")), "CZ");
    set_paused(script, Paused{true, {}});
    EXPECT_EQ(script.ask(waits, query("SELECT 'x'")), "");
    EXPECT_EQ(script.ask(busy, query("SELECT 'x'")), "TDCZ");
    auto facts = script.plane().facts(script.now());
    ASSERT_THAT(facts.pools, SizeIs(1));
    EXPECT_TRUE(facts.pools[0].paused);
    EXPECT_EQ(facts.pools[0].active, 1);
    auto brief = script.plane().facts(script.now(), proxy::admin::Detail::Pools);
    EXPECT_THAT(brief.pools, SizeIs(1));
    EXPECT_THAT(brief.clients, IsEmpty());
    EXPECT_EQ(script.ask(busy, query("COMMIT")), "CZ");
    EXPECT_THAT(script.backends(), IsEmpty());
    script.pass_ms(1'000);
    EXPECT_EQ(waits.take_types(), "");
    EXPECT_THAT(script.backends(), IsEmpty());
    set_paused(script, std::nullopt);
    EXPECT_EQ(waits.take_types(), "TDCZ");
    EXPECT_EQ(script.ask(busy, query("SELECT 'x'")), "TDCZ");
    EXPECT_EQ(script.rejected(RejectReason::PoolTimeout), 0u);
}

TEST(Console, OtherDatabasesGoOnAndNewPoolsArePausedToo) {
    ProxyScript script;
    auto& other = script.login();
    set_paused(script, Paused{false, {"held"}});
    auto& held = script.accept();
    script.send(held, startup({{"user", "app"}, {"database", "held"}}));
    EXPECT_EQ(held.take_types(), "");
    EXPECT_EQ(script.ask(other, query("SELECT 'x'")), "TDCZ");
    set_paused(script, std::nullopt);
    EXPECT_EQ(held.take().back().type, 'Z');
}

TEST(Console, AForgottenPauseEndsWithTheWaitLimit) {
    ScriptSetup setup;
    setup.settings.pool.wait_timeout_ms = 2'000;
    ProxyScript script(setup);
    auto& client = script.login();
    set_paused(script, Paused{true, {}});
    script.send(client, query("SELECT 'x'"));
    script.pass_ms(1'500);
    EXPECT_EQ(client.take_types(), "");
    script.pass_ms(1'000);
    EXPECT_EQ(client.take_types(), "EZ");
}

TEST(Console, AStopEndsThePause) {
    ProxyScript script;
    auto& client = script.login();
    set_paused(script, Paused{true, {}});
    script.send(client, query("SELECT 'x'"));
    script.plane().drain(script.now());
    script.end_turn();
    script.run();
    EXPECT_EQ(client.take_types().substr(0, 3), "TDC");
}

TEST(Console, ReconnectReplacesConnectionsAsTheyBecomeFree) {
    ProxyScript script;
    auto& busy = script.login();
    auto& client = script.login();
    script.ask(busy, query("BEGIN"));
    script.ask(client, query("SELECT 'x'"));
    auto before = script.backends();
    ASSERT_THAT(before, SizeIs(2));
    script.plane().reconnect("another", script.now());
    script.end_turn();
    script.run();
    EXPECT_EQ(script.backends(), before);
    script.plane().reconnect("", script.now());
    script.end_turn();
    script.run();
    EXPECT_THAT(script.backends(), SizeIs(1));
    EXPECT_TRUE(script.plane().facts(script.now()).servers.at(0).close_needed);
    EXPECT_EQ(script.ask(busy, query("COMMIT")), "CZ");
    EXPECT_EQ(script.ask(client, query("SELECT 'x'")), "TDCZ");
    for (auto* server : script.backends()) {
        EXPECT_EQ(std::count(before.begin(), before.end(), server), 0);
    }
}

TEST(Console, KillEndsOneClientAndNoOther) {
    ProxyScript script;
    auto& victim = script.login({{"application_name", "victim"}});
    auto& other = script.login();
    script.ask(victim, query("BEGIN"));
    std::int64_t id = 0;
    for (const auto& client : script.plane().facts(script.now()).clients) {
        if (client.application == "victim") id = client.id;
    }
    EXPECT_FALSE(script.plane().kill(id + 1'000, script.now()));
    EXPECT_TRUE(script.plane().kill(id, script.now()));
    script.end_turn();
    script.run();
    EXPECT_EQ(victim.take()[0].field('C'), "57P01");
    EXPECT_TRUE(victim.closed());
    EXPECT_EQ(script.ask(other, query("SELECT 'x'")), "TDCZ");
}

TEST(Console, FactsNameStatesAndReasons) {
    ProxyScript script;
    auto& busy = script.login({{"application_name", "busy"}});
    script.login({{"application_name", "idle"}});
    script.ask(busy, query("BEGIN"));
    script.ask(busy, parse("s1", "SELECT 'secret'") + sync());
    console(script);
    auto facts = script.plane().facts(script.now());
    ASSERT_THAT(facts.clients, SizeIs(3));
    for (const auto& client : facts.clients) {
        if (client.application == "busy") {
            EXPECT_EQ(client.state, "active");
            EXPECT_EQ(client.pin, "transaction");
            EXPECT_EQ(client.prepared, 1);
            EXPECT_TRUE(client.server_pid.has_value());
        } else {
            EXPECT_EQ(client.state, client.application == "idle" ? "idle" : "console");
            EXPECT_EQ(client.pin, "");
        }
    }
    ASSERT_THAT(facts.prepared, SizeIs(1));
    EXPECT_EQ(facts.prepared[0].name, "s1");
    EXPECT_THAT(facts.prepared[0].text, testing::Not(HasSubstr("secret")));
}

// ---- reload

TEST(Console, AReloadCountsForTheNextStatement) {
    ProxyScript script;
    auto& a = script.login();
    auto& b = script.login();
    auto& c = script.login();
    script.ask(a, query("BEGIN"));
    script.ask(b, query("BEGIN"));
    EXPECT_EQ(script.ask(c, query("SELECT 'x'")), "");
    auto more = options_like(script);
    more->share.size = 3;
    script.plane().reload(more, script.now());
    script.end_turn();
    script.run();
    EXPECT_EQ(c.take_types(), "TDCZ");
    EXPECT_THAT(script.backends(), SizeIs(3));
    auto fewer = options_like(script);
    fewer->share.size = 1;
    script.plane().reload(fewer, script.now());
    script.end_turn();
    script.run();
    EXPECT_THAT(script.backends(), SizeIs(2));
    EXPECT_EQ(script.ask(a, query("COMMIT")), "CZ");
    EXPECT_EQ(script.ask(b, query("COMMIT")), "CZ");
    EXPECT_THAT(script.backends(), SizeIs(1));
    EXPECT_EQ(script.ask(c, query("SELECT 'x'")), "TDCZ");
}

TEST(Console, AReloadTakesRightsAtOnce) {
    ProxyScript script;
    auto& client = console(script);
    auto options = options_like(script);
    auto settings = std::make_shared<config::Settings>(*options->settings);
    settings->admin.users = "boss";
    settings->admin.stats_users = "app";
    options->settings = settings;
    script.plane().reload(options, script.now());
    script.send(client, query("PAUSE"));
    auto messages = client.take();
    EXPECT_EQ(types_of(messages), "EZ");
    EXPECT_EQ(messages[0].field('C'), "42501");
}

TEST(Console, StrangersSeeTheSameSaltAfterAReload) {
    base::SeededEntropy entropy(7);
    std::vector<std::string> problems;
    auto before = proxy::Credentials::build("app", "secret", {}, entropy, problems);
    auto after = proxy::Credentials::build("app", "secret", {}, entropy, problems);
    EXPECT_FALSE(std::ranges::equal(before.mock_key(), after.mock_key()));
    after.keep_from(before);
    EXPECT_TRUE(std::ranges::equal(before.mock_key(), after.mock_key()));
    EXPECT_EQ(after.find("app")->verifier->scram_secret()->salt,
              before.find("app")->verifier->scram_secret()->salt);
}

}  // namespace
}  // namespace pgsidecar::test
