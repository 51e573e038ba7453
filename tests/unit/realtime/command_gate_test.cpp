#include "realtime/command_gate.hpp"

#include <gtest/gtest.h>

#include "tests/unit/realtime/fake_commands.hpp"
#include "tests/unit/realtime/samples.hpp"

namespace pgsidecar::realtime {
namespace {

using model::ConnectionStatus;

constexpr std::int64_t kSecond = 1'000'000'000;

class CommandGateTest : public testing::Test {
protected:
    base::SeededEntropy entropy{1};
    Hub hub{HubOptions{}, entropy, samples::at_ms(0)};
    FakeCommands commands;
    CommandGate gate{hub, commands};
};

TEST_F(CommandGateTest, ConcurrentHealthRequestsShareOneCheck) {
    int answers = 0;
    gate.check_health([&](const auto&) { ++answers; });
    gate.check_health([&](const auto&) { ++answers; });
    EXPECT_EQ(commands.health.size(), 1u);
    commands.answer_health(samples::healthy());
    EXPECT_EQ(answers, 2);
    EXPECT_TRUE(hub.health());
    gate.check_health([&](const auto&) { ++answers; });
    EXPECT_EQ(commands.health.size(), 1u) << "the next one is a new check";
}

TEST_F(CommandGateTest, HealthAnsweredAtOnceIsAnsweredOnce) {
    commands.health_at_once = samples::healthy();
    int answers = 0;
    gate.check_health([&](const auto&) { ++answers; });
    gate.check_health([&](const auto&) { ++answers; });
    EXPECT_EQ(answers, 2);
}

TEST_F(CommandGateTest, ReconnectWhileConnectedIsRefused) {
    hub.publish_status(samples::status(ConnectionStatus::Connected));
    auto refused = gate.reconnect(0, [](const auto&) {});
    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->code, "ALREADY_CONNECTED");
    EXPECT_TRUE(commands.reconnects.empty());
}

TEST_F(CommandGateTest, SecondReconnectJoinsTheFirst) {
    int answers = 0;
    EXPECT_FALSE(gate.reconnect(0, [&](const auto&) { ++answers; }));
    EXPECT_FALSE(gate.reconnect(kSecond, [&](const auto&) { ++answers; }));
    EXPECT_EQ(commands.reconnects.size(), 1u);
    commands.answer_reconnect({false, "refused"});
    EXPECT_EQ(answers, 2);
}

TEST_F(CommandGateTest, NextReconnectWaitsFiveSeconds) {
    EXPECT_FALSE(gate.reconnect(0, [](const auto&) {}));
    commands.answer_reconnect({false, "refused"});
    auto refused = gate.reconnect(2 * kSecond, [](const auto&) {});
    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->code, "RATE_LIMITED");
    EXPECT_EQ(refused->retry_after_ms, 3'000);
    EXPECT_FALSE(gate.reconnect(5 * kSecond, [](const auto&) {}));
}

}  // namespace
}  // namespace pgsidecar::realtime
