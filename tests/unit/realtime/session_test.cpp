#include "realtime/session.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/realtime/fake_authenticator.hpp"
#include "tests/unit/realtime/fake_commands.hpp"
#include "tests/unit/realtime/samples.hpp"

namespace pgsidecar::realtime {
namespace {

using model::ConnectionStatus;
using samples::at_ms;
using testing::ElementsAre;
using testing::HasSubstr;

class SessionTest : public testing::Test {
protected:
    static std::shared_ptr<const SessionOptions> options() {
        config::Settings settings;
        settings.http.queue_soft_bytes = 2'000;
        return std::make_shared<const SessionOptions>(session_options(settings, "pgsidecar/test"));
    }

    void connect_database() {
        hub.publish_status(samples::status(ConnectionStatus::Connected));
        hub.publish_health(samples::healthy());
    }
    /// Opened, greeted, and the greeting taken out.
    void greet() {
        connect_database();
        session->open(at_ms(0));
        ASSERT_THAT(take(), ElementsAre("database:status", "database:health", "session:ready"));
    }
    std::vector<std::string> take() {
        std::vector<std::string> types;
        texts.clear();
        while (Frame frame = session->pop()) {
            types.push_back(samples::type_of(frame));
            texts.push_back(*frame);
        }
        return types;
    }
    void say(const std::string& text, std::int64_t ms = 0) { session->receive(text, at_ms(ms)); }
    std::string code_of_last_refusal() {
        auto json = samples::parse(texts.back());
        return json["payload"]["ok"].GetBool() ? "ok"
                                               : json["payload"]["error"]["code"].GetString();
    }

    base::SeededEntropy entropy{1};
    Hub hub{HubOptions{}, entropy, samples::at_ms(0)};
    FakeCommands commands;
    CommandGate gate{hub, commands};
    FakeAuthenticator authenticator;
    int wakes = 0;
    std::shared_ptr<Session> session =
        std::make_shared<Session>(Session::Parts{hub, gate, authenticator, options()}, "s-1",
                                  unlimited_identity(), at_ms(0), [this] { ++wakes; });
    std::vector<std::string> texts;
};

TEST_F(SessionTest, GreetingWhenConnectedIsStatusHealthReady) {
    connect_database();
    session->open(at_ms(0));
    EXPECT_THAT(take(), ElementsAre("database:status", "database:health", "session:ready"));
    auto ready = samples::parse(texts.back());
    EXPECT_EQ(ready["payload"]["epoch"].GetString(), hub.epoch());
    EXPECT_EQ(ready["payload"]["head"].GetUint64(), hub.head());
    EXPECT_EQ(ready["payload"]["timing"]["healthIntervalMs"].GetInt(), 30'000);
    EXPECT_GT(wakes, 0);
}

TEST_F(SessionTest, GreetingWhenNotConnectedIsStatusErrorReady) {
    hub.publish_status(samples::status(ConnectionStatus::Error));
    hub.publish_error(samples::refused());
    session->open(at_ms(0));
    EXPECT_THAT(take(), ElementsAre("database:status", "database:error", "session:ready"));
    EXPECT_THAT(texts[1], HasSubstr("ECONNREFUSED"));
}

TEST_F(SessionTest, GreetingInModeMockWarns) {
    auto status = samples::status(ConnectionStatus::Connected);
    status.mode = model::DatabaseMode::Mock;
    hub.publish_status(status);
    session->open(at_ms(0));
    EXPECT_THAT(take(), ElementsAre("database:status"));
    hub.publish_health(samples::healthy());
    session->advance(at_ms(1));
    EXPECT_THAT(take(), ElementsAre("database:health", "system:warning", "session:ready"));
    auto warning = samples::parse(texts[1]);
    EXPECT_STREQ(warning["payload"]["code"].GetString(), "MOCK_MODE");
    EXPECT_EQ(warning["payload"]["message"].GetString(), model::kMockModeWarning);
}

TEST_F(SessionTest, GreetingWaitsForTheFirstHealthAndHoldsRequests) {
    hub.publish_status(samples::status(ConnectionStatus::Connected));
    session->open(at_ms(0));
    EXPECT_EQ(commands.health.size(), 1u) << "it asks for a check itself";
    say(R"({"type":"ping","id":"1"})");
    EXPECT_THAT(take(), ElementsAre("database:status"));
    commands.answer_health(samples::healthy());
    session->advance(at_ms(10));
    EXPECT_THAT(take(), ElementsAre("database:health", "session:ready", "pong", "reply"));
}

TEST_F(SessionTest, FirstHealthThatNeverComesIsReportedAsUnhealthyInItsPlace) {
    hub.publish_status(samples::status(ConnectionStatus::Connected));
    session->open(at_ms(0));
    take();
    session->advance(at_ms(1'999));
    EXPECT_THAT(take(), ElementsAre());
    session->advance(at_ms(2'000));
    EXPECT_THAT(take(), ElementsAre("database:health", "session:ready"));
    EXPECT_THAT(texts[0], HasSubstr("timed out after 2000ms"));
}

TEST_F(SessionTest, DatabaseLostDuringTheGreetingEndsItWithTheError) {
    hub.publish_status(samples::status(ConnectionStatus::Connected));
    session->open(at_ms(0));
    hub.publish_status(samples::status(ConnectionStatus::Error));
    session->advance(at_ms(5));
    EXPECT_THAT(take(), ElementsAre("database:status", "database:status", "database:error",
                                    "session:ready"));
}

TEST_F(SessionTest, HearsTheDatabaseChannelAfterTheGreeting) {
    greet();
    hub.publish_status(samples::status(ConnectionStatus::Error));
    hub.publish_error(samples::refused());
    hub.publish_health(samples::healthy());
    EXPECT_THAT(take(), ElementsAre("database:status", "database:error", "database:health"));
}

TEST_F(SessionTest, PingIsAnsweredWithItsOwnNumber) {
    greet();
    say(R"({"type":"ping","payload":{"t":17.25}})");
    EXPECT_THAT(take(), ElementsAre("pong"));
    EXPECT_THAT(texts[0], HasSubstr("\"t\":17.25"));
}

TEST_F(SessionTest, UnknownTypeIsAnsweredOnlyWithAnId) {
    greet();
    say(R"({"type":"tea:make","id":"9"})");
    EXPECT_THAT(take(), ElementsAre("reply"));
    EXPECT_EQ(code_of_last_refusal(), "UNKNOWN_TYPE");
    say(R"({"type":"tea:make"})");
    EXPECT_THAT(take(), ElementsAre());
    EXPECT_FALSE(session->close());
}

TEST_F(SessionTest, OperationsComeAfterSubscribing) {
    greet();
    std::vector<model::DatabaseOperation> batch{samples::operation("a"), samples::operation("b")};
    hub.publish_operations(batch, 0);
    EXPECT_THAT(take(), ElementsAre());
    say(R"({"type":"subscribe","id":"1","channel":"database:operations"})");
    EXPECT_THAT(take(), ElementsAre("reply"));
    hub.publish_operations(batch, 1'000'000'000);
    EXPECT_THAT(take(), ElementsAre("operation", "operation"));
    say(R"({"type":"unsubscribe","id":"2","channel":"database:operations"})");
    hub.publish_operations(batch, 2'000'000'000);
    EXPECT_THAT(take(), ElementsAre("reply"));
    say(R"({"type":"unsubscribe","id":"3","channel":"database:operations"})");
    take();
    EXPECT_EQ(code_of_last_refusal(), "NOT_SUBSCRIBED");
}

TEST_F(SessionTest, SubscribeToAListTellsAcceptedAndRefused) {
    greet();
    say(R"({"type":"subscribe","id":"1","payload":{"channels":["database","teapots","no spaces"]}})");
    take();
    auto result = samples::parse(texts.at(0));
    EXPECT_STREQ(result["payload"]["result"]["accepted"][0].GetString(), "database");
    EXPECT_STREQ(result["payload"]["result"]["refused"][0]["code"].GetString(), "BAD_CHANNEL");
    EXPECT_EQ(result["payload"]["result"]["refused"].Size(), 2u);
    EXPECT_EQ(result["payload"]["result"]["head"].GetUint64(), hub.head());
    say(R"({"type":"subscribe","id":"2","channel":"teapots"})");
    take();
    EXPECT_EQ(code_of_last_refusal(), "BAD_CHANNEL");
}

TEST_F(SessionTest, HealthRequestAnswersTheRequesterAloneWithTheResultFirst) {
    greet();
    say(R"({"type":"database:health:request","id":"h"})");
    EXPECT_THAT(take(), ElementsAre());
    commands.answer_health(samples::healthy(7.5));
    EXPECT_THAT(take(), ElementsAre("database:health", "reply"));
    EXPECT_THAT(texts[0], HasSubstr("7.5"));
}

TEST_F(SessionTest, HealthRequestWithinASecondGetsTheLastResult) {
    greet();
    say(R"({"type":"database:health:request"})", 0);
    commands.answer_health(samples::healthy(7.5));
    take();
    say(R"({"type":"database:health:request"})", 999);
    EXPECT_TRUE(commands.health.empty());
    EXPECT_THAT(take(), ElementsAre("database:health"));
    say(R"({"type":"database:health:request"})", 1'000);
    EXPECT_EQ(commands.health.size(), 1u);
}

TEST_F(SessionTest, ReconnectIsRefusedWhileConnectedAndAnsweredOtherwise) {
    greet();
    say(R"({"type":"database:reconnect","id":"1"})");
    take();
    EXPECT_EQ(code_of_last_refusal(), "ALREADY_CONNECTED");
    hub.publish_status(samples::status(ConnectionStatus::Error));
    take();
    say(R"({"type":"database:reconnect","id":"2"})");
    EXPECT_THAT(take(), ElementsAre());
    commands.answer_reconnect({true, "connected"});
    EXPECT_THAT(take(), ElementsAre("reply"));
    EXPECT_EQ(code_of_last_refusal(), "ok");
}

TEST_F(SessionTest, AnswerAfterTheSocketIsGoneIsDropped) {
    greet();
    say(R"({"type":"database:health:request"})");
    session.reset();
    commands.answer_health(samples::healthy());
    EXPECT_EQ(hub.client_count(), 0u);
}

TEST_F(SessionTest, ThreeMalformedInARowClose4400) {
    greet();
    say("not json");
    say("[]");
    EXPECT_THAT(take(), ElementsAre("system:warning", "system:warning"));
    say(R"({"type":"ping"})");
    say("{");
    say("{");
    EXPECT_FALSE(session->close()) << "a good one in between starts the count again";
    session->receive_binary(at_ms(0));
    ASSERT_TRUE(session->close());
    EXPECT_EQ(session->close()->code, CloseCode::Malformed);
    EXPECT_EQ(take().back(), "bye");
}

TEST_F(SessionTest, NestingClosesAtOnce) {
    greet();
    say(R"({"type":"x","payload":)" + std::string(10'000, '['));
    ASSERT_TRUE(session->close());
    EXPECT_EQ(session->close()->code, CloseCode::Malformed);
    EXPECT_FALSE(session->close()->reconnect);
}

TEST_F(SessionTest, BadFieldWithAnIdIsABadRequest) {
    greet();
    for (int i = 0; i < 5; ++i) say(R"({"type":"subscribe","id":"1"})");
    take();
    EXPECT_EQ(code_of_last_refusal(), "BAD_REQUEST");
    EXPECT_FALSE(session->close());
}

TEST_F(SessionTest, SilenceIsPingedThenClosed4408) {
    greet();
    session->advance(at_ms(30'000));
    EXPECT_TRUE(session->take_ping());
    EXPECT_FALSE(session->take_ping());
    session->heard(at_ms(31'000));
    session->advance(at_ms(105'999));
    EXPECT_FALSE(session->close());
    session->advance(at_ms(106'000));
    ASSERT_TRUE(session->close());
    EXPECT_EQ(session->close()->code, CloseCode::Silent);
}

TEST_F(SessionTest, ReadingStopsAt32UnansweredRequestsAndGoesOnAfterTheAnswer) {
    connect_database();
    hub.publish_status(samples::status(ConnectionStatus::Error));
    session->open(at_ms(0));
    take();
    for (int i = 0; i < 31; ++i) say(R"({"type":"database:reconnect"})");
    EXPECT_TRUE(session->wants_input());
    say(R"({"type":"database:reconnect"})");
    EXPECT_FALSE(session->wants_input());
    say(R"({"type":"ping"})");
    EXPECT_THAT(take(), ElementsAre());
    commands.answer_reconnect({false, "refused"});
    session->advance(at_ms(1));
    EXPECT_TRUE(session->wants_input());
    EXPECT_THAT(take(), ElementsAre("pong"));
}

TEST_F(SessionTest, PeerThatTakesNoRepliesIsNotReadAnyMoreAndClosed4508) {
    greet();
    int sent = 0;
    for (; session->wants_input() && sent < 1'000; ++sent) say(R"({"type":"ping"})", 1);
    EXPECT_LT(sent, 100);
    session->advance(at_ms(100));
    session->heard(at_ms(10'000));
    EXPECT_FALSE(session->close());
    session->advance(at_ms(10'100));
    ASSERT_TRUE(session->close());
    EXPECT_EQ(session->close()->code, CloseCode::SlowConsumer);
    EXPECT_TRUE(session->close()->reconnect);
}

TEST_F(SessionTest, ClosingSessionHearsAndAnswersNothingMore) {
    greet();
    session->shut_down(make_close(CloseCode::GoingAway, "shutting down"));
    hub.publish_health(samples::healthy());
    say(R"({"type":"ping"})");
    EXPECT_THAT(take(), ElementsAre("bye"));
    EXPECT_THAT(texts[0], HasSubstr("\"code\":1001"));
    EXPECT_FALSE(session->wants_input());
    EXPECT_EQ(hub.client_count(), 0u);
}

TEST_F(SessionTest, OversizeCloses1009) {
    greet();
    session->refuse_oversize();
    EXPECT_EQ(session->close()->code, CloseCode::TooBig);
    EXPECT_THAT(take(), ElementsAre("bye"));
}

}  // namespace
}  // namespace pgsidecar::realtime
