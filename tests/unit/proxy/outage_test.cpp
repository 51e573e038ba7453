#include "tests/unit/proxy/outage_contract.hpp"

// The outage contract on the wire: what is queued, what waits, what is refused (design, part 6).

namespace pgsidecar::test {
namespace {

using model::SpoolVerdict;
using testing::HasSubstr;
using testing::IsEmpty;

TEST_F(OutageContract, AnInsertIsAnsweredWhenItIsStoredAndNotBefore) {
    database_goes();
    EXPECT_EQ(ask(query(kInsert)), "");
    ASSERT_EQ(script().spooled.size(), 1u);
    ASSERT_EQ(entry().statements.size(), 1u);
    EXPECT_EQ(entry().statements[0].sql, kInsert);
    EXPECT_EQ(entry().statements[0].table, "audit_logs");
    EXPECT_EQ(entry().outage_class, model::OutageClass::Durable);
    EXPECT_EQ(entry().context->user, "app");
    EXPECT_EQ(store(), "NCZ");
    EXPECT_EQ(script().shard.statements_queued.get(), 1u);
    EXPECT_EQ(script().misuses(), 0);
}

TEST_F(OutageContract, TheTagSaysHowManyRowsThereAre) {
    database_goes();
    ask(query("INSERT INTO audit_logs (id) VALUES (1), (2), (3)"));
    script().answer_spool({});
    auto answer = client().take();
    ASSERT_EQ(types_of(answer), "NCZ");
    EXPECT_EQ(answer[1].payload, zero_ended("INSERT 0 3"));
}

TEST_F(OutageContract, WhatTheSpoolRefusesIsRefused) {
    database_goes();
    ask(query(kInsert));
    script().answer_spool({SpoolVerdict::Reason::DiskFull, 0, "The disk is full."});
    auto answer = client().take();
    ASSERT_EQ(types_of(answer), "EZ");
    EXPECT_EQ(answer[0].field('C'), "53100");
    EXPECT_THAT(answer[0].field('D'), HasSubstr("disk is full"));
}

TEST_F(OutageContract, ExtendedProtocolWithParameters) {
    database_goes();
    EXPECT_EQ(
        ask(parse("s1", "INSERT INTO audit_logs (id) VALUES ($1)") + describe('S', "s1") + sync()),
        "1tnZ");
    EXPECT_EQ(ask(bind("", "s1") + execute("") + sync()), "");
    ASSERT_EQ(script().spooled.size(), 1u);
    EXPECT_EQ(entry().statements[0].sql, "INSERT INTO audit_logs (id) VALUES ($1)");
    EXPECT_EQ(store(), "2NCZ");
}

TEST_F(OutageContract, ATransactionOfWritesIsOneEntry) {
    database_goes();
    EXPECT_EQ(ask(query("BEGIN")), "CZ");
    EXPECT_EQ(ask(query(kInsert)), "NCZ");
    EXPECT_EQ(ask(query(kInsert)), "NCZ");
    EXPECT_THAT(script().spooled, IsEmpty());
    EXPECT_EQ(ask(query("COMMIT")), "");
    ASSERT_EQ(script().spooled.size(), 1u);
    EXPECT_EQ(entry().statements.size(), 2u);
    EXPECT_EQ(store(), "CZ");
}

TEST_F(OutageContract, RollbackForgetsIt) {
    database_goes();
    ask(query("BEGIN"));
    ask(query(kInsert));
    EXPECT_EQ(ask(query("ROLLBACK")), "CZ");
    EXPECT_EQ(ask(query("COMMIT")), "CZ");
    EXPECT_THAT(script().spooled, IsEmpty());
}

TEST_F(OutageContract, ATransactionWithAReadAfterAWriteIsRefusedAndStaysFailed) {
    database_goes();
    ask(query("BEGIN"));
    ask(query(kInsert));
    auto answer = messages(query("SELECT 'x'"));
    ASSERT_EQ(types_of(answer), "EZ");
    EXPECT_EQ(answer[1].payload, "E");
    auto next = messages(query(kInsert));
    ASSERT_EQ(types_of(next), "EZ");
    EXPECT_EQ(next[0].field('C'), "25P02");
    auto end = messages(query("COMMIT"));
    ASSERT_EQ(types_of(end), "CZ");
    EXPECT_EQ(end[0].payload, zero_ended("ROLLBACK"));
    EXPECT_THAT(script().spooled, IsEmpty());
}

TEST_F(OutageContract, ABeginBeforeAReadWaitsForTheServerAndIsSentThen) {
    script().database_goes();
    script().send(client(), query("SELECT 'probe'"));
    EXPECT_EQ(ask(query("BEGIN")), "");
    EXPECT_EQ(client().take_types(), "");
    script().database_returns();
    EXPECT_EQ(client().take_types(), "TDCZCZ");
    EXPECT_EQ(ask(query("SELECT 'x'")), "TDCZ");
}

TEST_F(OutageContract, ABeginThatWasAnsweredHereIsSentBeforeTheReadThatFollows) {
    database_goes();
    EXPECT_EQ(ask(query("BEGIN")), "CZ");
    script().database_returns();
    auto answer = messages(query("SELECT 'x'"));
    ASSERT_EQ(types_of(answer), "TDCZ");
    EXPECT_EQ(answer[3].payload, "T");
    EXPECT_EQ(ask(query("COMMIT")), "CZ");
    EXPECT_EQ(script().misuses(), 0);
}

TEST_F(OutageContract, AReadInATransactionBegunHereIsRefusedAfterTheBudgetAndTheTransactionFails) {
    database_goes();
    ask(query("BEGIN"));
    auto answer = messages(query("SELECT 'x'"));
    ASSERT_EQ(types_of(answer), "EZ");
    EXPECT_EQ(answer[0].field('C'), "08006");
    EXPECT_EQ(answer[1].payload, "E");
    auto end = messages(query("ROLLBACK"));
    ASSERT_EQ(types_of(end), "CZ");
    EXPECT_EQ(end[1].payload, "I");
}

TEST_F(OutageContract, WhatCannotBeQueuedIsRefusedWithTheReason) {
    database_goes();
    auto answer = messages(query("INSERT INTO audit_logs (id) VALUES (1) RETURNING id"));
    ASSERT_EQ(types_of(answer), "EZ");
    EXPECT_EQ(answer[0].field('C'), "08006");
    EXPECT_THAT(answer[0].field('D'), HasSubstr("RETURNING"));
    EXPECT_THAT(answer[0].field('D'), HasSubstr("Not reachable since"));
}

TEST_F(OutageContract, OtherTablesWaitForTheBudgetAndAreRefusedThen) {
    database_goes();
    auto answer = messages(query("INSERT INTO tasks (id) VALUES (1)"));
    ASSERT_EQ(types_of(answer), "EZ");
    EXPECT_THAT(script().spooled, IsEmpty());
}

TEST_F(OutageContract, ALoginIsAnsweredFromMemory) {
    database_goes();
    auto& late = script().accept();
    script().send(late,
                  startup({{"user", "app"}, {"database", "db"}, {"application_name", "late"}}));
    auto answer = late.take();
    ASSERT_FALSE(answer.empty());
    EXPECT_EQ(answer.back().type, 'Z');
    bool named = false;
    for (const auto& message : answer)
        named = named || message.payload == zero_ended("application_name") + zero_ended("late");
    EXPECT_TRUE(named);
    EXPECT_EQ(script().ask(late, query(kInsert)), "");
    EXPECT_EQ(entry().context->service, "late");
}

TEST_F(OutageContract, QuietClientsGetNoNotice) {
    auto& quiet = script().login({{"client_min_messages", "warning"}});
    database_goes();
    script().ask(quiet, query(kInsert));
    script().answer_spool({});
    EXPECT_EQ(quiet.take_types(), "CZ");
}

TEST_F(OutageContract, WritesBehindQueuedOnesWaitUntilThoseAreApplied) {
    database_goes();
    ask(query(kInsert));
    EXPECT_EQ(store(), "NCZ");
    script().database_returns();
    EXPECT_EQ(ask(query(kInsert)), "");
    EXPECT_EQ(ask(""), "");
    auto& other = script().login();
    EXPECT_EQ(script().ask(other, query("SELECT 'x'")), "TDCZ");
    EXPECT_EQ(script().spooled.size(), 1u);
    apply();
    EXPECT_EQ(client().take_types(), "CZ");
    EXPECT_EQ(script().shard.flush_waits.get(), 1u);
}

TEST_F(OutageContract, WhenTheFlushLastsTooLongWritesAreQueuedBehindIt) {
    database_goes();
    ask(query(kInsert));
    store();
    script().database_returns();
    EXPECT_EQ(ask(query(kInsert)), "");
    script().pass_ms(6'000);
    EXPECT_EQ(script().spooled.size(), 2u);
    EXPECT_EQ(store(), "NCZ");
}

TEST_F(OutageContract, InModeMockTheAuditLogStillReachesTheSpool) {
    setup_.settings.database.mode = model::DatabaseMode::Mock;
    script_ = std::make_unique<ProxyScript>(setup_);
    client_ = &script_->login();
    EXPECT_EQ(ask(query(kInsert)), "");
    ASSERT_EQ(script().spooled.size(), 1u);
    EXPECT_EQ(store(), "CZ");
    EXPECT_EQ(ask(query("INSERT INTO tasks VALUES (1)")), "CZ");
    EXPECT_EQ(ask(query("UPDATE audit_logs SET note = 'b'")), "CZ");
    EXPECT_EQ(script().spooled.size(), 1u);
}

}  // namespace
}  // namespace pgsidecar::test
