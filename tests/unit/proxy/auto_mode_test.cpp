#include <gmock/gmock.h>

#include "tests/support/proxy_script/proxy_script.hpp"

// Pool mode auto: what a client has on its connection, found out and carried.

namespace pgsidecar::test {
namespace {

ScriptSetup in_mode_auto(int size) {
    ScriptSetup setup;
    setup.pool_size = size;
    setup.settings.pool.mode = config::PoolMode::Auto;
    return setup;
}

std::string value_of(ProxyScript& script, ScriptClient& client, const std::string& bytes) {
    script.send(client, bytes);
    for (const auto& message : client.take()) {
        if (message.type == 'D') return message.value();
        if (message.type == 'E') return message.field('C');
    }
    return "no row";
}

std::string shown(ProxyScript& script, ScriptClient& client, const std::string& name) {
    return value_of(script, client, query("SHOW " + name));
}

TEST(AutoMode, APipelineThatUsesWhatItHasJustPreparedGoesOn) {
    ProxyScript script(in_mode_auto(1));
    auto& a = script.login();
    const std::string use = bind("", "s") + execute("") + sync();
    EXPECT_EQ(script.ask(a, parse("s", "SELECT 'a'") + sync() + use + use), "1Z2DCZ2DCZ");
    auto& b = script.login();
    EXPECT_EQ(script.ask(b, query("SELECT 'b'")), "TDCZ");
}

TEST(AutoMode, SqlThatNamesAStatementWaitsForADeallocateAll) {
    ProxyScript script(in_mode_auto(1));
    auto& a = script.login();
    EXPECT_EQ(script.ask(a, parse("s", "SELECT 'a'") + sync()), "1Z");
    auto& server = script.servers[0]->model;
    server.log.clear();
    EXPECT_EQ(script.ask(a, query("DEALLOCATE ALL") + query("EXECUTE s")), "CZEZ");
    EXPECT_THAT(server.log, testing::Not(testing::HasSubstr("P"))) << "it was prepared for EXECUTE";
}

TEST(AutoMode, AGoodbyeIsHeardWhateverTheSidecarIsAskingThen) {
    for (int turns = 0; turns < 24; ++turns) {
        ProxyScript script(in_mode_auto(1));
        auto& a = script.login();
        a.write(query("LISTEN news;DO 'begin end'"));
        for (int i = 0; i < turns; ++i) script.turn_everybody();
        a.write(terminate());
        script.run();
        EXPECT_TRUE(a.closed()) << turns;
        auto& b = script.login();
        EXPECT_EQ(script.ask(b, query("SELECT 'b'")), "TDCZ") << turns;
    }
}

TEST(AutoMode, AResetInATransactionReachesSettingsWithNamesOfTheirOwn) {
    ProxyScript script(in_mode_auto(1));
    auto& a = script.login({{"my.other", "given"}});
    auto& b = script.login();
    script.ask(a, query("SET my.owner = me"));
    EXPECT_EQ(shown(script, b, "my.owner"), "unset");
    EXPECT_EQ(shown(script, a, "my.owner"), "me");
    // An error behind it makes what was noted doubtful.
    script.ask(a, query("RESET ALL") + query("SELECT 1/0"));
    EXPECT_EQ(shown(script, b, "my.owner"), "unset");
    EXPECT_EQ(shown(script, a, "my.owner"), "unset");
}

TEST(AutoMode, WhatIsSetBehindAResetAllStays) {
    ProxyScript script(in_mode_auto(1));
    auto& a = script.login({{"work_mem", "6MB"}});
    auto& b = script.login();
    script.ask(a, query("SET lock_timeout = 5s"));
    script.ask(a, query("SET work_mem = 7MB") + query("RESET ALL") +
                      query("SET statement_timeout = 9s") + query("SET TimeZone = CET"));
    EXPECT_EQ(shown(script, b, "statement_timeout"), "unset");
    EXPECT_EQ(shown(script, a, "statement_timeout"), "9s");
    EXPECT_EQ(shown(script, a, "TimeZone"), "CET");
    EXPECT_EQ(shown(script, a, "lock_timeout"), "unset");
}

TEST(AutoMode, AResetOfNothingAsksTheServerNothing) {
    ProxyScript script(in_mode_auto(1));
    auto& a = script.login();
    script.ask(a, query("SELECT 'a'"));
    auto& server = script.servers[0]->model;
    server.texts.clear();
    EXPECT_EQ(script.ask(a, query("RESET ALL")), "CZ");
    EXPECT_EQ(server.texts, std::vector<std::string>{"RESET ALL"});
}

TEST(AutoMode, OthersDrawsAreDiscardedBehindSettingsTooAndInTransactions) {
    ProxyScript script(in_mode_auto(1));
    auto& a = script.login({{"TimeZone", "CET"}});
    auto& b = script.login();
    auto& server = script.servers[0]->model;
    auto draw = [&](ScriptClient& client) {
        script.ask(client, query("INSERT INTO t VALUES (1)"));
        script.ask(client, query("SELECT 'over'"));
    };
    auto discards = [&](const std::string& bytes) {
        draw(b);
        server.texts.clear();
        script.ask(a, bytes);
        const auto texts = std::exchange(server.texts, {});
        script.ask(a, query("ROLLBACK") + query("SELECT 'over'"));
        return std::ranges::count(texts, "DISCARD SEQUENCES");
    };
    const std::string read = query("SELECT lastval()");
    EXPECT_EQ(discards(read), 1) << "settings go in front";
    EXPECT_EQ(discards(query("BEGIN") + read), 1);
    const std::string steps = parse("", "SELECT 'x'") + bind("", "") + execute("") +
                              parse("", "SELECT lastval()") + bind("", "") + execute("");
    EXPECT_EQ(discards(steps + sync()), 1);
    // In front of what the client draws itself, and not between that and its question.
    EXPECT_EQ(discards(query("INSERT INTO t VALUES (1)") + read), 1);
    // What an error has skipped is done the next time.
    EXPECT_EQ(discards(parse("", "SELECT 1/0") + bind("", "") + execute("") + steps + sync()), 0);
    script.ask(a, read);
    EXPECT_THAT(server.texts, testing::Contains("DISCARD SEQUENCES"));
    script.ask(a, query("SELECT 'over'"));
    EXPECT_EQ(discards(query("BEGIN") + query("SELECT 1/0") + read), 1);
    server.texts.clear();
    script.ask(a, read);
    EXPECT_THAT(server.texts, testing::Contains("DISCARD SEQUENCES"));
}

TEST(AutoMode, AConnectionKeptForLastvalAloneIsGivenUpByWhoRests) {
    ProxyScript script(in_mode_auto(1));
    auto& a = script.login();
    auto& b = script.login();
    EXPECT_EQ(script.ask(a, query("SELECT lastval()")), "TDCZ");
    EXPECT_EQ(script.ask(b, query("SELECT 'b'")), "") << "it may ask again";
    script.pass_ms(250);
    EXPECT_EQ(b.take_types(), "TDCZ");
    EXPECT_EQ(script.ask(a, query("SELECT lastval()")), "TDCZ");
    script.pass_ms(250);
    EXPECT_EQ(script.ask(b, query("SELECT 'b'")), "TDCZ") << "at once";
}

TEST(AutoMode, AStatementIsParsedAgainUnderTheSettingsItWasParsedUnder) {
    ProxyScript script(in_mode_auto(2));
    auto& a = script.login({{"DateStyle", "German"}});
    auto& b = script.login();
    EXPECT_EQ(script.ask(a, parse("s", "SELECT '01/02/2020'") + sync()), "1Z");
    EXPECT_EQ(script.ask(a, query("SET DateStyle = SQL")), "SCZ");
    // The other client has the connection that knows it.
    script.ask(b, query("BEGIN"));
    const std::string use = bind("", "s") + execute("") + sync();
    EXPECT_EQ(script.ask(a, use), "2DCZ");
    ASSERT_EQ(script.servers.size(), 2u);
    EXPECT_EQ(script.servers[1]->model.parsed_under("pgs_1", "DateStyle"), "German");
    EXPECT_EQ(shown(script, a, "DateStyle"), "SQL");
    // Where that cannot be had, others do not get what comes of it.
    script.ask(b, query("ROLLBACK"));
    script.ask(a, query("BEGIN"));
    auto& c = script.login({{"DateStyle", "German"}});
    EXPECT_EQ(script.ask(c, parse("s", "SELECT '01/02/2020'") + sync()), "1Z");
    EXPECT_EQ(script.ask(c, use), "2DCZ");
}

TEST(AutoMode, NothingIsParsedUnderSettingsThatAreStillAskedFor) {
    ProxyScript script(in_mode_auto(1));
    auto& a = script.login();
    auto& b = script.login();
    const std::string text = "SELECT 'x'";
    script.ask(a, query("SET search_path = mine") + parse("s", text) + sync());
    script.ask(b, parse("s", text) + sync());
    const auto& server = script.servers[0]->model;
    EXPECT_EQ(server.parsed_under("pgs_1", "search_path"), "mine");
    EXPECT_EQ(server.parsed_under("pgs_2", "search_path"), "not set");
}

TEST(AutoMode, WhatIsParsedUnderASetLocalIsNobodyElses) {
    ProxyScript script(in_mode_auto(1));
    auto& a = script.login();
    auto& b = script.login();
    const std::string text = "SELECT 'x'";
    script.ask(a, query("BEGIN") + query("SET LOCAL search_path = mine"));
    EXPECT_EQ(script.ask(a, parse("s", text) + sync()), "1Z");
    script.ask(a, query("COMMIT"));
    const auto parsed = [&] { return std::ranges::count(script.servers[0]->model.log, 'P'); };
    EXPECT_EQ(parsed(), 1);
    EXPECT_EQ(script.ask(b, parse("s", text) + sync()), "1Z");
    EXPECT_EQ(parsed(), 2);
    EXPECT_EQ(script.ask(a, parse("t", text) + sync()), "1Z");
    EXPECT_EQ(parsed(), 2);
}

TEST(AutoMode, ANameThatSqlHasTakenIsRefusedByTheServer) {
    ProxyScript script(in_mode_auto(1));
    auto& a = script.login();
    script.ask(a, query("PREPARE s AS SELECT 1"));
    auto& server = script.servers[0]->model;
    EXPECT_EQ(script.ask(a, parse("s", "SELECT 'x'") + sync()), "1Z");
    EXPECT_EQ(server.parsed_under("s", "TimeZone"), "UTC") << "the server must see the name";
    EXPECT_EQ(script.ask(a, bind("", "s") + execute("") + sync()), "2DCZ");
}

}  // namespace
}  // namespace pgsidecar::test
