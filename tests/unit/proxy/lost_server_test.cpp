#include "tests/unit/proxy/outage_contract.hpp"

// Sessions outlive their server (design, part 6).

namespace pgsidecar::test {
namespace {

using testing::HasSubstr;

TEST_F(OutageContract, AnIdleSessionGoesOnAfterARestart) {
    script().database_goes();
    script().database_returns();
    EXPECT_EQ(ask(query("SELECT 'x'")), "TDCZ");
    EXPECT_FALSE(client().closed());
}

TEST_F(OutageContract, AConnectionThatWorksServesThoughNoMoreCanBeMade) {
    auto& other = script().login();
    EXPECT_EQ(ask(query("BEGIN")), "CZ");
    script().world.door = ModelWorld::Door::Refuse;
    EXPECT_EQ(script().ask(other, query("SELECT 'x'")), "");
    for (int i = 0; i < 5; ++i) {
        script().pass_ms(200);
        EXPECT_EQ(ask(query("SELECT 'y'")), "TDCZ");
    }
    EXPECT_EQ(other.take_types(), "EZ") << "the budget is over, and no connection has come free";
    EXPECT_EQ(ask(query("COMMIT")), "CZ");
    script().pass_ms(10'000);
    EXPECT_EQ(script().ask(other, query("SELECT 'x'")), "TDCZ") << "one is idle";
    EXPECT_EQ(ask(query("SELECT 'x'")), "TDCZ");
}

TEST_F(OutageContract, WhoWaitsBehindAConnectionThatAnswersIsNotRefused) {
    auto& other = script().login();
    auto& third = script().login();
    script().world.door = ModelWorld::Door::Refuse;
    for (int i = 0; i < 20; ++i) {
        EXPECT_EQ(ask(query("BEGIN")), "CZ");
        EXPECT_EQ(script().ask(other, query("SELECT 'x'")), "");
        script().pass_ms(200);
        EXPECT_EQ(ask(query("COMMIT")), "CZ");
        EXPECT_EQ(other.take_types(), "TDCZ");
    }
    script().world.door = ModelWorld::Door::Open;
    script().pass_ms(10'000);
    EXPECT_EQ(ask(query("BEGIN")), "CZ");
    EXPECT_EQ(script().ask(other, query("BEGIN")), "CZ");
    EXPECT_EQ(script().backends().size(), 2u) << "more are tried again";
    EXPECT_EQ(script().ask(third, query("SELECT 'x'")), "");
    EXPECT_EQ(ask(query("COMMIT")), "CZ");
    EXPECT_EQ(third.take_types(), "TDCZ");
}

TEST_F(OutageContract, WhileOneIsBusyForLongTheReturnOfTheServerIsNoticed) {
    auto& other = script().login();
    EXPECT_EQ(ask(query("BEGIN")), "CZ");
    script().world.door = ModelWorld::Door::Refuse;
    EXPECT_EQ(script().ask(other, query("SELECT 'x'")), "");
    script().pass_ms(5'000);
    EXPECT_EQ(other.take_types(), "EZ");
    script().world.door = ModelWorld::Door::Open;
    script().pass_ms(60'000);
    EXPECT_EQ(script().ask(other, query("SELECT 'x'")), "TDCZ");
}

TEST_F(OutageContract, AReadThatWasCutOffIsSentAgain) {
    EXPECT_EQ(ask(query("SELECT pg_sleep(1)")), "");
    script().database_goes();
    EXPECT_EQ(client().take_types(), "");
    script().database_returns();
    script().advance_ms(250);
    EXPECT_EQ(script().shard.reads_retried.get(), 1u);
    script().servers.back()->model.cancel();
    script().run();
    EXPECT_EQ(client().take_types(), "EZ");
    EXPECT_EQ(script().records.size(), 1u);
}

TEST_F(OutageContract, AWriteThatWasCutOffIsNotSentAgainAndItsFateIsUnknown) {
    ask(query("BEGIN"));
    auto answer = messages(query("SELECT die()"));
    ASSERT_EQ(types_of(answer), "EZ");
    EXPECT_EQ(answer[0].field('C'), "08006");
    EXPECT_THAT(answer[0].field('M'), HasSubstr("rolled back"));
    EXPECT_EQ(answer[1].payload, "E");
    auto next = messages(query("SELECT 'x'"));
    EXPECT_EQ(next[0].field('C'), "25P02");
    EXPECT_EQ(ask(query("ROLLBACK")), "CZ");
    EXPECT_EQ(ask(query("SELECT 'x'")), "TDCZ");
    auto lost = messages(query("SELECT die()"));
    ASSERT_EQ(types_of(lost), "EZ");
    EXPECT_EQ(lost[0].field('C'), "08007");
    EXPECT_EQ(lost[1].payload, "I");
}

TEST_F(OutageContract, AQueryWithACommitInItMayHaveTakenEffect) {
    for (const char* block :
         {"BEGIN;INSERT INTO tasks VALUES (1);COMMIT;SELECT die()",
          "SELECT die();BEGIN;INSERT INTO tasks VALUES (1);COMMIT", "BEGIN;SELECT die();COMMIT"}) {
        auto lost = messages(query(block));
        ASSERT_TRUE(types_of(lost).ends_with("EZ")) << block;
        EXPECT_EQ(lost[lost.size() - 2].field('C'), "08007") << block;
        EXPECT_EQ(lost.back().payload, "I") << block;
    }
    ask(query("BEGIN"));
    auto lost = messages(query("SELECT die();COMMIT"));
    EXPECT_EQ(lost[lost.size() - 2].field('C'), "08007");
    EXPECT_EQ(lost.back().payload, "I");
}

TEST_F(OutageContract, ACommitWhoseExchangeDidNotEndMayHaveTakenEffect) {
    ask(query("BEGIN"));
    script().send(client(), parse("", "COMMIT") + bind("", "") + execute(""));
    script().send(client(), typed('H'));
    EXPECT_EQ(client().take_types(), "12C");
    script().servers[0]->channel.to_peer.clear();
    client().write(sync());
    script().turn(client().channel, 100);
    script().servers[0]->channel.to_peer.clear();  // the Sync never arrives
    script().servers[0]->channel.peer_closed = true;
    script().run();
    auto lost = client().take();
    ASSERT_EQ(types_of(lost), "EZ");
    EXPECT_EQ(lost[0].field('C'), "08007");
    EXPECT_EQ(lost[1].payload, "I");
}

TEST_F(OutageContract, OfAPipelineTheCommitDecides) {
    auto lost = messages(parse("", "BEGIN") + bind("", "") + execute("") +
                         parse("", "SELECT die()") + bind("", "") + execute("") +
                         parse("", "COMMIT") + bind("", "") + execute("") + sync());
    ASSERT_TRUE(types_of(lost).ends_with("EZ"));
    EXPECT_EQ(lost[lost.size() - 2].field('C'), "08007");
}

TEST_F(OutageContract, AnIdleTransactionIsToldOnceThatItIsGone) {
    ask(query("BEGIN"));
    script().database_goes();
    EXPECT_EQ(client().take_types(), "");
    script().database_returns();
    auto first = messages(query("INSERT INTO tasks VALUES (1)"));
    ASSERT_EQ(types_of(first), "EZ");
    EXPECT_EQ(first[0].field('C'), "08006");
    EXPECT_EQ(messages(query("SELECT 'x'"))[0].field('C'), "25P02");
    EXPECT_EQ(ask(extended("SELECT 'x'")), "EZ");
    EXPECT_EQ(ask(extended("ROLLBACK")), "12CZ");
    EXPECT_EQ(ask(query("SELECT 'x'")), "TDCZ");
}

TEST_F(OutageContract, ACommitOfALostTransactionIsNotAnsweredWithSuccess) {
    ask(query("BEGIN"));
    ask(query("UPDATE tasks SET a = 1"));
    script().database_goes();
    script().database_returns();
    auto answer = messages(query("COMMIT"));
    ASSERT_EQ(types_of(answer), "EZ");
    EXPECT_EQ(answer[1].payload, "I");
    EXPECT_EQ(ask(query("SELECT 'x'")), "TDCZ");
}

TEST_F(OutageContract, SettingsAreThereAgain) {
    EXPECT_EQ(ask(query("SET application_name = one")), "SCZ");
    EXPECT_EQ(ask(query("SET app.tenant = 7")), "CZ");
    script().database_goes();
    script().database_returns();
    auto answer = messages(query("SHOW app.tenant"));
    ASSERT_EQ(types_of(answer), "TDCZ");
    EXPECT_EQ(answer[1].value(), "7");
}

TEST_F(OutageContract, SettingsAreNotSharedWithOthers) {
    ask(query("SET app.tenant = 7"));
    auto& other = script().login();
    script().send(other, query("SHOW app.tenant"));
    auto answer = other.take();
    ASSERT_EQ(types_of(answer), "TDCZ");
    EXPECT_EQ(answer[1].value(), "unset");
}

TEST_F(OutageContract, ATransactionOverWritesThatAreNotAppliedInTimeIsRefused) {
    database_goes();
    ask(query(kInsert));
    store();
    script().database_returns();
    EXPECT_EQ(ask(query("BEGIN")), "CZ");
    EXPECT_EQ(ask(query("SELECT 'x'")), "TDCZ");
    EXPECT_EQ(ask(query("UPDATE audit_logs SET note = 'b'")), "");
    script().pass_ms(6'000);
    auto answer = client().take();
    ASSERT_EQ(types_of(answer), "EZ");
    EXPECT_EQ(answer[0].field('C'), "55000");
    EXPECT_EQ(answer[1].payload, "E");
    EXPECT_EQ(ask(query("ROLLBACK")), "CZ");
    EXPECT_EQ(ask(query("SELECT 'x'")), "TDCZ");
    EXPECT_EQ(script().misuses(), 0);
}

}  // namespace
}  // namespace pgsidecar::test
