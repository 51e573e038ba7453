#include <gmock/gmock.h>

#include "tests/unit/realtime/session_bench.hpp"

namespace pgsidecar::realtime {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class Replays : public SessionBench {
protected:
    std::string resume(Seq seq, std::string epoch = {}) const {
        if (epoch.empty()) epoch = hub.epoch();
        return R"({"type":"resume","id":"r","payload":{"epoch":")" + epoch + R"(","seq":)" +
               std::to_string(seq) + "}}";
    }
    static std::vector<Seq> seqs(const Client& client, bool replayed) {
        std::vector<Seq> out;
        for (const auto& one : client.heard) {
            if (one.HasMember("seq") && one.HasMember("replay") == replayed)
                out.push_back(one["seq"].GetUint64());
        }
        return out;
    }
};

TEST_F(Replays, WhatWasMissedComesMarkedThenTheReplyThenWhatIsNew) {
    Client before = open();
    Seq head = hub.head();
    before.session.reset();
    event("tasks", "1");
    event("plans", "2");
    event("tasks", "3");
    hub.publish_status(samples::status(model::ConnectionStatus::Error));
    Client client = open();
    client.ask(subscribe("tasks"));
    client.say(resume(head));
    event("tasks", "4");
    EXPECT_THAT(client.take(), ElementsAre("event", "event", "database:status", "reply", "event"));
    EXPECT_THAT(seqs(client, true), ElementsAre(head + 1, head + 3, head + 4));
    EXPECT_THAT(seqs(client, false), ElementsAre(head + 5));
    EXPECT_TRUE(client.result()["recovered"].GetBool());
    EXPECT_EQ(client.result()["replayed"].GetUint64(), 3u);
    event("tasks", "5");
    EXPECT_THAT(client.take(), ElementsAre("event"));
}

TEST_F(Replays, OtherEpochOrTooOldIsAGap) {
    Client client = open();
    EXPECT_EQ(client.ask(resume(1, "0123456789abcdef")), "ok");
    EXPECT_FALSE(client.result()["recovered"].GetBool());
    EXPECT_STREQ(client.heard[1]["type"].GetString(), "stream:gap");
    EXPECT_STREQ(client.heard[1]["payload"]["reason"].GetString(), "epoch-changed");
    EXPECT_EQ(client.ask(resume(hub.head() + 5)), "ok");
    EXPECT_STREQ(client.heard[1]["payload"]["reason"].GetString(), "epoch-changed");
    hub.tick(samples::at_ms(1));
    event("tasks", "1");
    hub.tick(samples::at_ms(400'000));
    EXPECT_EQ(client.ask(resume(1)), "ok");
    EXPECT_FALSE(client.result()["recovered"].GetBool());
    EXPECT_STREQ(client.heard[1]["payload"]["reason"].GetString(), "too-old");
    EXPECT_EQ(client.ask(resume(hub.head())), "ok");
    EXPECT_TRUE(client.result()["recovered"].GetBool()) << "nothing was missed";
}

TEST_F(Replays, SinceInSubscribeReplaysThatChannelAlone) {
    Seq head = hub.head();
    event("tasks", "1");
    event("plans", "2");
    Client client = open();
    client.ask(subscribe("plans"));
    client.say(subscribe("tasks", R"({"since":{"epoch":")" + hub.epoch() + R"(","seq":)" +
                                      std::to_string(head) + "}}"));
    EXPECT_THAT(client.take(), ElementsAre("event", "reply"));
    EXPECT_EQ(client.result()["replayed"].GetUint64(), 1u);
    EXPECT_STREQ(client.result()["channel"].GetString(), "tasks");
}

TEST_F(Replays, ChangesOfARoomOrAnyChannelAreReplayedByTheNameOfTheirSubscription) {
    Seq head = hub.head();
    change("INSERT", R"({"id":1})");
    change("INSERT", R"({"id":9})");
    Client client = open();
    client.ask(subscribe("db:public.positions"));
    std::string since =
        R"("since":{"epoch":")" + hub.epoch() + R"(","seq":)" + std::to_string(head) + "}";
    client.say(subscribe("room:a", R"({"presence":{"enabled":false},"changes":[
                   {"table":"positions","filter":"id=gt.5"}],)" +
                                       since + "}"));
    EXPECT_THAT(client.take(), ElementsAre("change", "reply"));
    EXPECT_THAT(seqs(client, true), ElementsAre(head + 2));
    EXPECT_EQ(client.heard[0]["payload"]["sub"].Size(), 1u) << "not the other channel's number";
    EXPECT_EQ(client.heard[0]["payload"]["sub"][0].GetInt(), 2);
    auto resume_of = [&](const std::string& channel) {
        return R"({"type":"resume","id":"r","payload":{"epoch":")" + hub.epoch() + R"(","seq":)" +
               std::to_string(head) + R"(,"channels":[")" + channel + "\"]}}";
    };
    client.say(resume_of("room:a"));
    EXPECT_THAT(client.take(), ElementsAre("change", "reply"));
    client.say(resume_of("db:public.positions"));
    EXPECT_THAT(client.take(), ElementsAre("change", "change", "reply"));
    client.say(resume_of("tasks"));
    EXPECT_THAT(client.take(), ElementsAre("reply"));
}

TEST_F(Replays, PresentRightsDecide) {
    Seq head = hub.head();
    event("tasks", "1");
    event("plans", "2");
    Client client = open(with({"channel:read:tasks"}));
    client.ask(subscribe("*"));
    client.say(resume(head));
    EXPECT_THAT(client.take(), ElementsAre("event", "reply"));
}

TEST_F(Replays, NeitherALagNorAReplayBringsRowsOfATableThatIsGuardedByNow) {
    options.queue.hard_bytes = 2'000;
    options.queue.soft_bytes = 1'000;
    Seq head = hub.head();
    Client client = open(with({"status:read", "changes:read:*"}));
    client.ask(subscribe("db:public.positions"));
    for (int i = 0; i < 60; ++i) change("INSERT", R"({"id":1})");
    hub.set_source({model::ChangeOrigin::Poll, true, true, {"public.positions"}});
    std::vector<std::string> types = client.take();
    EXPECT_EQ(types.front(), "system:warning");
    EXPECT_LT(types.size(), 20u) << "what waited before, and nothing of what the ring has";
    client.say(resume(head));
    EXPECT_THAT(client.take(), ElementsAre("reply"));
    EXPECT_EQ(client.result()["replayed"].GetUint64(), 0u);
}

TEST_F(Replays, SlowSocketCatchesUpFromTheRingWithoutLoss) {
    options.queue.hard_bytes = 2'000;
    options.queue.soft_bytes = 1'000;
    Client client = open();
    client.ask(subscribe("tasks"));
    Seq head = hub.head();
    for (int i = 0; i < 200; ++i) event("tasks", std::to_string(i));
    std::vector<std::string> types = client.take();
    EXPECT_EQ(types.size(), 200u);
    EXPECT_THAT(types, testing::Each("event"));
    std::vector<Seq> got = seqs(client, false);
    for (std::size_t i = 0; i < got.size(); ++i) EXPECT_EQ(got[i], head + 1 + i);
    event("tasks", "x");
    EXPECT_THAT(client.take(), ElementsAre("event"));
}

TEST_F(Replays, SlowSocketThatTheRingHasLeftBehindIsTold) {
    options.queue.hard_bytes = 2'000;
    options.queue.soft_bytes = 1'000;
    Client client = open();
    client.ask(subscribe("tasks"));
    hub.tick(samples::at_ms(1));
    for (int i = 0; i < 100; ++i) event("tasks", std::to_string(i));
    hub.tick(samples::at_ms(400'000));
    event("tasks", "last");
    std::vector<std::string> types = client.take();
    ASSERT_GE(types.size(), 3u);
    EXPECT_EQ(types[types.size() - 2], "stream:gap");
    EXPECT_EQ(types.back(), "event");
    EXPECT_STREQ(client.heard[types.size() - 2]["payload"]["reason"].GetString(), "slow-consumer");
    EXPECT_GT(hub.counters().gaps.load(), 0u);
}

TEST_F(Replays, FramesOfOneChangeAreQueuedTogetherOrNotAtAll) {
    options.queue.hard_bytes = 3'000;
    options.queue.soft_bytes = 1'000;
    Client client = open();
    std::string list;
    for (char column = 'a'; column <= 'j'; ++column)
        list += (list.empty() ? "" : ",") +
                (R"({"table":"positions","select":["id",")" + std::string{column} + "\"]}");
    EXPECT_EQ(client.ask(subscribe("db:public.positions", "{\"changes\":[" + list + "]}")), "ok");
    hub.tick(samples::at_ms(1));
    change("INSERT", R"({"id":1})");
    change("INSERT", R"({"id":2})");
    hub.tick(samples::at_ms(400'000));
    std::vector<std::string> types = client.take();
    EXPECT_EQ(std::count(types.begin(), types.end(), "change"), 10);
    EXPECT_EQ(types.back(), "stream:gap") << "the second change waited in the ring";
}

TEST_F(Replays, LostBroadcastsOfASlowSocketAreTold) {
    options.queue.hard_bytes = 2'000;
    options.queue.soft_bytes = 1'000;
    Client client = open();
    client.ask(subscribe("room:a", R"({"presence":{"enabled":false}})"));
    for (int i = 0; i < 100; ++i) hub.broadcast("room:a", {"e", "1", {}, {}}, {});
    std::vector<std::string> types = client.take();
    EXPECT_LT(types.size(), 50u);
    EXPECT_THAT(types, testing::Contains("stream:gap").Times(1));
    hub.broadcast("room:a", {"e", "1", {}, {}}, {});
    EXPECT_THAT(client.take(), ElementsAre("broadcast"));
}

TEST_F(Replays, OwnBroadcastsComeBackOnlyToWhoAskedForThem) {
    HubOptions given;
    given.replay_broadcast = true;
    Hub keeping(given, entropy, samples::at_ms(0));
    auto enter = [&](const std::string& id) {
        Client client{std::make_shared<Session>(
                          Session::Parts{keeping, gate, authenticator,
                                         std::make_shared<const SessionOptions>(options)},
                          id, unlimited_identity(), samples::at_ms(0), [] {}),
                      {}};
        client.session->open(samples::at_ms(0));
        return client;
    };
    Client shy = enter("shy"), other = enter("other"), echo = enter("echo");
    for (Client* client : {&shy, &other})
        client->ask(subscribe("room:a", R"({"presence":{"enabled":false}})"));
    echo.ask(subscribe("room:a", R"({"presence":{"enabled":false},"broadcast":{"self":true}})"));
    Seq head = keeping.head();
    for (Client* client : {&shy, &echo})
        client->say(R"({"type":"publish","channel":"room:a","payload":{"event":"e"}})");
    for (Client* client : {&shy, &other, &echo}) {
        client->take();
        client->say(resume(head, keeping.epoch()));
        client->take();
    }
    EXPECT_EQ(shy.result()["replayed"].GetUint64(), 1u);
    EXPECT_EQ(other.result()["replayed"].GetUint64(), 2u);
    EXPECT_EQ(echo.result()["replayed"].GetUint64(), 2u);
}

TEST_F(Replays, LagLongerThanTheTimeoutCloses4508) {
    options.queue.hard_bytes = 2'000;
    options.queue.soft_bytes = 1'000;
    Client client = open();
    client.ask(subscribe("tasks"));
    for (int i = 0; i < 100; ++i) event("tasks", std::to_string(i));
    client.session->advance(samples::at_ms(1));
    client.session->heard(samples::at_ms(9'000));
    client.session->advance(samples::at_ms(9'999));
    EXPECT_FALSE(client.session->close());
    client.session->advance(samples::at_ms(10'001));
    ASSERT_TRUE(client.session->close());
    EXPECT_EQ(client.session->close()->code, CloseCode::SlowConsumer);
    EXPECT_THAT(client.take(), ElementsAre("bye"));
}

TEST_F(Replays, OneReplayAtATime) {
    options.queue.soft_bytes = 300;
    Client client = open();
    client.ask(subscribe("tasks"));
    Seq head = hub.head();
    for (int i = 0; i < 20; ++i) event("tasks", std::to_string(i));
    client.take();
    client.say(resume(head));
    client.say(resume(head));
    std::vector<std::string> types = client.take();
    EXPECT_EQ(client.heard[0]["payload"]["error"]["code"].GetString(), std::string("RATE_LIMITED"));
    EXPECT_EQ(std::count(types.begin(), types.end(), "event"), 20);
    EXPECT_EQ(types.back(), "reply");
}

TEST_F(Replays, RingIsBoundedByNumberAndBytes) {
    ReplayRing ring({.messages = 3, .bytes = 100, .age_ms = 1'000});
    auto item = [](Seq seq) {
        auto one = std::make_shared<FeedItem>();
        one->seq = seq;
        return one;
    };
    for (Seq seq = 1; seq <= 5; ++seq) ring.add(item(seq), 10, 0);
    EXPECT_EQ(ring.floor(), 3u);
    ring.add(item(6), 95, 0);
    EXPECT_EQ(ring.floor(), 6u);
    ring.add(item(7), 200, 0);
    EXPECT_EQ(ring.size(), 0u);
    EXPECT_EQ(ring.floor(), 8u);
    EXPECT_EQ(ring.at_least(1), nullptr);
    EXPECT_EQ(ring.bytes(), 0u);
}

TEST_F(Replays, ResumeDuringALagBringsEverythingOnceMore) {
    options.queue.hard_bytes = 2'000;
    options.queue.soft_bytes = 1'000;
    Client client = open();
    client.ask(subscribe("tasks"));
    Seq head = hub.head();
    for (int i = 0; i < 60; ++i) event("tasks", std::to_string(i));
    client.say(resume(head));
    client.take();
    std::vector<Seq> live = seqs(client, false), again = seqs(client, true);
    std::set<Seq> all(live.begin(), live.end());
    all.insert(again.begin(), again.end());
    EXPECT_EQ(all.size(), 60u);
    EXPECT_TRUE(std::is_sorted(again.begin(), again.end()));
    EXPECT_EQ(again.size(), 60u);
}

}  // namespace
}  // namespace pgsidecar::realtime
