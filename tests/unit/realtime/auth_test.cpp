#include <gmock/gmock.h>

#include "tests/unit/realtime/session_bench.hpp"

namespace pgsidecar::realtime {
namespace {

using samples::at_ms;
using testing::ElementsAre;
using testing::IsEmpty;

class Auth : public SessionBench {
protected:
    static std::string auth(const std::string& token) {
        return R"({"type":"auth","id":"a","payload":{"token":")" + token + "\"}}";
    }
    Identity ann(std::int64_t expires_ms) {
        Identity out = with({"status:read", "channel:read:tasks"}, "ann");
        out.expires_us = samples::kWall + expires_ms * 1'000;
        return out;
    }
};

TEST_F(Auth, FirstMessageMayBringTheToken) {
    authenticator.known["good"] = ann(3'600'000);
    Client client = make(std::nullopt);
    client.session->open(at_ms(0));
    hub.publish_health(samples::healthy());
    client.session->advance(at_ms(100));
    EXPECT_THAT(client.take(), IsEmpty()) << "nothing before it";
    client.say(auth("good"), 200);
    EXPECT_THAT(client.take(),
                ElementsAre("reply", "database:status", "database:health", "session:ready"));
    const auto& who = client.heard[3]["payload"]["auth"];
    EXPECT_STREQ(who["subject"].GetString(), "ann");
    EXPECT_STREQ(who["scopes"][0].GetString(), "status:read");
    EXPECT_TRUE(who.HasMember("expiresAt"));
}

TEST_F(Auth, WrongOrNoneOrLateIs4401) {
    authenticator.known["good"] = ann(3'600'000);
    for (const std::string& first :
         {auth("bad"), std::string(R"({"type":"ping"})"), std::string("nonsense")}) {
        Client client = make(std::nullopt);
        client.session->open(at_ms(0));
        client.say(first);
        ASSERT_TRUE(client.session->close()) << first;
        EXPECT_EQ(client.session->close()->code, CloseCode::Unauthorized);
        EXPECT_EQ(client.take().back(), "bye");
    }
    Client late = make(std::nullopt);
    late.session->open(at_ms(0));
    late.session->advance(at_ms(4'999));
    EXPECT_FALSE(late.session->close());
    late.session->advance(at_ms(5'000));
    ASSERT_TRUE(late.session->close());
    EXPECT_EQ(late.session->close()->code, CloseCode::Unauthorized);
    EXPECT_EQ(hub.client_count(), 0u);
}

TEST_F(Auth, TokenWithoutScopesIs4403) {
    authenticator.known["empty"] = with({}, "ann");
    Client client = make(std::nullopt);
    client.session->open(at_ms(0));
    client.say(auth("empty"));
    ASSERT_TRUE(client.session->close());
    EXPECT_EQ(client.session->close()->code, CloseCode::Forbidden);
}

TEST_F(Auth, ExpiryIsAnnouncedThenCloses4401AndReconnects) {
    Client client = open(ann(100'000));
    client.session->heard(at_ms(39'000));
    client.session->advance(at_ms(39'999));
    EXPECT_THAT(client.take(), IsEmpty());
    client.session->advance(at_ms(40'000));
    client.session->advance(at_ms(40'200));
    EXPECT_THAT(client.take(), ElementsAre("auth:expiring"));
    client.session->heard(at_ms(99'000));
    client.session->advance(at_ms(100'000));
    ASSERT_TRUE(client.session->close());
    EXPECT_EQ(client.session->close()->code, CloseCode::Unauthorized);
    EXPECT_TRUE(client.session->close()->reconnect);
    EXPECT_THAT(client.take(), ElementsAre("bye"));
}

TEST_F(Auth, NewTokenExtendsInPlaceAndABadOneChangesNothing) {
    authenticator.known["longer"] = ann(3'600'000);
    Client client = open(ann(50'000));
    client.take();
    EXPECT_EQ(client.ask(auth("bad")), "UNAUTHORIZED");
    EXPECT_EQ(client.ask(auth("longer")), "ok");
    client.session->heard(at_ms(50'000));
    client.session->advance(at_ms(60'000));
    EXPECT_FALSE(client.session->close());
}

TEST_F(Auth, ChannelsThatTheNewTokenMayNotReadAreLost) {
    authenticator.known["other"] = with({"status:read", "channel:read:plans"}, "ann");
    Client client = open(with({"*"}, "ann"));
    client.ask(subscribe("tasks"));
    client.ask(subscribe("plans"));
    client.ask(subscribe("room:a", R"({"changes":[{"table":"positions"}]})"));
    client.say(auth("other"));
    EXPECT_THAT(client.take(), ElementsAre("reply", "system:warning", "system:warning"));
    event("tasks", "1");
    event("plans", "2");
    change("INSERT", R"({"id":1})");
    EXPECT_THAT(client.take(), ElementsAre("event"));
}

TEST_F(Auth, WithoutBypassGuardedTablesAreLostToo) {
    authenticator.known["fewer"] = with({"status:read", "changes:read:*"}, "ann");
    hub.set_source({model::ChangeOrigin::Poll, true, true, {"public.positions"}});
    Client client = open(with({"*"}, "ann"));
    client.ask(subscribe("db:public.positions"));
    client.ask(subscribe("db:public.orders"));
    change("INSERT", R"({"id":1})");
    EXPECT_THAT(client.take(), ElementsAre("change"));
    client.say(auth("fewer"));
    EXPECT_THAT(client.take(), ElementsAre("reply", "system:warning"));
    EXPECT_STREQ(client.heard[1]["payload"]["code"].GetString(), "CHANNEL_LOST");
    change("INSERT", R"({"id":2})");
    EXPECT_THAT(client.take(), IsEmpty());
}

TEST_F(Auth, SocketThatCameInTogetherWithTooManyIsClosed4429AtOnce) {
    options.max_sockets_per_subject = 1;
    Client first = make(ann(3'600'000)), second = make(ann(3'600'000));
    first.session->open(at_ms(0));
    second.session->open(at_ms(0));
    EXPECT_FALSE(first.session->close());
    ASSERT_TRUE(second.session->close());
    EXPECT_EQ(second.session->close()->code, CloseCode::TooManyRequests);
    EXPECT_THAT(second.take(), ElementsAre("bye"));
    EXPECT_TRUE(second.heard[0]["payload"]["reconnect"].GetBool());
    EXPECT_GT(second.heard[0]["payload"]["retryAfterMs"].GetInt(), 0);
    EXPECT_EQ(hub.client_count(), 1u);
    second.session.reset();
    EXPECT_EQ(hub.sockets_of("ann"), 1) << "it was never counted";
}

TEST_F(Auth, OneSubjectHasSoManySockets) {
    options.max_sockets_per_subject = 2;
    authenticator.known["good"] = ann(3'600'000);
    Client first = open(ann(3'600'000)), second = open(ann(3'600'000));
    EXPECT_EQ(hub.sockets_of("ann"), 2);
    Client third = make(std::nullopt);
    third.session->open(at_ms(0));
    third.say(auth("good"));
    ASSERT_TRUE(third.session->close());
    EXPECT_EQ(third.session->close()->code, CloseCode::TooManyRequests);
    first.session.reset();
    EXPECT_EQ(hub.sockets_of("ann"), 1);
}

}  // namespace
}  // namespace pgsidecar::realtime
