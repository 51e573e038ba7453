#include "protocol/session/reply_queue.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/random.hpp"

namespace pgsidecar::protocol {
namespace {

using Effect = ReplyEffect;
using Kind = ReplyKind;
using Queue = ReplyQueue<int>;

Kind kind_of(char type) {
    switch (type) {
        case 'Q': return Kind::Query;
        case 'P': return Kind::Parse;
        case 'B': return Kind::Bind;
        case 'D': return Kind::Describe;
        case 'E': return Kind::Execute;
        case 'C': return Kind::Close;
        case 'F': return Kind::FunctionCall;
        default: return Kind::Sync;
    }
}

/// Pushes requests by their letters, numbered from `from`; c and f end a COPY.
void push(Queue& queue, std::string_view requests, int from = 0) {
    for (char type : requests) {
        if (type == 'c' || type == 'f') {
            queue.on_copy_end();
        } else {
            queue.push(kind_of(type), from++);
        }
    }
}

/// The effects of these answers, a letter each: Relay, Async, Step, Done, Failed, Unsolicited,
/// eXchange done, desYnc.
std::string effects(Queue& queue, std::string_view answers) {
    std::string text;
    for (char type : answers)
        text.push_back("RASDFUXY"[static_cast<std::size_t>(queue.on_backend(type))]);
    return text;
}

TEST(ReplyQueue, ASimpleQueryAnswersSeveralStatements) {
    Queue queue;
    push(queue, "Q");
    EXPECT_EQ(effects(queue, "TDDCTDCISZ"), "RRRDRRDDAX");
    EXPECT_EQ(queue.answered().payload, 0);
    EXPECT_TRUE(queue.empty());
}

TEST(ReplyQueue, StepsOfAnExtendedExchange) {
    Queue queue;
    push(queue, "PDBDECS");
    EXPECT_EQ(effects(queue, "1tT2TDDC3Z"), "SRSSSRRDSX");
    push(queue, "PDBDES");
    EXPECT_EQ(effects(queue, "1tn2nCZ"), "SRSSSDX");
    EXPECT_TRUE(queue.empty());
}

TEST(ReplyQueue, PortalSuspendedEndsAnExecute) {
    Queue queue;
    push(queue, "EEES");
    EXPECT_EQ(effects(queue, "DDsDsC"), "RRDRDD");
    EXPECT_EQ(queue.answered().payload, 2);
    EXPECT_EQ(effects(queue, "Z"), "X");
}

TEST(ReplyQueue, AnErrorSkipsToTheNextSync) {
    Queue queue;
    push(queue, "PBESPBES");
    EXPECT_EQ(effects(queue, "1E"), "SF");
    EXPECT_EQ(queue.answered().payload, 1);
    EXPECT_EQ(queue.head().payload, 3);
    EXPECT_FALSE(queue.skipping());
    EXPECT_EQ(effects(queue, "Z12CZ"), "XSSDX");
}

TEST(ReplyQueue, WhatIsSentWhileTheServerSkipsIsNotAnswered) {
    Queue queue;
    push(queue, "PB");
    EXPECT_EQ(effects(queue, "E"), "F");
    EXPECT_TRUE(queue.skipping());
    EXPECT_FALSE(queue.push(Kind::Execute, 7));
    EXPECT_FALSE(queue.push(Kind::Query, 8));
    EXPECT_TRUE(queue.push(Kind::Sync, 9));
    EXPECT_FALSE(queue.skipping());
    EXPECT_EQ(effects(queue, "Z"), "X");
    EXPECT_EQ(queue.answered().payload, 9);
}

TEST(ReplyQueue, AQueryThatFailsStillGetsItsReadyForQuery) {
    Queue queue;
    push(queue, "QQ");
    EXPECT_EQ(effects(queue, "CEZ"), "DFX");
    EXPECT_EQ(queue.size(), 1u);
    EXPECT_EQ(effects(queue, "CZ"), "DX");
}

TEST(ReplyQueue, SyncAndFunctionCallMayFailToo) {
    Queue queue;
    push(queue, "SF");
    EXPECT_EQ(effects(queue, "EZEZ"), "FXFX");  // a deferred constraint fails at the Sync's commit
    push(queue, "F");
    EXPECT_EQ(effects(queue, "VZ"), "RX");
}

TEST(ReplyQueue, SyncIsIgnoredDuringCopyIn) {
    Queue queue;
    push(queue, "PBES");
    EXPECT_EQ(effects(queue, "12G"), "SSR");
    EXPECT_TRUE(queue.copy_in());
    EXPECT_EQ(queue.size(), 1u);  // the Sync sent ahead went into the COPY
    EXPECT_FALSE(queue.push(Kind::Sync, 5));
    push(queue, "cS", 6);
    EXPECT_EQ(effects(queue, "CZ"), "DX");
    EXPECT_EQ(queue.answered().payload, 6);
    EXPECT_TRUE(queue.empty());
}

TEST(ReplyQueue, AnExecuteBehindACopyThatHasEndedLeavesTheCopyEnded) {
    Queue queue;
    push(queue, "EcSPBE");
    EXPECT_EQ(effects(queue, "G"), "R");
    EXPECT_FALSE(queue.copy_in());
    EXPECT_TRUE(queue.push(Kind::Sync, 9));
    EXPECT_EQ(effects(queue, "CZ12CZ"), "DXSSDX");
    EXPECT_TRUE(queue.empty());
}

TEST(ReplyQueue, CopyDoneSentAheadOfCopyInResponse) {
    Queue queue;
    push(queue, "PBEcS");
    EXPECT_EQ(effects(queue, "12GCZ"), "SSRDX");
    EXPECT_TRUE(queue.empty());
    push(queue, "PBEScS");
    EXPECT_EQ(effects(queue, "12GCZ"), "SSRDX");
    EXPECT_TRUE(queue.empty());
}

TEST(ReplyQueue, CopyInOfASimpleQuery) {
    Queue queue;
    push(queue, "Q");
    EXPECT_EQ(effects(queue, "G"), "R");
    EXPECT_TRUE(queue.copy_in());
    queue.on_copy_end();
    EXPECT_FALSE(queue.copy_in());
    EXPECT_EQ(effects(queue, "CZ"), "DX");
    push(queue, "Q");
    EXPECT_EQ(effects(queue, "GEZ"), "RFX");  // failed while data was coming
    EXPECT_FALSE(queue.copy_in());
}

TEST(ReplyQueue, CopyOut) {
    Queue queue;
    push(queue, "Q");
    EXPECT_EQ(effects(queue, "HddcCZ"), "RRRRDX");
}

TEST(ReplyQueue, CopyBothIsForReplicationOnly) {
    Queue shared;
    push(shared, "Q");
    EXPECT_EQ(shared.on_backend('W'), Effect::Desync);
    Queue own;
    own.allow_replication();
    push(own, "Q");
    EXPECT_EQ(effects(own, "WddcCZ"), "RRRRDX");
}

TEST(ReplyQueue, WhatNobodyAskedFor) {
    for (char type : std::string_view("1CDGHIVWZTctdns23")) {
        Queue queue;
        EXPECT_EQ(queue.on_backend(type), Effect::Desync) << type;
    }
    Queue queue;
    EXPECT_EQ(effects(queue, "NASE"), "AAAU");
    struct Case {
        const char* request;
        const char* not_its_answers;
    };
    for (const Case& c :
         {Case{"P", "2C3ZTDn"}, Case{"B", "1C3ZD"}, Case{"D", "1CZDGs"}, Case{"E", "123Znt"},
          Case{"C", "12CZT"}, Case{"S", "123CDTGIV"}, Case{"F", "1CDT"}, Case{"Q", "123ntV"}}) {
        for (char answer : std::string_view(c.not_its_answers)) {
            Queue fresh;
            push(fresh, c.request);
            EXPECT_EQ(fresh.on_backend(answer), Effect::Desync) << c.request << answer;
        }
    }
}

TEST(ReplyQueue, ClearForgetsEverything) {
    Queue queue;
    push(queue, "PB");
    effects(queue, "E");
    queue.clear();
    EXPECT_TRUE(queue.empty());
    EXPECT_FALSE(queue.skipping() || queue.copy_in());
    EXPECT_TRUE(queue.push(Kind::Parse, 1));
}

// ---- random walks

/// What PostgreSQL does with requests, one at a time, by the manual's words.
class ModelBackend {
public:
    explicit ModelBackend(base::Entropy& entropy) : entropy_(entropy) {}

    unsigned roll(unsigned below) {
        std::byte byte;
        entropy_.fill(std::span(&byte, 1));
        return std::to_integer<unsigned>(byte) % below;
    }
    /// request: a letter and its number. Answers: a letter and whose it is.
    void take(char request, int number) {
        if (copy_) return in_copy(request);
        if (skipping_ && request != 'S') return;
        bool fails = roll(8) == 0;
        switch (request) {
            case 'S':
                skipping_ = false;
                answer(fails ? "EZ" : "Z", number);
                return;
            case 'F': return answer(fails ? "EZ" : "VZ", number);
            case 'P': return step(fails, "1", number);
            case 'B': return step(fails, "2", number);
            case 'C': return step(fails, "3", number);
            case 'D': return step(fails, roll(2) == 0 ? "tT" : "n", number);
            case 'Q':
            case 'E': return run(request, number, fails);
            case 'q':
            case 'e': return begin_copy(request == 'q' ? 'Q' : 'E', number, fails);
            default: return;  // c and f outside a COPY
        }
    }

    struct Answer {
        char type;
        int number;
    };
    std::vector<Answer> out;

private:
    void answer(std::string_view types, int number) {
        for (char type : types) out.push_back({type, number});
    }
    void step(bool fails, std::string_view types, int number) {
        skipping_ = fails;
        answer(fails ? "E" : types, number);
    }
    void begin_copy(char request, int number, bool fails) {
        if (fails) return request == 'Q' ? answer("EZ", number) : step(true, {}, number);
        answer("G", number);
        copy_ = request;
        copy_number_ = number;
    }
    void run(char request, int number, bool fails) {
        static constexpr std::string_view kResults[] = {"C", "DDC", "I", "HdcC"};
        if (request == 'E') {
            step(fails, roll(5) == 0 ? "Ds" : kResults[roll(4)], number);
            return;
        }
        for (unsigned i = roll(3); i > 0; --i) answer(kResults[roll(4)], number);
        answer(fails ? "EZ" : "CZ", number);
    }
    void in_copy(char request) {
        if (request != 'c' && request != 'f') return;
        char of = std::exchange(copy_, '\0');
        answer(request == 'c' ? "C" : "E", copy_number_);
        if (of == 'Q') return answer("Z", copy_number_);
        skipping_ = request == 'f';
    }

    base::Entropy& entropy_;
    char copy_ = '\0';
    int copy_number_ = 0;
    bool skipping_ = false;
};

/// Requests that a client may send and answers as a server gives them, interleaved at random: the
/// queue must name the right request for every answer and never lose its place. q and e begin a
/// COPY, into which the client sends Syncs that do not count and then its end, without waiting for
/// CopyInResponse.
class Walk {
public:
    explicit Walk(std::uint64_t seed) : entropy_(seed), backend_(entropy_) {}

    void client_step() {
        if (copying_) {
            char type = "SSc"[backend_.roll(3)];
            if (type == 'c' && backend_.roll(2) == 0) type = 'f';
            copying_ = type == 'S';
            return send(type);
        }
        // The next request behind a COPY waits until that one is over.
        if (unanswered_copy_ && !queue_.empty()) {
            if (!synced_) send('S');
            synced_ = true;
            return;
        }
        unanswered_copy_ = synced_ = false;
        char type = "QPBDECSSFqe"[backend_.roll(11)];
        copying_ = unanswered_copy_ = type == 'q' || type == 'e';
        send(type);
    }
    void server_step() {
        if (in_flight_.empty()) return;
        auto [type, number] = in_flight_.front();
        in_flight_.erase(in_flight_.begin());
        backend_.take(type, number);
        for (auto [answer, whose] : std::exchange(backend_.out, {})) {
            SCOPED_TRACE(std::string("answer ") + answer + ", requests " + log_);
            ASSERT_FALSE(queue_.empty());
            ASSERT_EQ(queue_.head().payload, whose);
            Effect effect = queue_.on_backend(answer);
            ASSERT_NE(effect, Effect::Desync);
            if (effect != Effect::Relay) {
                ASSERT_EQ(queue_.answered().payload, whose);
            }
        }
    }
    unsigned roll(unsigned below) { return backend_.roll(below); }

private:
    void send(char type) {
        log_.push_back(type);
        if (type == 'c' || type == 'f') {
            queue_.on_copy_end();
        } else {
            queue_.push(type == 'q'   ? Kind::Query
                        : type == 'e' ? Kind::Execute
                                      : kind_of(type),
                        number_);
        }
        in_flight_.emplace_back(type, number_++);
    }

    base::SeededEntropy entropy_;
    ModelBackend backend_;
    Queue queue_;
    std::vector<std::pair<char, int>> in_flight_;
    std::string log_;
    int number_ = 0;
    bool copying_ = false, unanswered_copy_ = false, synced_ = false;
};

void walk(std::uint64_t seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Walk walk(seed);
    for (int step = 0; step < 300 && !testing::Test::HasFailure(); ++step) {
        walk.roll(2) == 0 ? walk.client_step() : walk.server_step();
    }
}

TEST(ReplyQueue, RandomWalksNeverLoseTheirPlace) {
    for (std::uint64_t seed = 1; seed <= 300 && !testing::Test::HasFailure(); ++seed) walk(seed);
}

}  // namespace
}  // namespace pgsidecar::protocol
