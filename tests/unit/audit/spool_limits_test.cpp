// What the spool refuses, drops and lets age.
#include "tests/unit/audit/spool_rig.hpp"

namespace pgsidecar::audit {
namespace {

using model::OutageClass;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using Reason = model::SpoolVerdict::Reason;

using test::entry_of;

/// Entries of 130 bytes: 100 as their text makes.
class SpoolLimits : public test::SpoolRig {
protected:
    static model::SpoolEntry of(OutageClass outage_class, const std::string& name = "x") {
        auto entry = entry_of(name + std::string(100 - name.size(), ' '), outage_class);
        entry.statements[0].parameters.clear();
        entry.statements[0].types.clear();
        entry.statements[0].table = "t";
        return entry;
    }
    std::vector<std::string> names() {
        auto all = texts();
        for (auto& text : all) text.resize(text.find(' '));
        return all;
    }
};
constexpr std::int64_t kEntryBytes = 101;

TEST_F(SpoolLimits, AnEntryThatIsTooLargeIsRefused) {
    options_.max_entry_bytes = kEntryBytes - 1;
    open();
    const auto verdict = append(of(OutageClass::Durable));
    EXPECT_EQ(verdict.reason, Reason::EntryTooBig);
    EXPECT_THAT(verdict.problem, HasSubstr("101 bytes, its limit is 100 (outage.max_entry_bytes)"));
    EXPECT_EQ(spool_->stats().refused_total, 1U);
    EXPECT_TRUE(spool_->progress().usable());
}

TEST_F(SpoolLimits, TheNumberOfEntriesIsLimited) {
    options_.max_entries = 2;
    open();
    EXPECT_TRUE(append(of(OutageClass::Durable)).stored());
    EXPECT_TRUE(append(of(OutageClass::Queue)).stored());
    const auto verdict = append(of(OutageClass::Durable));
    EXPECT_EQ(verdict.reason, Reason::Full);
    EXPECT_THAT(verdict.problem, HasSubstr("outage.spool_max_entries"));
    ASSERT_TRUE(settle(1));
    EXPECT_EQ(append(of(OutageClass::Durable)).sequence, 3U);
}

TEST_F(SpoolLimits, TheLimitsHoldInsideOneCommitToo) {
    options_.max_entries = 5;
    open();
    std::vector<std::future<model::SpoolVerdict>> verdicts;
    {
        HeldUp held(*spool_);
        for (int i = 0; i < 9; ++i) verdicts.push_back(start_append(of(OutageClass::Durable)));
    }
    int stored = 0;
    for (auto& verdict : verdicts) stored += test::wait(std::move(verdict)).stored() ? 1 : 0;
    EXPECT_EQ(stored, 5);
    EXPECT_THAT(read(), SizeIs(5));
}

TEST_F(SpoolLimits, TheBytesAreLimitedAndDeadLettersCount) {
    options_.max_bytes = 2 * kEntryBytes;
    open();
    EXPECT_TRUE(append(of(OutageClass::Durable)).stored());
    EXPECT_TRUE(append(of(OutageClass::Durable)).stored());
    EXPECT_EQ(append(of(OutageClass::Durable)).reason, Reason::Full);
    ASSERT_TRUE(bury(1));
    const auto verdict = append(of(OutageClass::Durable));
    EXPECT_EQ(verdict.reason, Reason::Full);
    EXPECT_THAT(verdict.problem, HasSubstr("101 bytes are in dead letters"));
    reopen();
    EXPECT_EQ(append(of(OutageClass::Durable)).reason, Reason::Full);
    ASSERT_TRUE(discard(1));
    EXPECT_TRUE(append(of(OutageClass::Durable)).stored());
}

TEST_F(SpoolLimits, ClassQueueHasItsOwnNumber) {
    options_.queue_max_entries = 1;
    open();
    EXPECT_TRUE(append(of(OutageClass::Queue)).stored());
    const auto verdict = append(of(OutageClass::Queue));
    EXPECT_EQ(verdict.reason, Reason::Full);
    EXPECT_THAT(verdict.problem, HasSubstr("outage.queue_max_entries"));
    EXPECT_TRUE(append(of(OutageClass::Durable)).stored());
    reopen();
    EXPECT_EQ(append(of(OutageClass::Queue)).reason, Reason::Full);
    ASSERT_TRUE(settle(1));
    EXPECT_TRUE(append(of(OutageClass::Queue)).stored());
}

TEST_F(SpoolLimits, WhatCannotBeQueuedIsRefused) {
    open();
    auto nothing = of(OutageClass::Durable);
    nothing.statements.clear();
    EXPECT_EQ(append(nothing).reason, Reason::Failed);
    EXPECT_EQ(append(of(OutageClass::Hold)).reason, Reason::Failed);
    auto nobody = of(OutageClass::Durable);
    nobody.context = {};
    EXPECT_EQ(append(nobody).reason, Reason::Failed);
    EXPECT_THAT(read(), IsEmpty());
}

TEST_F(SpoolLimits, BufferDropsItsOldestAndCounts) {
    options_.buffer_max_bytes = 3 * kEntryBytes;
    open();
    for (const char* name : {"b1", "b2"}) append(of(OutageClass::Buffer, name));
    append(of(OutageClass::Durable, "d"));
    for (const char* name : {"b3", "b4", "b5"})
        EXPECT_TRUE(append(of(OutageClass::Buffer, name)).stored());
    EXPECT_THAT(names(), ElementsAre("d", "b3", "b4", "b5"));
    EXPECT_EQ(spool_->stats().buffer_dropped_total, 2U);
    EXPECT_EQ(spool_->stats().entries, 4U);
    EXPECT_EQ(spool_->progress().settled(), 2U);
    reopen();
    EXPECT_TRUE(append(of(OutageClass::Buffer, "b6")).stored());
    EXPECT_THAT(names(), ElementsAre("d", "b4", "b5", "b6"));
}

TEST_F(SpoolLimits, BufferDropsWithinOneCommit) {
    options_.buffer_max_bytes = 2 * kEntryBytes;
    open();
    std::vector<std::future<model::SpoolVerdict>> verdicts;
    {
        HeldUp held(*spool_);
        for (const char* name : {"1", "2", "3", "4", "5"})
            verdicts.push_back(start_append(of(OutageClass::Buffer, name)));
    }
    for (auto& verdict : verdicts) EXPECT_TRUE(test::wait(std::move(verdict)).stored());
    EXPECT_THAT(names(), ElementsAre("4", "5"));
    reopen();
    EXPECT_THAT(names(), ElementsAre("4", "5"));
}

TEST_F(SpoolLimits, BufferMakesRoomInAFullSpool) {
    options_.max_entries = 2;
    open();
    append(of(OutageClass::Durable, "d"));
    append(of(OutageClass::Buffer, "b1"));
    EXPECT_TRUE(append(of(OutageClass::Buffer, "b2")).stored());
    EXPECT_THAT(names(), ElementsAre("d", "b2"));
    EXPECT_EQ(append(of(OutageClass::Durable)).reason, Reason::Full);
}

TEST_F(SpoolLimits, ABufferEntryLargerThanTheBufferDropsNothing) {
    options_.buffer_max_bytes = 2 * kEntryBytes;
    open();
    append(of(OutageClass::Buffer, "b1"));
    auto large = of(OutageClass::Buffer);
    large.statements[0].sql.resize(500);
    EXPECT_EQ(append(large).reason, Reason::EntryTooBig);
    EXPECT_THAT(names(), ElementsAre("b1"));
}

class SpoolAging : public SpoolLimits {
protected:
    SpoolAging() {
        options_.queue_max_age_ms = 60'000;
        options_.clock = [this] { return base::Now{mono_ns_, wall_us_}; };
    }
    void pass(std::int64_t seconds) {
        mono_ns_ += seconds * 1'000'000'000;
        wall_us_ += seconds * 1'000'000;
    }
    std::atomic<std::int64_t> mono_ns_{1'000'000'000'000}, wall_us_{1'700'000'000'000'000};
};

TEST_F(SpoolAging, WhatIsTooOldGoesToTheDeadLetters) {
    open();
    append(of(OutageClass::Queue, "old"));
    append(of(OutageClass::Durable, "never-too-old"));
    append(of(OutageClass::Buffer, "neither"));
    pass(50);
    append(of(OutageClass::Queue, "young"));
    pass(15);
    EXPECT_THAT(names(), ElementsAre("never-too-old", "neither", "young"));
    EXPECT_THAT(dead_.next(), HasSubstr("outage.queue_max_age_ms, 60000 ms"));
    const auto dead = dead_letters();
    ASSERT_THAT(dead, SizeIs(1));
    EXPECT_EQ(dead[0].stored.sequence, 1U);
    EXPECT_FALSE(dead[0].damaged);
    EXPECT_EQ(dead[0].sqlstate, "");
    EXPECT_EQ(dead[0].died_us, wall_us_);
}

TEST_F(SpoolAging, AClockThatJumpsKillsNothing) {
    for (const std::int64_t hours : {1, -1, 2, -2}) {
        options_.folder += "x";
        open();
        append(of(OutageClass::Queue, "a"));
        wall_us_ += hours * 3'600'000'000;
        EXPECT_THAT(names(), ElementsAre("a"));
        EXPECT_THAT(dead_letters(), IsEmpty());
        spool_.reset();
    }
    for (const std::int64_t hours : {1, -1, 2, -2}) {
        options_.folder += "y";
        open();
        append(of(OutageClass::Queue, "a"));
        reopen();
        wall_us_ += hours * 3'600'000'000;
        EXPECT_THAT(names(), ElementsAre("a"));
        EXPECT_THAT(dead_letters(), IsEmpty());
        spool_.reset();
    }
}

TEST_F(SpoolAging, AgeGoesOnThroughARestart) {
    open();
    append(of(OutageClass::Queue, "a"));
    pass(40);
    reopen();
    pass(30);
    EXPECT_THAT(names(), IsEmpty());
    EXPECT_EQ(spool_->stats().dead, 1U);
    EXPECT_FALSE(spool_->progress().anything_waits());
}

/// It may have been applied by a COMMIT whose answer was lost.
TEST_F(SpoolAging, WhatWasHandedOutIsLeftToTheLedger) {
    open();
    append(of(OutageClass::Queue, "a"));
    EXPECT_THAT(names(), ElementsAre("a"));
    append(of(OutageClass::Queue, "b"));
    pass(70);
    EXPECT_THAT(names(), ElementsAre("a"));
    reopen();
    pass(70);
    EXPECT_THAT(names(), ElementsAre("a"));
    EXPECT_EQ(spool_->stats().dead, 1U);
}

TEST_F(SpoolAging, ARetriedOneHasItsTimeAgain) {
    open();
    append(of(OutageClass::Queue, "a"));
    pass(70);
    EXPECT_THAT(names(), IsEmpty());
    ASSERT_TRUE(retry(1));
    EXPECT_THAT(names(), ElementsAre("a"));
    EXPECT_EQ(spool_->progress().accepted(), 2U);
}

TEST_F(SpoolAging, ManyOldOnesDoNotLookLikeTheEnd) {
    open();
    for (int i = 0; i < 20; ++i) append(of(OutageClass::Queue));
    append(of(OutageClass::Durable, "last"));
    pass(70);
    const auto found = read(0, 3);
    ASSERT_THAT(found, SizeIs(1));
    EXPECT_EQ(found[0].sequence, 21U);
    EXPECT_EQ(spool_->stats().dead, 20U);
}

class SpoolRecordsLimits : public SpoolLimits {};

TEST_F(SpoolRecordsLimits, RecordsComeBackInOrderAndAreSettled) {
    open();
    EXPECT_TRUE(append_records("one", 3));
    EXPECT_TRUE(append_records("two", 4));
    append(of(OutageClass::Durable));
    auto rows = read_records();
    ASSERT_THAT(rows, SizeIs(2));
    EXPECT_EQ(rows[0].sequence, 1U);
    EXPECT_EQ(rows[0].count, 3U);
    EXPECT_EQ(rows[0].body, "one");
    EXPECT_EQ(spool_->stats().records, 7U);
    EXPECT_EQ(spool_->stats().record_bytes, 6U);
    EXPECT_THAT(read_records(0, 1), SizeIs(1));
    EXPECT_THAT(read_records(1), SizeIs(1));
    ASSERT_TRUE(settle_records(1));
    reopen();
    rows = read_records();
    ASSERT_THAT(rows, SizeIs(1));
    EXPECT_EQ(rows[0].body, "two");
    ASSERT_TRUE(settle_records(2));
    reopen();
    EXPECT_TRUE(append_records("three", 1));
    EXPECT_EQ(read_records()[0].sequence, 3U);
    EXPECT_EQ(spool_->stats().entries, 1U);
}

TEST_F(SpoolRecordsLimits, TheOldestRecordsAreDroppedAndCounted) {
    options_.records_max_bytes = 100;
    open();
    for (int i = 0; i < 5; ++i) EXPECT_TRUE(append_records(std::string(40, 'r'), 10));
    EXPECT_THAT(read_records(), SizeIs(2));
    EXPECT_EQ(spool_->stats().records_dropped_total, 30U);
    EXPECT_FALSE(append_records(std::string(101, 'r'), 7));
    EXPECT_EQ(spool_->stats().records_dropped_total, 37U);
    EXPECT_THAT(read_records(), SizeIs(2));
}

}  // namespace
}  // namespace pgsidecar::audit
