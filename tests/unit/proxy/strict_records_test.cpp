#include "tests/unit/proxy/outage_contract.hpp"

// audit.durability = strict: an answer waits for its record's fsync.

namespace pgsidecar::test {
namespace {

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

}  // namespace
}  // namespace pgsidecar::test
