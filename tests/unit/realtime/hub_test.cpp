#include "realtime/hub.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "realtime/frames.hpp"
#include "tests/unit/realtime/samples.hpp"

namespace pgsidecar::realtime {
namespace {

using model::ConnectionStatus;
using samples::operation;
using testing::ElementsAre;

class Listener final : public Subscriber {
public:
    void on_publication(const Publication& publication) override {
        frames.push_back(publication.frame);
        lanes.push_back(publication.lane);
        seqs.push_back(publication.seq);
    }
    void on_database_changed() override { ++changes; }
    void on_source_lost(const Frame& warning) override { warnings.push_back(warning); }
    void on_tables_guarded(std::int64_t) override {}
    void on_gap(const StreamGap& gap) override { gaps.emplace_back(gap.reason); }
    bool may_read(std::string_view channel) const override { return channel != "agents"; }
    ClientInfo describe() const override { return {"s", "ann", "", 0}; }

    std::vector<std::string> types() const {
        std::vector<std::string> out;
        for (const Frame& frame : frames) out.push_back(samples::type_of(frame));
        return out;
    }

    std::vector<Frame> frames, warnings;
    std::vector<Lane> lanes;
    std::vector<Seq> seqs;
    int changes = 0;
    std::vector<std::string> gaps;
};

class HubTest : public testing::Test {
protected:
    HubTest() {
        hub.join(listener);
        hub.subscribe(listener, kDatabaseChannel);
    }
    ~HubTest() override { hub.leave(listener); }

    base::SeededEntropy entropy{1};
    Hub hub{HubOptions{}, entropy, samples::at_ms(0)};
    Listener listener;
};

TEST_F(HubTest, EpochIsSixteenHexDigitsAndDiffersPerStart) {
    EXPECT_THAT(hub.epoch(), testing::MatchesRegex("[0-9a-f]{16}"));
    Hub next(HubOptions{}, entropy, samples::at_ms(0));
    EXPECT_NE(hub.epoch(), next.epoch());
}

TEST_F(HubTest, BeforeAnyNewsTheStatusIsConnectingAndTheErrorSaysSo) {
    EXPECT_EQ(std::string(samples::parse(*hub.current_status())["payload"]["status"].GetString()),
              "connecting");
    EXPECT_EQ(std::string(samples::parse(*hub.current_error())["payload"]["error"].GetString()),
              "DB_DISCONNECTED");
    EXPECT_FALSE(samples::parse(*hub.current_error()).HasMember("seq"));
}

TEST_F(HubTest, SequencesStatusAndErrorButNotHealth) {
    hub.publish_status(samples::status(ConnectionStatus::Error));
    hub.publish_error(samples::refused());
    hub.publish_health(samples::healthy());
    EXPECT_THAT(listener.types(),
                ElementsAre("database:status", "database:error", "database:health"));
    EXPECT_THAT(listener.seqs, ElementsAre(2u, 3u, 0u));
    EXPECT_THAT(listener.lanes, ElementsAre(Lane::Control, Lane::Control, Lane::Latest));
    EXPECT_EQ(hub.head(), 3u);
    EXPECT_EQ(samples::parse(*listener.frames[1])["seq"].GetUint64(), 3u);
}

TEST_F(HubTest, NeverTwoEqualStatusesInARow) {
    auto same = samples::status(ConnectionStatus::Error, "gone");
    hub.publish_status(same);
    same.timestamp_us += 5;
    hub.publish_status(same);
    EXPECT_EQ(listener.frames.size(), 1u);
    same.attempt = 2;
    hub.publish_status(same);
    EXPECT_EQ(listener.frames.size(), 2u);
}

TEST_F(HubTest, AllSubscribersGetTheVerySameFrame) {
    Listener second;
    hub.join(second);
    hub.subscribe(second, kDatabaseChannel);
    hub.publish_health(samples::healthy());
    EXPECT_EQ(second.frames.at(0).get(), listener.frames.at(0).get());
    hub.leave(second);
    hub.publish_health(samples::healthy());
    EXPECT_EQ(second.frames.size(), 1u);
}

TEST_F(HubTest, SubscribingTwiceDeliversOnce) {
    hub.subscribe(listener, kDatabaseChannel);
    hub.publish_health(samples::healthy());
    EXPECT_EQ(listener.frames.size(), 1u);
    EXPECT_TRUE(hub.unsubscribe(listener, kDatabaseChannel));
    EXPECT_FALSE(hub.unsubscribe(listener, kDatabaseChannel));
    hub.publish_health(samples::healthy());
    EXPECT_EQ(listener.frames.size(), 1u);
}

TEST_F(HubTest, LeavingEndsWhatSubscriptionsAreLeftAndNobodyElses) {
    Listener second;
    hub.join(second);
    for (std::string_view channel : {kDatabaseChannel, kOperationsChannel})
        hub.subscribe(second, channel);
    hub.unsubscribe(second, kOperationsChannel);
    hub.unsubscribe(second, kOperationsChannel);
    hub.leave(second);
    hub.leave(second);
    EXPECT_EQ(hub.subscribers(kDatabaseChannel), 1u);
    EXPECT_EQ(hub.client_count(), 1u);
}

TEST_F(HubTest, ConnectionErrorStaysUntilConnectedAndStatementErrorsAreOnlyNews) {
    hub.publish_status(samples::status(ConnectionStatus::Error));
    hub.publish_error(samples::refused("query"));
    EXPECT_FALSE(hub.error());
    hub.publish_error(samples::refused("connect"));
    ASSERT_TRUE(hub.error());
    EXPECT_EQ(samples::parse(*hub.current_error())["seq"].GetUint64(), 4u);
    hub.publish_status(samples::status(ConnectionStatus::Connecting));
    EXPECT_FALSE(samples::parse(*hub.current_error()).HasMember("seq"))
        << "seq must rise on a socket";
    hub.publish_status(samples::status(ConnectionStatus::Connected));
    EXPECT_FALSE(hub.error());
}

TEST_F(HubTest, GracefulDisconnectIsExplained) {
    hub.publish_status(samples::status(ConnectionStatus::Connected));
    hub.publish_status(samples::status(ConnectionStatus::Disconnected, "Closed on request"));
    auto error = samples::parse(*hub.current_error());
    EXPECT_EQ(std::string(error["payload"]["error"].GetString()), "DB_DISCONNECTED");
    EXPECT_EQ(std::string(error["payload"]["message"].GetString()), "Closed on request");
    EXPECT_TRUE(error["payload"]["recoverable"].GetBool());
    EXPECT_TRUE(error["payload"].HasMember("resolution"));
}

TEST_F(HubTest, NewConnectionForgetsTheOldHealth) {
    hub.publish_status(samples::status(ConnectionStatus::Connected));
    hub.publish_health(samples::healthy());
    hub.publish_status(samples::status(ConnectionStatus::Error));
    EXPECT_TRUE(hub.health());
    hub.publish_status(samples::status(ConnectionStatus::Connected));
    EXPECT_FALSE(hub.health());
}

TEST_F(HubTest, RememberedHealthIsForNewcomersOnly) {
    hub.remember_health(samples::healthy());
    EXPECT_TRUE(hub.health());
    EXPECT_TRUE(listener.frames.empty());
    EXPECT_EQ(listener.changes, 1);
}

TEST_F(HubTest, OperationsGoToTheirChannelSampledWithTheSkippedCounted) {
    std::vector<model::DatabaseOperation> batch;
    for (int i = 0; i < 8; ++i) batch.push_back(operation(std::to_string(i)));
    hub.publish_operations(batch, 0);
    EXPECT_TRUE(listener.frames.empty()) << "nobody listens";
    hub.subscribe(listener, kOperationsChannel);
    hub.publish_operations(batch, 0);
    ASSERT_EQ(listener.frames.size(), 5u);
    auto first = samples::parse(*listener.frames[0]);
    EXPECT_EQ(std::string(first["channel"].GetString()), "database:operations");
    EXPECT_EQ(std::string(first["payload"]["id"].GetString()), "3");
    EXPECT_EQ(first["skipped"].GetUint64(), 3u);
    EXPECT_FALSE(samples::parse(*listener.frames[1]).HasMember("skipped"));
    EXPECT_THAT(listener.lanes, testing::Each(Lane::Latest));
}

}  // namespace
}  // namespace pgsidecar::realtime
