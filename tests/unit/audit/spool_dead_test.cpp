// Dead letters: what the flush buries, and what people do about it.
#include <sqlite3.h>

#include "audit/spool_commands.hpp"
#include "tests/unit/audit/spool_rig.hpp"

namespace pgsidecar::audit {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

using SpoolDeadLetters = test::SpoolRig;
using test::entry_of;

TEST_F(SpoolDeadLetters, ABuriedEntryLeavesTheOrderAndKeepsItsError) {
    open();
    for (const char* text : {"a", "b", "c"}) append(text);
    EXPECT_TRUE(bury(2));
    EXPECT_THAT(texts(), ElementsAre("a", "c"));
    reopen();
    EXPECT_THAT(texts(), ElementsAre("a", "c"));
    const auto dead = dead_letters();
    ASSERT_THAT(dead, SizeIs(1));
    EXPECT_EQ(dead[0].stored.sequence, 2U);
    EXPECT_EQ(dead[0].stored.entry.statements[0].sql, "b");
    EXPECT_EQ(dead[0].stored.entry.context->user, "app");
    EXPECT_EQ(dead[0].sqlstate, "23505");
    EXPECT_EQ(dead[0].message, "duplicate key");
    EXPECT_GT(dead[0].died_us, 0);
    EXPECT_FALSE(dead[0].damaged);
    EXPECT_EQ(spool_->stats().dead, 1U);
    EXPECT_EQ(spool_->stats().entries, 2U);
}

TEST_F(SpoolDeadLetters, ProgressGoesOverABuriedOne) {
    open();
    for (const char* text : {"a", "b"}) append(text);
    EXPECT_TRUE(bury(1));
    EXPECT_EQ(spool_->progress().settled(), 1U);
    EXPECT_TRUE(bury(2));
    EXPECT_FALSE(spool_->progress().anything_waits());
}

TEST_F(SpoolDeadLetters, SettlingAroundADeadLetterKeepsItWhole) {
    auto entry = entry_of("first");
    entry.statements.push_back(test::statement_of("second"));
    open();
    for (int i = 0; i < 3; ++i) append(entry);
    EXPECT_TRUE(bury(2));
    EXPECT_TRUE(settle(3));
    reopen();
    const auto dead = dead_letters();
    ASSERT_THAT(dead, SizeIs(1));
    EXPECT_FALSE(dead[0].damaged);
    EXPECT_THAT(dead[0].stored.entry.statements, SizeIs(2));
}

TEST_F(SpoolDeadLetters, ARetriedOneGoesBehindEverything) {
    auto entry = entry_of("first");
    entry.statements.push_back(test::statement_of("second", "commands"));
    open();
    append(entry);
    append("b");
    const auto accepted = read()[0].accepted_us;
    EXPECT_TRUE(bury(1));
    EXPECT_TRUE(retry(1));
    EXPECT_FALSE(retry(1));
    const auto stored = read();
    ASSERT_THAT(stored, SizeIs(2));
    EXPECT_EQ(stored[1].sequence, 3U);
    EXPECT_EQ(stored[1].accepted_us, accepted);
    EXPECT_THAT(stored[1].entry.statements, SizeIs(2));
    EXPECT_THAT(dead_letters(), IsEmpty());
    EXPECT_TRUE(settle(2));
    EXPECT_TRUE(spool_->progress().waits_for("commands"));
    EXPECT_EQ(spool_->progress().accepted(), 3U);
    reopen();
    EXPECT_THAT(texts(), ElementsAre("first"));
}

TEST_F(SpoolDeadLetters, ADiscardedOneIsGone) {
    open();
    append("a");
    EXPECT_TRUE(bury(1));
    EXPECT_TRUE(discard(1));
    EXPECT_FALSE(discard(1));
    EXPECT_FALSE(retry(1));
    reopen();
    EXPECT_THAT(dead_letters(), IsEmpty());
    EXPECT_EQ(append("b").sequence, 2U);
}

TEST_F(SpoolDeadLetters, BuryingWhatDoesNotWaitDoesNothing) {
    open();
    append("a");
    EXPECT_TRUE(bury(7));
    EXPECT_TRUE(settle(1));
    EXPECT_TRUE(bury(1));
    EXPECT_THAT(dead_letters(), IsEmpty());
    reopen();
}

TEST_F(SpoolDeadLetters, AreListedOldestFirstAndBounded) {
    open();
    for (int i = 0; i < 5; ++i) append("x");
    for (const std::uint64_t sequence : {4U, 2U, 5U}) EXPECT_TRUE(bury(sequence));
    const auto dead = dead_letters(2);
    ASSERT_THAT(dead, SizeIs(2));
    EXPECT_EQ(dead[0].stored.sequence, 2U);
    EXPECT_EQ(dead[1].stored.sequence, 4U);
}

TEST_F(SpoolDeadLetters, ContextsOfDeadLettersOutliveTheClearing) {
    open();
    for (int i = 0; i < 300; ++i) {
        auto entry = entry_of("x");
        entry.context = test::context_of("user" + std::to_string(i));
        append(entry);
    }
    EXPECT_TRUE(bury(7));
    EXPECT_TRUE(settle(300));
    append("y");
    reopen();
    EXPECT_EQ(dead_letters()[0].stored.entry.context->user, "user6");
    EXPECT_FALSE(dead_letters()[0].damaged);
    EXPECT_EQ(read()[0].entry.context->user, "app");
}

TEST_F(SpoolDeadLetters, TheCommandLineAsksARunningSpool) {
    open();
    for (int i = 0; i < 3; ++i) append("x");
    for (const std::uint64_t sequence : {1U, 2U, 3U}) EXPECT_TRUE(bury(sequence));
    std::string answer;
    EXPECT_TRUE(ask_running_sidecar(options_.folder, {0, "retry", 2}, 30'000, answer));
    EXPECT_EQ(answer, "1 done, 0 not possible");
    EXPECT_TRUE(ask_running_sidecar(options_.folder, {0, "retry", 2}, 30'000, answer));
    EXPECT_EQ(answer, "0 done, 1 not possible");
    EXPECT_TRUE(ask_running_sidecar(options_.folder, {0, "discard", 0}, 30'000, answer));
    EXPECT_EQ(answer, "2 done, 0 not possible");
    EXPECT_TRUE(ask_running_sidecar(options_.folder, {0, "explode", 1}, 30'000, answer));
    EXPECT_EQ(answer, "unknown");
    EXPECT_THAT(texts(), ElementsAre("x"));
    EXPECT_TRUE(spool_->progress().anything_waits());
    EXPECT_THAT(dead_letters(), IsEmpty());
}

TEST_F(SpoolDeadLetters, ASpoolThatDoesNotRunDoesNotAnswer) {
    open();
    append("x");
    spool_.reset();
    std::string answer;
    EXPECT_FALSE(ask_running_sidecar(options_.folder, {0, "retry", 1}, 0, answer));
    EXPECT_EQ(answer, "it has not answered");
    EXPECT_FALSE(ask_running_sidecar(options_.folder + "/no", {0, "retry", 1}, 0, answer));
    EXPECT_THAT(answer, HasSubstr("cannot be opened"));
    open();
    EXPECT_THAT(texts(), ElementsAre("x"));
}

/// What people see with sqlite3.
TEST_F(SpoolDeadLetters, ViewsShowWaitingAndDead) {
    auto entry = entry_of("insert into t values (1)");
    entry.statements.push_back(test::statement_of("second"));
    open();
    append(entry);
    append("dead");
    EXPECT_TRUE(bury(2));
    spool_.reset();
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open(database().c_str(), &db), SQLITE_OK);
    std::string rows;
    const auto add = [](void* out, int columns, char** values, char**) {
        for (int i = 0; i < columns; ++i)
            *static_cast<std::string*>(out) += std::string(values[i]) + ";";
        return 0;
    };
    EXPECT_EQ(sqlite3_exec(db, "SELECT sequence, part, class, user, sql FROM waiting", add, &rows,
                           nullptr),
              SQLITE_OK);
    EXPECT_EQ(rows, "1;1;durable;app;insert into t values (1);1;2;durable;app;second;");
    rows.clear();
    EXPECT_EQ(sqlite3_exec(db, "SELECT sequence, sqlstate, message, sql FROM dead_letters", add,
                           &rows, nullptr),
              SQLITE_OK);
    EXPECT_EQ(rows, "2;23505;duplicate key;dead;");
    sqlite3_close(db);
}

}  // namespace
}  // namespace pgsidecar::audit
