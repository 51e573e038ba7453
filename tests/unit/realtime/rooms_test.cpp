#include <gmock/gmock.h>

#include "realtime/admin_message.hpp"
#include "tests/unit/realtime/session_bench.hpp"

namespace pgsidecar::realtime {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class Rooms : public SessionBench {
protected:
    static std::string publish(const std::string& data = "1") {
        return R"({"type":"publish","id":"p","channel":"room:a","payload":{"event":"e","data":)" +
               data + R"(,"messageId":"m-1"}})";
    }
    static std::string track(const std::string& meta) {
        return R"({"type":"presence:track","id":"t","channel":"room:a","payload":{"meta":)" + meta +
               "}}";
    }
};

TEST_F(Rooms, BroadcastReachesTheOthersAndOnRequestItsSender) {
    Client sender = open(with({"*"}, "ann")), other = open(), selfish = open();
    other.ask(subscribe("room:a", R"({"presence":{"enabled":false}})"));
    selfish.ask(subscribe("room:a", R"({"broadcast":{"self":true}})"));
    sender.ask(subscribe("room:a"));
    EXPECT_EQ(sender.ask(publish(R"({"deep":[1.5,null]})")), "ok");
    EXPECT_THAT(sender.heard.size(), 1u) << "the reply alone";
    EXPECT_THAT(other.take(), ElementsAre("broadcast"));
    const auto& payload = other.heard[0]["payload"];
    EXPECT_STREQ(payload["event"].GetString(), "e");
    EXPECT_EQ(payload["data"]["deep"][0].GetDouble(), 1.5);
    EXPECT_STREQ(payload["from"].GetString(), "ann");
    EXPECT_STREQ(payload["messageId"].GetString(), "m-1");
    EXPECT_FALSE(other.heard[0].HasMember("seq"));
    EXPECT_THAT(selfish.take(), ElementsAre("broadcast"));
    selfish.say(publish());
    EXPECT_THAT(selfish.take(), ElementsAre("reply", "broadcast"));
}

TEST_F(Rooms, PublishElsewhereIsRefused) {
    Client client = open();
    EXPECT_EQ(
        client.ask(R"({"type":"publish","id":"1","channel":"tasks","payload":{"event":"e"}})"),
        "BAD_CHANNEL");
    EXPECT_EQ(client.ask(R"({"type":"publish","id":"1","channel":"room:a","payload":{}})"),
              "BAD_REQUEST");
}

TEST_F(Rooms, PublishRateHasABurst) {
    Client client = open();
    int good = 0;
    for (int i = 0; i < 300; ++i) good += client.ask(publish()) == "ok" ? 1 : 0;
    EXPECT_EQ(good, 200);
    EXPECT_EQ(client.ask(publish(), 11), "ok") << "100 a second";
    EXPECT_EQ(client.ask(publish(), 12), "RATE_LIMITED");
}

TEST_F(Rooms, PresenceStateThenDiffs) {
    Client ann = open(with({"*"}, "ann")), bob = open(with({"*"}, "bob"));
    ann.say(subscribe("room:a"));
    EXPECT_THAT(ann.take(), ElementsAre("reply", "presence:state"));
    EXPECT_EQ(ann.ask(track(R"({"name":"Ann","ref":"forged"})")), "ok");
    hub.tick(samples::at_ms(200));
    bob.say(subscribe("room:a"));
    EXPECT_THAT(bob.take(), ElementsAre("reply", "presence:state"));
    const auto& there = bob.heard[1]["payload"]["state"]["ann"][0];
    EXPECT_STREQ(there["name"].GetString(), "Ann");
    EXPECT_STRNE(there["ref"].GetString(), "forged");
    ann.take();
    hub.tick(samples::at_ms(400));
    bob.say(track("{}"));
    hub.tick(samples::at_ms(600));
    EXPECT_THAT(ann.take(), ElementsAre("presence:diff"));
    EXPECT_TRUE(ann.heard[0]["payload"]["joins"].HasMember("bob"));
    bob.session.reset();
    hub.tick(samples::at_ms(800));
    EXPECT_THAT(ann.take(), ElementsAre("presence:diff"));
    EXPECT_TRUE(ann.heard[0]["payload"]["leaves"].HasMember("bob"));
}

TEST_F(Rooms, WhoDoesNotAskForPresenceHearsNoneOfIt) {
    Client plain = open(), ann = open(with({"*"}, "ann"));
    plain.say(subscribe("room:a", R"({"presence":{"enabled":false}})"));
    EXPECT_THAT(plain.take(), ElementsAre("reply"));
    ann.ask(subscribe("room:a"));
    EXPECT_EQ(ann.ask(track("{}")), "ok");
    EXPECT_THAT(plain.take(), IsEmpty());
}

TEST_F(Rooms, RepeatedNamesAreOneSubscriptionWithOneState) {
    Client client = open();
    client.say(
        R"({"type":"subscribe","id":"1","payload":{"channels":["room:a","room:b","room:a"]}})");
    EXPECT_THAT(client.take(), ElementsAre("reply", "presence:state", "presence:state"));
    const auto& accepted = client.result()["accepted"];
    ASSERT_EQ(accepted.Size(), 2u);
    EXPECT_STREQ(accepted[0].GetString(), "room:a");
    EXPECT_STREQ(accepted[1].GetString(), "room:b");
}

TEST_F(Rooms, StatesAreBoundedLikeOtherDataAndComeWhenThereIsRoom) {
    options.queue.hard_bytes = 2'000;
    options.queue.soft_bytes = 1'000;
    std::string list;
    for (char room = 'a'; room < 'f'; ++room) {
        std::string name = std::string("room:") + room;
        hub.track("someone", name, "key", R"({"text":")" + std::string(1'500, 'x') + "\"}");
        list += (list.empty() ? "\"" : ",\"") + name + "\"";
    }
    Client client = open();
    client.say(R"({"type":"subscribe","id":"1","payload":{"channels":[)" + list + "]}}");
    client.session->advance(samples::at_ms(1));
    client.session->heard(samples::at_ms(10'000));
    std::vector<std::string> types = client.take();
    EXPECT_EQ(types.front(), "reply");
    EXPECT_THAT(types, testing::Contains("presence:state").Times(5));
    EXPECT_THAT(types, testing::Contains("stream:gap"));
    EXPECT_THAT(client.take(), IsEmpty());
}

TEST_F(Rooms, StateAfterALagComesBehindTheDiffsBeforeIt) {
    options.queue.hard_bytes = 2'000;
    options.queue.soft_bytes = 1'000;
    Client client = open();
    client.ask(subscribe("room:a"));
    for (int i = 0; i < 50; ++i) {
        hub.tick(samples::at_ms(200 + i * 200));
        hub.track("s" + std::to_string(i), "room:a", "k" + std::to_string(i), "{}");
    }
    std::vector<std::string> types = client.take();
    EXPECT_EQ(types.front(), "presence:diff");
    EXPECT_THAT(types, testing::Contains("presence:state").Times(1));
    auto state = std::find(types.begin(), types.end(), "presence:state");
    EXPECT_EQ(*(state - 1), "stream:gap");
    EXPECT_EQ(client.heard[static_cast<std::size_t>(state - types.begin())]["payload"]["state"]
                  .MemberCount(),
              50u);
    EXPECT_EQ(state + 1, types.end()) << "nothing older comes after it";
}

TEST_F(Rooms, ChangedMetaIsALeaveAndAJoinWithTheOldReference) {
    Client ann = open(with({"*"}, "ann"));
    ann.ask(subscribe("room:a"));
    ann.ask(track(R"({"n":1})"));
    hub.tick(samples::at_ms(200));
    ann.take();
    hub.tick(samples::at_ms(400));
    ann.say(track(R"({"n":2})"));
    hub.tick(samples::at_ms(600));
    ann.take();
    const auto& diff = ann.heard.back()["payload"];
    EXPECT_STREQ(diff["joins"]["ann"][0]["prevRef"].GetString(),
                 diff["leaves"]["ann"][0]["ref"].GetString());
}

TEST_F(Rooms, StormOfArrivalsIsMerged) {
    Client watcher = open();
    watcher.ask(subscribe("room:a"));
    hub.tick(samples::at_ms(200));
    std::vector<Client> crowd;
    for (int i = 0; i < 50; ++i) {
        crowd.push_back(open(with({"*"}, "u" + std::to_string(i))));
        crowd.back().ask(subscribe("room:a"));
        crowd.back().ask(track("{}"));
    }
    hub.tick(samples::at_ms(400));
    EXPECT_THAT(watcher.take(), ElementsAre("presence:diff", "presence:diff"));
    EXPECT_EQ(watcher.heard[1]["payload"]["joins"].MemberCount(), 49u);
}

TEST_F(Rooms, PresenceLimits) {
    options.max_presence_bytes = 20;
    Client client = open();
    EXPECT_EQ(client.ask(track("{}")), "NOT_SUBSCRIBED");
    client.ask(subscribe("room:a"));
    EXPECT_EQ(client.ask(track(R"({"long":"xxxxxxxxxxxxxxxxxxxxxxxx"})")), "LIMIT");
    for (int i = 0; i < 8; ++i) EXPECT_EQ(client.ask(track("{}")), "ok") << i;
    EXPECT_EQ(client.ask(track("{}")), "RATE_LIMITED");
    EXPECT_EQ(client.ask(R"({"type":"presence:untrack","id":"1","channel":"room:a"})", 10'000),
              "ok");
    EXPECT_EQ(client.ask(R"({"type":"presence:untrack","id":"1","channel":"room:a"})", 20'000),
              "NOT_SUBSCRIBED");
}

TEST_F(Rooms, FullRoom) {
    Presence presence;
    EXPECT_TRUE(presence.track("1", "a", "{}", "r1", 1));
    EXPECT_FALSE(presence.track("2", "b", "{}", "r2", 1));
    EXPECT_TRUE(presence.track("1", "a", "{}", "r3", 1));
    EXPECT_TRUE(presence.untrack("1"));
    presence.take_diff();
    EXPECT_TRUE(presence.empty());
}

TEST_F(Rooms, NothingComesBetweenTheFramesOfTheGreeting) {
    hub.publish_status(samples::status(model::ConnectionStatus::Error));
    hub.publish_status(samples::status(model::ConnectionStatus::Connected));
    Client client = make(unlimited_identity());
    client.session->open(samples::at_ms(0));
    hub.broadcast_to_all({"early", {}, {}, {}});
    EXPECT_THAT(client.take(), ElementsAre("database:status"));
    commands.answer_health(samples::healthy());
    client.session->advance(samples::at_ms(1));
    EXPECT_THAT(client.take(), ElementsAre("database:health", "session:ready"));
}

TEST_F(Rooms, AdminMessages) {
    Client client = open();
    client.ask(subscribe("room:a", R"({"presence":{"enabled":false}})"));
    client.ask(subscribe("inbox:ann"));
    auto send = [&](const char* body) {
        auto fault = send_admin_message(hub, body, samples::kWall);
        return fault ? fault->code : "ok";
    };
    EXPECT_EQ(send(R"({"event":"maintenance","data":{"at":"noon"}})"), "ok");
    EXPECT_EQ(send(R"({"channel":"room:a","event":"hi"})"), "ok");
    EXPECT_EQ(
        send(R"({"channel":"inbox:ann","action":"created","element":{"type":"mail","id":"1"}})"),
        "ok");
    EXPECT_THAT(client.take(), ElementsAre("broadcast", "broadcast", "event"));
    EXPECT_STREQ(client.heard[0]["channel"].GetString(), "*");
    EXPECT_EQ(send(R"({"channel":"database","event":"x"})"), "BAD_CHANNEL");
    EXPECT_EQ(send(R"({"channel":"tasks","event":"x"})"), "BAD_REQUEST");
    for (const char* bad : {"", "[]", "{}", "{\"event\":1}", "{\"event\":\"a\",\"event\":\"b\"}"})
        EXPECT_EQ(send(bad), "BAD_REQUEST") << bad;
    EXPECT_TRUE(
        hub.broadcast_inbox_event("ann", "updated", R"({"type":"mail","id":"1"})", samples::kWall));
    EXPECT_FALSE(hub.broadcast_inbox_event("ann", "updated", "{}", samples::kWall));
    EXPECT_EQ(hub.client_count(), 1u);
    EXPECT_EQ(hub.clients().at(0).id, client.session->id());
    EXPECT_THAT(client.take(), ElementsAre("event"));
}

}  // namespace
}  // namespace pgsidecar::realtime
