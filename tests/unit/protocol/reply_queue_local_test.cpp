#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "protocol/session/reply_queue.hpp"

namespace pgsidecar::protocol {
namespace {

using Effect = ReplyEffect;
using Kind = ReplyKind;
using Queue = ReplyQueue<int>;

/// Requests by their letters, numbered from 0; L is answered by us.
struct Script {
    Queue queue;
    std::string completed, failed, skipped;
    int next = 0;

    void complete() {
        queue.complete_locals([&](Queue::Item& item) {
            EXPECT_EQ(item.kind, Kind::Local);
            completed += std::to_string(item.payload);
        });
    }
    bool push(char type) {
        static constexpr std::string_view kLetters = "QPBDECSFL";
        bool taken = queue.push(static_cast<Kind>(kLetters.find(type)), next++);
        complete();
        return taken;
    }
    void push_all(std::string_view types) {
        for (char type : types) push(type);
    }
    Effect answer(char type) {
        Effect effect = queue.on_backend(type, [&](Queue::Item& item, bool is_skipped) {
            (is_skipped ? skipped : failed) += std::to_string(item.payload);
        });
        complete();
        return effect;
    }
    void answer_all(std::string_view types) {
        for (char type : types) EXPECT_NE(answer(type), Effect::Desync) << type;
    }
};

TEST(ReplyQueueLocal, IsAnsweredAtOnceWhenNothingIsOutstanding) {
    Script script;
    script.push_all("L");
    EXPECT_EQ(script.completed, "0");
    EXPECT_TRUE(script.queue.empty());
}

TEST(ReplyQueueLocal, WaitsForWhatWasAskedBefore) {
    Script script;
    script.push_all("PLLBLES");
    script.answer_all("1");
    EXPECT_EQ(script.completed, "12");
    script.answer_all("2");
    EXPECT_EQ(script.completed, "124");
    script.answer_all("DDC");
    EXPECT_EQ(script.completed, "124");
    script.answer_all("Z");
    EXPECT_TRUE(script.queue.empty());
}

TEST(ReplyQueueLocal, WaitsForAllStatementsOfASimpleQuery) {
    Script script;
    script.push_all("QL");
    script.answer_all("TDCC");
    EXPECT_EQ(script.completed, "");
    script.answer_all("Z");
    EXPECT_EQ(script.completed, "1");
}

TEST(ReplyQueueLocal, IsSkippedByAnErrorBeforeIt) {
    Script script;
    script.push_all("BLESLBS");
    script.answer_all("E");
    EXPECT_EQ(script.completed, "");
    EXPECT_EQ(script.skipped, "12");
    script.answer_all("Z");
    EXPECT_EQ(script.completed, "4");
    script.answer_all("2Z");
    EXPECT_TRUE(script.queue.empty());
}

TEST(ReplyQueueLocal, IsNotTakenWhileTheServerSkips) {
    Script script;
    script.push_all("B");
    script.answer_all("E");
    EXPECT_FALSE(script.push('L'));
    EXPECT_TRUE(script.push('S'));
    EXPECT_TRUE(script.push('L'));
    script.answer_all("Z");
    EXPECT_EQ(script.completed, "3");
}

TEST(ReplyQueueLocal, ARequestInsideACopyIsForTheServerToRefuse) {
    Script script;
    script.push_all("E");
    script.answer_all("G");
    EXPECT_FALSE(script.push('L'));
}

// The server never sees the Local ones, so the Syncs that it ignores are not only those directly
// behind.
TEST(ReplyQueueLocal, SyncsIgnoredByACopyAreFoundBehindIt) {
    Script script;
    script.push_all("ELSLSP");
    script.answer_all("G");
    EXPECT_EQ(script.queue.size(), 4u);
    script.queue.on_copy_end();
    script.answer_all("C");
    EXPECT_EQ(script.completed, "13");
    EXPECT_EQ(script.queue.head().payload, 5);
}

TEST(ReplyQueueUndo, NamesWhatAnErrorUndoesInOrder) {
    Script script;
    script.push_all("PBDECS");
    script.answer_all("1E");
    EXPECT_EQ(script.queue.answered().payload, 1);
    EXPECT_EQ(script.failed, "1");
    EXPECT_EQ(script.skipped, "234");
    script.answer_all("Z");
    EXPECT_EQ(script.skipped, "234");
}

TEST(ReplyQueueUndo, TheFailedOneIsNamedBeforeThoseItSkips) {
    Queue queue;
    std::string order;
    for (Kind kind : {Kind::Parse, Kind::Local, Kind::Bind, Kind::Sync})
        queue.push(kind, static_cast<int>(kind));
    queue.on_backend('E', [&](Queue::Item& item, bool is_skipped) {
        EXPECT_EQ(is_skipped, item.kind != Kind::Parse);
        order += std::to_string(item.payload);
    });
    EXPECT_EQ(order, "182");
}

TEST(ReplyQueueUndo, AQueryThatFailsUndoesNothing) {
    Script script;
    script.push_all("QPBES");
    script.answer_all("EZ12CZ");
    EXPECT_EQ(script.failed, "");
    EXPECT_EQ(script.skipped, "");
}

}  // namespace
}  // namespace pgsidecar::protocol
