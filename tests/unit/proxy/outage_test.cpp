#include <gmock/gmock.h>

#include "tests/support/proxy_script/proxy_script.hpp"

// The outage contract on the wire: what is queued, what waits, what is refused (design, part 6).

namespace pgsidecar::test {
namespace {

using model::SpoolVerdict;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kInsert = "INSERT INTO audit_logs (id, note) VALUES (1, 'a')";

/// A plane with a spool that takes everything, and one client that is logged in.
class OutageContract : public testing::Test {
protected:
    OutageContract() {
        progress_.set_usable(true);
        setup_.progress = &progress_;
        setup_.settings.database.retry_delay_ms = 100;
        setup_.settings.database.max_retries = 2;
        script_ = std::make_unique<ProxyScript>(setup_);
        client_ = &script_->login();
    }
    ProxyScript& script() { return *script_; }
    ScriptClient& client() { return *client_; }
    std::string ask(std::string_view bytes) { return script().ask(client(), bytes); }
    std::vector<Message> messages(std::string_view bytes) {
        script().send(client(), bytes);
        return client().take();
    }
    /// The database goes away, and the pool has found out.
    void database_goes() {
        script().database_goes();
        script().send(client(), query("SELECT 'probe'"));
        script().pass_ms(400);
        ASSERT_EQ(client().take_types(), "EZ");
    }
    std::string store() {
        std::uint64_t sequence = ++sequence_;
        for (const auto& statement : script().spooled.back().second.statements)
            progress_.accept(sequence, statement.table);
        script().answer_spool({SpoolVerdict::Reason::Stored, sequence, {}});
        return client().take_types();
    }
    const model::SpoolEntry& entry() { return script().spooled.back().second; }

    model::SpoolProgress progress_;
    std::uint64_t sequence_ = 0;
    ScriptSetup setup_;
    std::unique_ptr<ProxyScript> script_;
    ScriptClient* client_ = nullptr;
};

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
    progress_.settle(sequence_);
    script().plane().spool_advanced(script().now());
    script().end_turn();
    script().run();
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

// ---- sessions outlive their server

TEST_F(OutageContract, AnIdleSessionGoesOnAfterARestart) {
    script().database_goes();
    script().database_returns();
    EXPECT_EQ(ask(query("SELECT 'x'")), "TDCZ");
    EXPECT_FALSE(client().closed());
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

// ---- audit.durability = strict

class StrictRecords : public OutageContract {
protected:
    StrictRecords() {
        setup_.settings.audit.durability = config::AuditDurability::Strict;
        script_ = std::make_unique<ProxyScript>(setup_);
        client_ = &script_->login();
    }
    void on_disk(bool stored) {
        script().plane().records_on_disk(script().records.back().sequence, stored, script().now());
        script().end_turn();
        script().run();
    }
};

TEST_F(StrictRecords, AWriteIsAnsweredWhenItsRecordIsOnDisk) {
    EXPECT_EQ(ask(query("UPDATE tasks SET a = 1")), "");
    ASSERT_EQ(script().records.size(), 1u);
    EXPECT_TRUE(script().plane().records_awaited());
    on_disk(true);
    EXPECT_EQ(client().take_types(), "CZ");
    EXPECT_FALSE(script().plane().records_awaited());
}

TEST_F(StrictRecords, AReadDoesNotWait) { EXPECT_EQ(ask(query("SELECT 'x'")), "TDCZ"); }

TEST_F(StrictRecords, AnOlderRecordIsNotEnough) {
    ask(query("UPDATE tasks SET a = 1"));
    script().plane().records_on_disk(script().records.back().sequence - 1, true, script().now());
    script().end_turn();
    EXPECT_EQ(client().take_types(), "");
    on_disk(true);
    EXPECT_EQ(client().take_types(), "CZ");
}

TEST_F(StrictRecords, WithoutItsRecordAWriteIsNotAnsweredAsDone) {
    ask(query("UPDATE tasks SET a = 1"));
    on_disk(false);
    auto answer = client().take();
    ASSERT_EQ(types_of(answer), "E");
    EXPECT_EQ(answer[0].field('V'), "FATAL");
    EXPECT_TRUE(client().closed());
}

TEST_F(StrictRecords, EveryByteOfTheAnswerApart) {
    client().write(query("UPDATE tasks SET a = 1"));
    while (script().turn(client().channel, 1)) {
    }
    for (bool moved = true; moved;) {
        moved = false;
        for (auto& server : script().servers) moved = script().turn(*server, 1) || moved;
    }
    EXPECT_EQ(client().take_types(), "");
    on_disk(true);
    EXPECT_EQ(client().take_types(), "CZ");
}

// ---- mode mock

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
