#include <gmock/gmock.h>

#include "health/connection_machine.hpp"
#include "tests/unit/health/machine_driver.hpp"

namespace pgsidecar::health {
namespace {

using model::ConnectionStatus;
using testing::ElementsAre;
using Kind = ReconnectOutcome::Kind;

TEST(ConnectionMachineRequests, TheDataPlanesSuccessBringsTheNextTryForward) {
    MachineDriver d;
    d.start();
    d.fail();
    d.take(d.machine.data_plane_connected(d.now()));
    EXPECT_EQ(d.probes.size(), 2U);
    d.fail();
    d.take(d.machine.data_plane_connected(d.now()));
    EXPECT_EQ(d.probes.size(), 2U);  // one hint a second
    // The hint used up none of the planned tries and moved none.
    d.ring(), d.fail();
    EXPECT_EQ(d.statuses.back().next_retry_ms, 2'000);
    d.advance(900 * kMs);
    d.take(d.machine.data_plane_connected(d.now()));
    d.fail();
    EXPECT_EQ(d.ring(), 1'099 * kMs);
}

TEST(ConnectionMachineRequests, HealthRequestsShareOneCheckAndAreNotPublished) {
    MachineDriver d;
    d.connect();
    d.ask_health();
    d.ask_health();
    EXPECT_EQ(d.probes.size(), 2U);
    d.succeed();
    EXPECT_EQ(d.health_answers.size(), 1U);
    EXPECT_EQ(d.healths.size(), 1U);
    // A check that falls due while one runs shares it too, and is published.
    d.advance(d.timer_at.value() - d.now().mono_ns - kMs / 2);
    d.ask_health();
    d.advance(kMs);
    d.take(d.machine.timer(d.now()));
    EXPECT_EQ(d.probes.size(), 3U);
    d.succeed();
    EXPECT_EQ(d.healths.size(), 2U);
    EXPECT_EQ(d.health_answers.size(), 2U);
}

TEST(ConnectionMachineRequests, AHealthRequestDuringAnOutageTriesNowAtMostOnceASecond) {
    MachineDriver d;
    d.start();
    d.fail();
    d.ask_health();
    EXPECT_EQ(d.probes.size(), 2U);
    d.fail();
    EXPECT_EQ(d.health_answers.size(), 1U);
    EXPECT_FALSE(d.health_answers[0].healthy);
    d.ask_health();
    EXPECT_EQ(d.probes.size(), 2U);
    EXPECT_EQ(d.health_answers.size(), 2U);
    d.advance(1'000 * kMs);
    d.ask_health();
    d.succeed();
    EXPECT_TRUE(d.health_answers.back().healthy);
    EXPECT_EQ(d.status(), ConnectionStatus::Connected);
}

TEST(ConnectionMachineRequests, ReconnectWhileConnectedHasNoEffect) {
    MachineDriver d;
    d.connect();
    d.ask_reconnect();
    EXPECT_EQ(d.reconnect_answers.at(0).kind, Kind::AlreadyConnected);
    EXPECT_EQ(d.probes.size(), 1U);
    EXPECT_EQ(d.statuses.size(), 2U);
}

TEST(ConnectionMachineRequests, ReconnectIsTriedOncePerFiveSecondsAndSharesItsOutcome) {
    MachineDriver d;
    d.start();
    d.fail(said("28P01"));
    d.ask_reconnect();
    d.ask_reconnect();
    EXPECT_EQ(d.probes.size(), 2U);
    d.fail(said("28P01"));
    ASSERT_EQ(d.reconnect_answers.size(), 1U);
    EXPECT_EQ(d.reconnect_answers[0].kind, Kind::Failed);
    EXPECT_EQ(d.reconnect_answers[0].error.code, model::ErrorCode::AuthFailed);
    d.advance(1'000 * kMs);
    d.ask_reconnect();
    EXPECT_EQ(d.probes.size(), 2U);
    EXPECT_EQ(d.reconnect_answers.size(), 2U);
    EXPECT_EQ(d.reconnect_answers[1].retry_after_ms, 3'999);
    d.advance(4'000 * kMs);
    d.ask_reconnect();
    EXPECT_EQ(d.probes.size(), 3U);
    d.fail(said("28P01"));
    EXPECT_EQ(d.errors.size(), 3U);  // one for each operation that was asked for
}

TEST(ConnectionMachineRequests, ALoneReconnectHoldsTheNextBackToo) {
    MachineDriver d;
    d.start();
    d.fail(said("28P01"));
    d.ask_reconnect();
    d.fail(said("28P01"));
    d.ask_reconnect();
    EXPECT_EQ(d.probes.size(), 2U);
    EXPECT_EQ(d.reconnect_answers.size(), 2U);
}

TEST(ConnectionMachineRequests, ReconnectBeginsTheFastTriesAnew) {
    MachinePolicy policy;
    policy.retry.max_retries = 1;
    MachineDriver d(policy);
    d.start();
    d.fail(), d.ring(), d.fail();
    EXPECT_EQ(d.errors.size(), 1U);
    d.ask_reconnect();
    d.fail();
    EXPECT_EQ(d.errors.size(), 1U);
    EXPECT_EQ(d.ring(), 1'000 * kMs);
    d.fail();
    EXPECT_EQ(d.errors.size(), 2U);
}

TEST(ConnectionMachineRequests, DisconnectIsPublishedFromConnectedOnly) {
    MachineDriver d;
    d.connect();
    d.disconnect();
    EXPECT_EQ(d.statuses.back().status, ConnectionStatus::Disconnected);
    EXPECT_EQ(d.machine.current_error(d.now())->error, "DB_DISCONNECTED");
    EXPECT_TRUE(d.machine.current_error(d.now())->recoverable);
    EXPECT_FALSE(d.timer_at);
    EXPECT_EQ(d.closes, 1);
    d.ask_health();
    EXPECT_FALSE(d.health_answers.back().healthy);
    d.lose(refused());
    EXPECT_EQ(d.statuses.size(), 3U);
    d.ask_reconnect();
    d.succeed();
    EXPECT_THAT(d.status_words(),
                ElementsAre("connecting", "connected", "disconnected", "connecting", "connected"));
}

TEST(ConnectionMachineRequests, DisconnectWhileConnectingOrInErrorIsSilent) {
    MachineDriver d;
    d.start();
    d.ask_health();
    d.ask_reconnect();
    d.disconnect();
    EXPECT_EQ(d.statuses.size(), 1U);
    EXPECT_EQ(d.health_answers.size(), 1U);
    EXPECT_EQ(d.reconnect_answers.size(), 1U);
    auto late = d.probes.back().id;
    d.take(d.machine.probe_succeeded(late, kMs, {}, d.now()));
    EXPECT_EQ(d.statuses.size(), 1U);
    d.start();
    d.fail();
    d.disconnect();
    EXPECT_THAT(d.status_words(), ElementsAre("connecting", "error"));
    EXPECT_FALSE(d.timer_at);
    d.start();
    EXPECT_EQ(d.status(), ConnectionStatus::Connecting);
}

TEST(ConnectionMachineRequests, AClockSetBackNeverPutsHealthIntoTheFuture) {
    MachineDriver d;
    d.auto_flush = false;
    d.start();
    d.succeed();
    d.wall_shift_us = -3'600'000'000;
    d.take(d.machine.flush_done(d.now()));  // the driver checks the timestamps
    EXPECT_EQ(d.healths.size(), 1U);
}

}  // namespace
}  // namespace pgsidecar::health
