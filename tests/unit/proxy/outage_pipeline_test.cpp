#include "tests/unit/proxy/outage_contract.hpp"

// What the stand-in promises when many messages come before one Sync: a COMMIT stands whatever
// follows it, nobody hears of it before it is stored, and what is not committed is not stored.

namespace pgsidecar::test {
namespace {

using model::SpoolVerdict;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kOther = "INSERT INTO audit_logs (id, note) VALUES (2, 'b')";

/// A statement without its Sync.
std::string step(std::string_view sql) { return parse("", sql) + bind("", "") + execute(""); }
std::string flush() { return typed('H'); }
/// A Bind that ends before its first string does.
std::string broken() { return typed('B', "x"); }

class OutagePipeline : public OutageContract {
protected:
    void SetUp() override { database_goes(); }
    void refuse() {
        script().answer_spool({SpoolVerdict::Reason::DiskFull, 0, "The disk is full."});
    }
};

TEST_F(OutagePipeline, AnErrorAfterARollbackInOneExchange) {
    EXPECT_EQ(ask(step("BEGIN") + step(kInsert) + step("ROLLBACK") + broken() + sync()),
              "12C12NC12CEZ");
    EXPECT_THAT(script().spooled, IsEmpty());
    EXPECT_EQ(ask(query(kInsert)), "") << "the client goes on";
    EXPECT_EQ(store(), "NCZ");
}

TEST_F(OutagePipeline, AnErrorAfterACommitDoesNotUndoIt) {
    EXPECT_EQ(ask(step("BEGIN") + step(kInsert) + step("COMMIT") + broken() + sync()), "");
    ASSERT_EQ(script().spooled.size(), 1u);
    ASSERT_EQ(entry().statements.size(), 1u);
    EXPECT_EQ(entry().statements[0].sql, kInsert);
    EXPECT_EQ(store(), "12C12NC12CEZ");
}

TEST_F(OutagePipeline, AWriteAfterACommitIsNotInItsEntry) {
    ASSERT_EQ(ask(query("BEGIN")), "CZ");
    ASSERT_EQ(ask(query(kInsert)), "NCZ");
    EXPECT_EQ(ask(step("COMMIT") + step(kOther) + sync()), "");
    ASSERT_EQ(script().spooled.size(), 1u);
    EXPECT_EQ(entry().statements.size(), 1u);
    EXPECT_EQ(store(), "12C12EZ") << "one Sync would end two transactions";
    EXPECT_EQ(script().spooled.size(), 1u);
}

TEST_F(OutagePipeline, ACommitBeforeAReadStands) {
    ASSERT_EQ(ask(query("BEGIN")), "CZ");
    ASSERT_EQ(ask(query(kInsert)), "NCZ");
    EXPECT_EQ(ask(step("COMMIT") + step("SELECT 'x'") + sync()), "");
    ASSERT_EQ(script().spooled.size(), 1u);
    EXPECT_EQ(store(), "12CEZ");
}

TEST_F(OutagePipeline, FlushDoesNotTellOfACommitThatIsNotStored) {
    EXPECT_EQ(ask(step("BEGIN") + step(kInsert) + flush()), "12C12NC");
    EXPECT_EQ(ask(step("COMMIT") + flush()), "");
    EXPECT_EQ(ask(step(kOther)), "") << "what follows waits";
    ASSERT_EQ(script().spooled.size(), 1u);
    EXPECT_EQ(store(), "12C");
    EXPECT_EQ(ask(sync()), "") << "the second is a transaction of its own";
    ASSERT_EQ(script().spooled.size(), 2u);
    EXPECT_EQ(entry().statements[0].sql, kOther);
    EXPECT_EQ(store(), "12CZ");
}

TEST_F(OutagePipeline, ACommitThatCannotBeStoredIsNeverToldAtSync) {
    EXPECT_EQ(ask(step("BEGIN") + step(kInsert) + flush()), "12C12NC");
    EXPECT_EQ(ask(step("COMMIT") + sync()), "");
    refuse();
    EXPECT_EQ(client().take_types(), "EZ");
    EXPECT_EQ(ask(step(kOther) + sync()), "");
    EXPECT_EQ(store(), "12NCZ");
}

TEST_F(OutagePipeline, ACommitThatCannotBeStoredIsNeverToldAtFlush) {
    EXPECT_EQ(ask(step("BEGIN") + step(kInsert) + step("COMMIT") + flush()), "");
    refuse();
    EXPECT_EQ(client().take_types(), "E");
    EXPECT_EQ(ask(step(kOther) + sync()), "Z") << "all up to Sync is passed over";
    EXPECT_EQ(script().spooled.size(), 1u);
}

TEST_F(OutagePipeline, AnErrorIsToldAtFlush) {
    EXPECT_EQ(ask(step(kInsert) + flush()), "12NC");
    EXPECT_EQ(ask(step("SELECT 'x'") + flush()), "E");
    EXPECT_EQ(ask(sync()), "Z");
    EXPECT_THAT(script().spooled, IsEmpty()) << "one transaction: the error is its end";
}

TEST_F(OutagePipeline, AnOpenTransactionIsNotStoredWithTheCommitBeforeIt) {
    ASSERT_EQ(ask(query("BEGIN")), "CZ");
    ASSERT_EQ(ask(query(kInsert)), "NCZ");
    auto answer = messages(query("COMMIT; BEGIN; " + std::string(kOther)));
    ASSERT_EQ(types_of(answer), "EZ");
    EXPECT_EQ(answer[1].payload, "E");
    EXPECT_THAT(script().spooled, IsEmpty());
    EXPECT_EQ(ask(query("ROLLBACK")), "CZ");
}

TEST_F(OutagePipeline, WhatFollowsTheEndOfAFailedTransactionIsABeginningOfItsOwn) {
    for (const std::string& after :
         {query("ROLLBACK; SELECT 'x'"), step("ROLLBACK") + step("SELECT 'x'") + sync()}) {
        ASSERT_EQ(ask(query("BEGIN")), "CZ");
        ASSERT_EQ(ask(query(kInsert)), "NCZ");
        ASSERT_EQ(ask(query("SELECT 'x'")), "EZ");
        script().database_returns();
        EXPECT_EQ(ask(after), after[0] == 'Q' ? "CTDCZ" : "12C12DCZ");
        EXPECT_EQ(ask(query("SELECT 'x'")), "TDCZ");
        database_goes();
    }
    EXPECT_THAT(script().spooled, IsEmpty());
    EXPECT_EQ(script().misuses(), 0);
}

TEST_F(OutagePipeline, ATransactionEndedInAnExchangeThatIsRefusedIsFailedAndNotOpen) {
    ASSERT_EQ(ask(query("BEGIN")), "CZ");
    auto answer = messages(step(kInsert) + step("COMMIT") + step("BEGIN") + sync());
    ASSERT_EQ(types_of(answer), "EZ");
    EXPECT_EQ(answer[1].payload, "E");
    EXPECT_EQ(ask(query(kInsert)), "EZ");
    EXPECT_EQ(ask(query("ROLLBACK")), "CZ");
}

TEST_F(OutagePipeline, AnExchangeThatCannotGoOnIsGivenUpAsAWhole) {
    ask(query(kInsert));
    store();
    script().database_returns();
    ASSERT_EQ(ask(query("SELECT 'x'")), "TDCZ");
    auto& server = *script().servers.back();
    EXPECT_EQ(ask(step("INSERT INTO tasks (id) VALUES (1)") + step(kOther) + sync()), "12C");
    script().pass_ms(6'000);
    EXPECT_EQ(client().take_types(), "EZ");
    EXPECT_TRUE(server.channel.ended) << "its end is the rollback";
    EXPECT_EQ(ask(query("SELECT 'x'")), "TDCZ");
}

TEST_F(OutagePipeline, AParseThatIsTakenAgainIsNoDuplicate) {
    ask(query(kInsert));
    store();
    script().database_returns();
    const auto use = parse("s", "SELECT 'x'") + test::bind("", "s") + execute("") + sync();
    EXPECT_EQ(ask(step("BEGIN") + use), "12C12DCZ");
    EXPECT_EQ(ask(test::bind("", "s") + execute("") + sync()), "2DCZ");
    EXPECT_EQ(ask(query("COMMIT")), "CZ");
}

TEST_F(OutagePipeline, AParseThatWasRefusedHasNotTakenItsName) {
    ASSERT_EQ(ask(query("BEGIN")), "CZ");
    ASSERT_EQ(ask(query(kInsert)), "NCZ");
    const auto use = parse("s", "SELECT 'x'") + test::bind("", "s") + execute("") + sync();
    EXPECT_EQ(ask(use), "EZ");
    EXPECT_EQ(ask(query("ROLLBACK")), "CZ");
    script().database_returns();
    EXPECT_EQ(ask(use), "12DCZ");
}

TEST_F(OutagePipeline, ALongStatementDoesNotOvertakeQueuedWrites) {
    ask(query(kInsert));
    store();
    script().database_returns();
    const auto update = query("UPDATE audit_logs SET note = '" + std::string(100'000, 'x') + "'");
    EXPECT_EQ(ask(update), "");
    script().pass_ms(6'000);
    auto answer = client().take();
    ASSERT_EQ(types_of(answer), "EZ");
    EXPECT_EQ(answer[0].field('C'), "55000");
    EXPECT_EQ(ask(update), "");
    apply();
    EXPECT_EQ(client().take_types(), "CZ");
    EXPECT_EQ(script().misuses(), 0);
}

TEST_F(OutagePipeline, AFunctionCallInATransactionIsAnswered) {
    ask(query("BEGIN"));
    ask(query(kInsert));
    EXPECT_EQ(ask(typed('F', be32(1397) + be16(0) + be16(0) + be16(0))), "EZ");
    EXPECT_EQ(ask(query("ROLLBACK")), "CZ");
}

TEST_F(OutagePipeline, ALongParameterIsRefusedAndTheSessionGoesOn) {
    EXPECT_EQ(
        ask(parse("", kInsert) + typed('B', std::string(100'000, 'x')) + execute("") + sync()),
        "1EZ");
    EXPECT_FALSE(client().closed());
    ask(query("BEGIN"));
    ask(query(kInsert));
    EXPECT_EQ(ask(query("SELECT '" + std::string(100'000, 'x') + "'")), "EZ");
    EXPECT_EQ(ask(typed('d', std::string(100'000, 'x')) + typed('d', "x") + typed('c')), "");
    EXPECT_EQ(ask(query("ROLLBACK")), "CZ");
}

TEST_F(OutagePipeline, ALostConnectionDoesNotConcernWhatIsBeingStored) {
    setup_.settings.pool.mode = config::PoolMode::Session;
    script_ = std::make_unique<ProxyScript>(setup_);
    client_ = &script_->login();
    database_goes();
    ask(query(kInsert));
    store();
    script().database_returns();
    ASSERT_EQ(ask(query("SELECT 'x'")), "TDCZ");
    ASSERT_EQ(ask(query("BEGIN")), "CZ");
    ASSERT_EQ(ask(query(kOther)), "NCZ");
    EXPECT_EQ(ask(query("COMMIT")), "");
    script().servers.back()->channel.peer_closed = true;
    script().run();
    EXPECT_EQ(store(), "CZ");
}

TEST_F(OutagePipeline, AnswersOfOurOwnToAClientThatDoesNotReadAreBounded) {
    client().channel.room = 0;
    std::string many;
    for (int i = 0; i < 5'000; ++i) many += query("SELECT 'x'");
    for (int i = 0; i < 50; ++i) script().send(client(), many);
    EXPECT_LT(client().channel.most_unsent, 16u << 20);
    script().database_returns();
    script().send(client(), query("SELECT 'x'"));
    client().channel.unblock(script().now());
    script().run();
    client().take();
    script().pass_ms(1'000);
    EXPECT_EQ(ask(query("SELECT 'x'")).substr(0, 1), "T") << "it is read from again";
}

TEST_F(OutagePipeline, AnExchangeWithoutAnEndIsBounded) {
    const auto limit = static_cast<std::size_t>(setup_.settings.outage.max_entry_bytes);
    const std::string portal = test::bind(std::string(20'000, 'p'), "s");
    ASSERT_EQ(ask(parse("s", kInsert) + sync()), "1Z");
    std::size_t sent = 0;
    std::string got;
    for (int i = 0; sent <= 2 * limit + portal.size(); ++i, sent += portal.size())
        script().send(client(), test::bind(std::to_string(i) + std::string(20'000, 'p'), "s"));
    auto answer = messages(flush());
    ASSERT_FALSE(answer.empty());
    EXPECT_EQ(answer.back().field('C'), "54000");
    EXPECT_THAT(answer.back().field('D'), HasSubstr("outage.max_entry_bytes"));
    EXPECT_EQ(ask(sync()), "Z");
    EXPECT_EQ(ask(query(kInsert)), "");
    EXPECT_EQ(store(), "NCZ");
}

TEST_F(OutagePipeline, AnswersWithoutAnEndAreBounded) {
    std::string sql = "INSERT INTO audit_logs (id) VALUES ($60000)";
    ASSERT_EQ(ask(parse("wide", sql) + sync()), "1Z");
    std::string asks;
    for (int i = 0; i < 1'000; ++i) asks += describe('S', "wide");
    auto answer = messages(asks + sync());
    ASSERT_GE(answer.size(), 2u);
    EXPECT_LT(answer.size(), 100u) << "each is a quarter of a megabyte";
    EXPECT_EQ(answer[answer.size() - 2].field('C'), "54000");
}

}  // namespace
}  // namespace pgsidecar::test
