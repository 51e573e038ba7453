#include <gmock/gmock.h>

#include "tests/unit/realtime/session_bench.hpp"

namespace pgsidecar::realtime {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class Channels : public SessionBench {};

TEST_F(Channels, EventsReachTheirSubscribersAndNobodyElse) {
    Client tasks = open(), plans = open();
    EXPECT_EQ(tasks.ask(subscribe("tasks")), "ok");
    EXPECT_EQ(tasks.result()["head"].GetUint64(), hub.head());
    EXPECT_EQ(plans.ask(subscribe("plans")), "ok");
    event("tasks", "t-1");
    EXPECT_THAT(tasks.take(), ElementsAre("event"));
    EXPECT_EQ(tasks.heard[0]["seq"].GetUint64(), hub.head());
    EXPECT_STREQ(tasks.heard[0]["payload"]["element"]["id"].GetString(), "t-1");
    EXPECT_THAT(plans.take(), IsEmpty());
}

TEST_F(Channels, DynamicChannelAlsoReachesItsBaseAndAllOncePerSocket) {
    Client one = open(), all = open(), base = open(), other = open();
    one.ask(subscribe("messages:7"));
    one.ask(subscribe("messages"));
    one.ask(subscribe("*"));
    all.ask(subscribe("*"));
    base.ask(subscribe("messages"));
    other.ask(subscribe("messages:8"));
    event("messages:7", "m");
    for (Client* client : {&one, &all, &base}) EXPECT_THAT(client->take(), ElementsAre("event"));
    EXPECT_THAT(other.take(), IsEmpty());
}

TEST_F(Channels, StarHearsOnlyWhatTheTokenMayRead) {
    Client some = open(with({"channel:read:tasks"}));
    EXPECT_EQ(some.ask(subscribe("*")), "ok");
    event("tasks", "1");
    event("plans", "2");
    event("tasks", "3");
    EXPECT_THAT(some.take(), ElementsAre("event", "event"));
    hub.broadcast("room:x", {"e", {}, {}, {}}, {});
    change("INSERT", R"({"id":1})");
    EXPECT_THAT(some.take(), IsEmpty());
}

TEST_F(Channels, RightsAreAskedFor) {
    Client ann = open(with({"status:read"}, "ann"));
    EXPECT_EQ(ann.ask(subscribe("tasks")), "FORBIDDEN");
    EXPECT_EQ(ann.ask(subscribe("database:operations")), "FORBIDDEN");
    EXPECT_EQ(ann.ask(subscribe("db:public.positions")), "FORBIDDEN");
    EXPECT_EQ(ann.ask(subscribe("room:a")), "FORBIDDEN");
    EXPECT_EQ(ann.ask(subscribe("inbox:bob")), "FORBIDDEN");
    EXPECT_EQ(ann.ask(subscribe("inbox:ann")), "ok");
    EXPECT_EQ(ann.ask(R"({"type":"database:reconnect","id":"1"})"), "FORBIDDEN");
    EXPECT_EQ(ann.ask(R"({"type":"publish","id":"1","channel":"room:a","payload":{"event":"e"}})"),
              "FORBIDDEN");
}

TEST_F(Channels, WithoutStatusReadThereIsNoDatabaseChannel) {
    Client client = make(with({"channel:read:tasks"}));
    client.session->open(samples::at_ms(0));
    EXPECT_THAT(client.take(), ElementsAre("session:ready"));
    hub.publish_status(samples::status(model::ConnectionStatus::Error));
    EXPECT_THAT(client.take(), IsEmpty());
    EXPECT_EQ(client.ask(subscribe("database")), "FORBIDDEN");
}

TEST_F(Channels, WhatIsNoEventIsCountedAndNotSent) {
    Client client = open();
    client.ask(subscribe("*"));
    model::FeedEvent bad;
    bad.channel = "tasks";
    bad.action = "created";
    for (const char* element : {"", "[]", "{}", R"({"type":"task"})", R"({"type":1,"id":"x"})",
                                R"({"type":"t","id":null})", "{\"type\":\"\xff\",\"id\":\"1\"}"}) {
        bad.element = element;
        hub.publish_event(bad);
    }
    bad.element = R"({"type":"task","id":"1"})";
    bad.action = "exploded";
    hub.publish_event(bad);
    bad.action = "created";
    bad.channel = "teapots";
    hub.publish_event(bad);
    EXPECT_THAT(client.take(), IsEmpty());
    EXPECT_EQ(hub.counters().rejected.load(), 9u);
    bad.channel = "tasks";
    bad.element = R"({"type":"task","id":7,"password":"p"})";
    hub.publish_event(bad);
    EXPECT_THAT(client.take(), ElementsAre("event"));
    EXPECT_STREQ(client.heard[0]["payload"]["element"]["id"].GetString(), "7");
}

TEST_F(Channels, HiddenColumnsAreNowhere) {
    HubOptions given;
    given.hidden_columns = "secret, positions.cost, private.positions.id";
    Hub hiding(given, entropy, samples::at_ms(0));
    Client client{
        std::make_shared<Session>(Session::Parts{hiding, gate, authenticator,
                                                 std::make_shared<const SessionOptions>(options)},
                                  "s", unlimited_identity(), samples::at_ms(0), [] {}),
        {}};
    client.session->open(samples::at_ms(0));
    client.ask(subscribe("db:public.positions"));
    model::FeedEvent one;
    one.schema = "public";
    one.table = "positions";
    one.verb = "INSERT";
    one.new_row = R"({"id":1,"cost":2,"secret":3,"open":true})";
    one.columns =
        std::make_shared<const std::vector<model::FeedColumn>>(std::vector<model::FeedColumn>{
            {"id", "int8"}, {"cost", "numeric"}, {"secret", "text"}, {"open", "bool"}});
    hiding.publish_event(one);
    EXPECT_THAT(client.take(), ElementsAre("change"));
    const auto& row = client.heard[0]["payload"]["new"];
    EXPECT_TRUE(row.HasMember("id"));
    EXPECT_TRUE(row.HasMember("open"));
    EXPECT_FALSE(row.HasMember("cost"));
    EXPECT_FALSE(row.HasMember("secret"));
    const auto& columns = client.heard[0]["payload"]["columns"];
    ASSERT_EQ(columns.Size(), 2u);
    EXPECT_STREQ(columns[0]["name"].GetString(), "id");
    EXPECT_STREQ(columns[0]["type"].GetString(), "int8");
    EXPECT_STREQ(columns[1]["name"].GetString(), "open");
}

TEST_F(Channels, ChangesByNumberFilterAndColumns) {
    Client client = open();
    EXPECT_EQ(client.ask(subscribe("db:public.positions",
                                   R"({"changes":[{"table":"positions","event":"INSERT"},
                                       {"table":"positions","filter":"id=gt.5","select":["id"]}]})")),
              "ok");
    EXPECT_EQ(client.result()["subs"].Size(), 2u);
    change("INSERT", R"({"id":1,"status":"open"})");
    change("UPDATE", R"({"id":7,"status":"open"})", R"({"id":7,"status":"new"})");
    change("DELETE", {}, R"({"id":1})");
    change("DELETE", {}, R"({"id":8})");
    EXPECT_THAT(client.take(), ElementsAre("change", "change", "change"));
    EXPECT_EQ(client.heard[0]["payload"]["sub"][0].GetInt(), 1);
    EXPECT_EQ(client.heard[0]["payload"]["sub"].Size(), 1u);
    EXPECT_EQ(client.heard[1]["payload"]["sub"][0].GetInt(), 2);
    EXPECT_FALSE(client.heard[1]["payload"]["new"].HasMember("status"));
    EXPECT_STREQ(client.heard[2]["payload"]["eventType"].GetString(), "DELETE");
    EXPECT_STREQ(client.heard[2]["channel"].GetString(), "db:public.positions");
}

TEST_F(Channels, FramesOfAChangeAreSharedWhileItIsDeliveredAndNotKeptAfter) {
    Client one = open(), two = open();
    for (Client* client : {&one, &two}) client->ask(subscribe("db:public.positions"));
    Seq head = hub.head();
    change("INSERT", R"({"id":1})");
    Frame first = one.session->pop(), second = two.session->pop();
    ASSERT_TRUE(first);
    EXPECT_EQ(first.get(), second.get());
    EXPECT_EQ(first.use_count(), 2) << "nothing but the two sockets holds it";
    auto item = hub.ring().at_least(head + 1);
    for (bool replay : {false, true})
        EXPECT_EQ(item->change->frame({1}, {}, replay).use_count(), 1) << replay;
}

TEST_F(Channels, ChangeSpecsThatAreRefused) {
    Client client = open(with({"status:read", "changes:read:*", "channel:read:*"}));
    auto spec = [&](const std::string& text) {
        return client.ask(subscribe("room:a", "{\"changes\":[" + text + "]}"));
    };
    EXPECT_EQ(spec(R"({"table":"positions","filter":"id~7"})"), "BAD_FILTER");
    EXPECT_EQ(spec(R"({"table":"positions","filter":"id=match.x"})"), "UNSUPPORTED_FILTER_TYPE");
    EXPECT_EQ(spec(R"({"table":"guarded"})"), "RLS_REQUIRED");
    EXPECT_EQ(spec(R"({"table":"a b"})"), "BAD_CHANNEL");
    EXPECT_EQ(spec(R"({"table":"positions","event":"TRUNCATE"})"), "BAD_REQUEST");
    EXPECT_EQ(spec(R"({"table":"positions","more":1})"), "BAD_REQUEST");
    EXPECT_EQ(spec(R"({"table":"positions"})"), "ok");
    hub.set_source({model::ChangeOrigin::Proxy, true, false, {}});
    EXPECT_EQ(spec(R"({"table":"positions","filter":"id=eq.7"})"), "SOURCE_UNAVAILABLE");
}

TEST_F(Channels, TableThatTurnsOutToBeGuardedIsLostAndItsRowsAreNotSent) {
    Client plain = open(with({"status:read", "changes:read:*", "channel:read:*"}));
    Client trusted = open(with({"status:read", "changes:read:*", "changes:bypass-rls"}));
    plain.ask(subscribe("db:public.positions"));
    plain.ask(subscribe("db:public.orders"));
    plain.ask(subscribe("room:a", R"({"presence":{"enabled":false},
                                      "changes":[{"table":"orders"},{"table":"positions"}]})"));
    trusted.ask(subscribe("db:public.positions"));
    hub.set_source({model::ChangeOrigin::Poll, true, true, {"public.positions"}});
    EXPECT_THAT(plain.take(), ElementsAre("system:warning", "system:warning"));
    EXPECT_STREQ(plain.heard[0]["payload"]["code"].GetString(), "CHANNEL_LOST");
    EXPECT_EQ(hub.subscribers("db:public.positions"), 1u);
    EXPECT_EQ(hub.subscribers("db:public.orders"), 1u);
    change("INSERT", R"({"id":1})");
    EXPECT_THAT(plain.take(), IsEmpty());
    EXPECT_THAT(trusted.take(), ElementsAre("change"));
    hub.set_source({model::ChangeOrigin::Poll, true, true, {}});
    EXPECT_EQ(plain.ask(subscribe("db:public.positions")), "ok");
    change("INSERT", R"({"id":2})");
    EXPECT_THAT(plain.take(), ElementsAre("change"));
}

TEST_F(Channels, ATransactionOfTooManyRowsBecomesOneGap) {
    options.max_transaction_rows = 3;
    Client client = open();
    client.ask(subscribe("db:public.positions"));
    for (int i = 0; i < 10; ++i) change("INSERT", R"({"id":1})", {}, 77);
    change("INSERT", R"({"id":1})", {}, 78);
    EXPECT_THAT(client.take(), ElementsAre("change", "change", "change", "stream:gap", "change"));
    EXPECT_STREQ(client.heard[3]["payload"]["channels"][0].GetString(), "db:public.positions");
}

TEST_F(Channels, WaitHoldsTheReplyUntilTheSourceIsLiveOrGivesUp) {
    Client client = open();
    hub.set_source({model::ChangeOrigin::Poll, false, true, {}});
    std::string text = subscribe("db:public.positions", R"({"wait":true,"waitTimeoutMs":500})");
    EXPECT_EQ(client.ask(text), "no reply");
    hub.set_source({model::ChangeOrigin::Poll, true, true, {}});
    client.session->advance(samples::at_ms(10));
    EXPECT_THAT(client.take(), ElementsAre("reply"));
    hub.set_source({model::ChangeOrigin::Poll, false, true, {}});
    EXPECT_EQ(client.ask(text, 1'000), "no reply");
    client.session->advance(samples::at_ms(1'500));
    client.take();
    EXPECT_STREQ(client.heard.at(0)["payload"]["error"]["code"].GetString(), "SOURCE_UNAVAILABLE");
}

TEST_F(Channels, UnsubscribeEndsItAndTheNumberOfSubscriptionsIsBounded) {
    options.max_subscriptions = 3;
    Client client = open();
    EXPECT_EQ(client.ask(subscribe("tasks")), "ok");
    EXPECT_EQ(client.ask(subscribe("db:public.positions")), "ok");
    EXPECT_EQ(client.ask(subscribe("plans")), "LIMIT");
    EXPECT_EQ(client.ask(subscribe("tasks")), "ok") << "again is not one more";
    EXPECT_EQ(client.ask(R"({"type":"unsubscribe","id":"1","channel":"db:public.positions"})"),
              "ok");
    change("INSERT", R"({"id":1})");
    EXPECT_THAT(client.take(), IsEmpty());
    EXPECT_EQ(client.ask(R"({"type":"unsubscribe","id":"1","channel":"db:public.positions"})"),
              "NOT_SUBSCRIBED");
    client.session.reset();
    EXPECT_FALSE(hub.wants_changes());
}

TEST_F(Channels, ChangeSubscriptionsOfASocketAreBoundedOverAllChannels) {
    options.max_subscriptions = 5;
    Client client = open();
    auto ask = [&](const std::string& room, const std::string& more = {}) {
        return client.ask(
            subscribe(room, R"({"presence":{"enabled":false},"changes":[{"table":"positions"},
                      {"table":"positions","event":"INSERT"})" +
                                more + "]}"));
    };
    EXPECT_EQ(ask("room:a"), "ok");
    EXPECT_EQ(ask("room:b"), "ok");
    EXPECT_EQ(ask("room:c"), "LIMIT");
    EXPECT_EQ(ask("room:b", R"(,{"table":"orders"})"), "ok") << "replaces what it had";
    EXPECT_EQ(client.ask(subscribe("db:public.orders")), "LIMIT");
    EXPECT_EQ(client.ask(subscribe("tasks")), "ok") << "has no change";
    EXPECT_EQ(client.ask(R"({"type":"unsubscribe","id":"1","channel":"room:a"})"), "ok");
    EXPECT_EQ(client.ask(subscribe("db:public.orders")), "ok");
}

TEST_F(Channels, ListOfChannelsSharesItsChangesUpToTheLimit) {
    options.max_subscriptions = 4;
    Client client = open();
    client.ask(R"({"type":"subscribe","id":"1","payload":{"channels":["room:a","room:b","room:c"],
                   "presence":{"enabled":false},
                   "changes":[{"table":"positions","filter":"id=gt.5"},{"table":"orders"}]}})");
    const auto& result = client.result();
    EXPECT_EQ(result["accepted"].Size(), 2u);
    EXPECT_STREQ(result["refused"][0]["code"].GetString(), "LIMIT");
    EXPECT_EQ(result["subs"]["room:b"][1].GetInt(), 4) << "numbers of its own";
    change("INSERT", R"({"id":7})");
    EXPECT_THAT(client.take(), ElementsAre("change"));
    EXPECT_EQ(client.heard[0]["payload"]["sub"].Size(), 2u);
}

TEST_F(Channels, SubscribeStormIsSlowedAndThenClosed) {
    Client client = open();
    int refused = 0;
    for (std::int64_t ms = 0; ms < 12'000 && !client.session->close(); ms += 5) {
        if (client.ask(subscribe("tasks"), ms) == "RATE_LIMITED") ++refused;
    }
    EXPECT_GT(refused, 1'000);
    ASSERT_TRUE(client.session->close());
    EXPECT_EQ(client.session->close()->code, CloseCode::TooManyRequests);
    EXPECT_TRUE(client.session->close()->reconnect);
    EXPECT_GT(hub.counters().refused[6].load(), 1'000u);
}

TEST_F(Channels, TokensAndReplaysHaveARateToo) {
    Client client = open();
    std::string wrong = R"({"type":"auth","id":"a","payload":{"token":"guess"}})";
    std::string resume = R"({"type":"resume","id":"r","payload":{"epoch":")" + hub.epoch() +
                         R"(","seq":)" + std::to_string(hub.head()) + "}}";
    for (int i = 0; i < 25; ++i) {
        EXPECT_EQ(client.ask(wrong), "UNAUTHORIZED");
        EXPECT_EQ(client.ask(resume), "ok");
    }
    EXPECT_EQ(client.ask(wrong), "RATE_LIMITED");
    EXPECT_EQ(client.ask(resume), "RATE_LIMITED");
}

TEST_F(Channels, ASourceThatIsAwayIsAWarningToWhoHearsIt) {
    Client events = open(), table = open(), status = open();
    events.ask(subscribe("tasks"));
    table.ask(subscribe("room:a", R"({"changes":[{"table":"positions"}]})"));
    status.ask(subscribe("room:a"));
    hub.set_source({model::ChangeOrigin::Poll, false, true, {}});
    for (Client* client : {&events, &table}) {
        EXPECT_THAT(client->take(), ElementsAre("system:warning"));
        EXPECT_STREQ(client->heard[0]["payload"]["code"].GetString(), "SOURCE_UNAVAILABLE");
    }
    EXPECT_THAT(status.take(), IsEmpty());
    EXPECT_EQ(status.ask(subscribe("plans")), "ok");
    EXPECT_STREQ(status.heard.back()["payload"]["code"].GetString(), "SOURCE_UNAVAILABLE");
    hub.set_source({model::ChangeOrigin::Poll, true, true, {}});
    EXPECT_THAT(events.take(), IsEmpty());
    hub.set_source({model::ChangeOrigin::None, false, false, {}});
    status.take();
    EXPECT_EQ(status.ask(subscribe("agents")), "ok");
    EXPECT_EQ(status.heard.size(), 1u) << "what is switched off is not away";
}

TEST_F(Channels, NearTheLimitOfSubscriptionsIsTold) {
    options.max_subscriptions = 10;
    Client client = open();  // has one of its own
    auto warned = [&](const std::string& room) {
        EXPECT_EQ(client.ask(subscribe("room:" + room, R"({"presence":{"enabled":false}})")), "ok");
        return client.heard.size() == 2;
    };
    for (char room = 'a'; room < 'h'; ++room) EXPECT_FALSE(warned({room})) << room;
    EXPECT_TRUE(warned("h"));
    EXPECT_STREQ(client.heard[1]["payload"]["code"].GetString(), "NEAR_LIMIT");
    EXPECT_FALSE(warned("i")) << "once";
}

TEST_F(Channels, SourceThatSwitchesOrIsLostSaysSo) {
    Client client = open();
    std::string epoch = hub.epoch();
    hub.set_source({model::ChangeOrigin::Proxy, true, false, {}});
    EXPECT_THAT(client.take(), ElementsAre("stream:gap"));
    EXPECT_STREQ(client.heard[0]["payload"]["reason"].GetString(), "source-switched");
    hub.lose_source("source-lost");
    EXPECT_THAT(client.take(), ElementsAre("stream:gap"));
    EXPECT_NE(hub.epoch(), epoch);
    EXPECT_EQ(client.heard[0]["payload"]["epoch"].GetString(), hub.epoch());
}

}  // namespace
}  // namespace pgsidecar::realtime
