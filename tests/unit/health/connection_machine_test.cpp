#include "health/connection_machine.hpp"

#include <gmock/gmock.h>

#include "tests/unit/health/machine_driver.hpp"

namespace pgsidecar::health {
namespace {

using model::ConnectionStatus;
using testing::ElementsAre;
using Kind = ReconnectOutcome::Kind;

TEST(ConnectionMachine, FirstProbeGoesOutAtOnceWithTheFirstTimeout) {
    MachineDriver d;
    d.start();
    EXPECT_THAT(d.order, ElementsAre("status connecting", "probe"));
    EXPECT_EQ(d.probes.back().timeout_ns, 2'000 * kMs);
    EXPECT_FALSE(d.snapshots.back().usable);
    EXPECT_TRUE(d.snapshots.back().retrying);
    EXPECT_EQ(d.machine.current_error(d.now())->error, "DB_DISCONNECTED");
    d.fail();
    d.ring();
    EXPECT_EQ(d.probes.back().timeout_ns, 5'000 * kMs);
}

TEST(ConnectionMachine, ConnectedThenFlushThenHealth) {
    MachineDriver d;
    d.start();
    d.succeed();
    EXPECT_THAT(d.order,
                ElementsAre("status connecting", "probe", "status connected", "flush", "healthy"));
    EXPECT_TRUE(d.snapshots.back().usable);
    EXPECT_FALSE(d.machine.current_error(d.now()));
    EXPECT_EQ(d.machine.connection().last_health_check_us, d.now().wall_us);
}

TEST(ConnectionMachine, HealthWaitsForTheFlush) {
    MachineDriver d;
    d.auto_flush = false;
    d.start();
    d.succeed();
    d.ask_health();
    EXPECT_TRUE(d.healths.empty());
    EXPECT_TRUE(d.health_answers.empty());
    d.take(d.machine.flush_done(d.now()));
    EXPECT_EQ(d.healths.size(), 1U);
    EXPECT_EQ(d.health_answers.size(), 1U);
    d.take(d.machine.flush_done(d.now()));
    EXPECT_EQ(d.healths.size(), 1U);
}

TEST(ConnectionMachine, AFlushCutOffByALossPublishesNoGoodHealth) {
    MachineDriver d;
    d.auto_flush = false;
    d.connect();
    d.lose(refused());
    d.take(d.machine.flush_done(d.now()));
    EXPECT_TRUE(d.healths.empty());
}

TEST(ConnectionMachine, ANewPolicyCountsAtOnce) {
    MachineDriver d;
    d.connect();
    MachinePolicy policy;
    policy.check_interval_ns = 5'000 * kMs;
    policy.probe_timeout_ns = 700 * kMs;
    d.take(d.machine.change_policy(policy, d.now()));
    EXPECT_EQ(d.ring(), 5'000 * kMs);
    EXPECT_EQ(d.probes.back().timeout_ns, 700 * kMs);
    // A longer interval does not move a check that is due.
    d.succeed();
    d.take(d.machine.change_policy(MachinePolicy{}, d.now()));
    EXPECT_LE(d.ring(), 5'000 * kMs);
}

TEST(ConnectionMachine, ChecksRunEveryInterval) {
    MachineDriver d;
    d.start();
    d.succeed();
    EXPECT_EQ(d.ring(), 30'000 * kMs);
    d.succeed();
    // From due time to due time, whatever the check took.
    EXPECT_EQ(d.ring(), 29'999 * kMs);
    d.succeed();
    EXPECT_EQ(d.healths.size(), 3U);
    EXPECT_EQ(d.statuses.size(), 2U);
    EXPECT_FALSE(d.probes.back().fresh);
}

TEST(ConnectionMachine, BackoffIsOneTwoFourThenSlowWithOneFinalError) {
    MachineDriver d;
    d.start();
    d.fail();
    EXPECT_EQ(d.statuses.back().next_retry_ms, 1'000);
    EXPECT_EQ(d.ring(), 1'000 * kMs);
    d.fail();
    EXPECT_EQ(d.ring(), 2'000 * kMs);
    d.fail();
    EXPECT_TRUE(d.snapshots.back().retrying);
    EXPECT_EQ(d.ring(), 4'000 * kMs);
    EXPECT_TRUE(d.errors.empty());
    d.fail();
    ASSERT_EQ(d.errors.size(), 1U);
    EXPECT_EQ(d.errors[0].attempt, 3);
    EXPECT_EQ(d.errors[0].error, "ECONNREFUSED");
    EXPECT_TRUE(d.errors[0].recoverable);
    EXPECT_FALSE(d.snapshots.back().retrying);
    EXPECT_EQ(d.ring(), 30'000 * kMs);
    d.fail();
    EXPECT_EQ(d.ring(), 30'000 * kMs);
    d.fail();
    EXPECT_EQ(d.errors.size(), 1U);
    EXPECT_EQ(d.machine.connection().error_count, 6);
    d.ring();
    d.succeed();
    EXPECT_EQ(d.machine.connection().error_count, 0);
    EXPECT_EQ(d.status(), ConnectionStatus::Connected);
}

TEST(ConnectionMachine, SlowIntervalZeroWaitsForReconnect) {
    MachinePolicy policy;
    policy.retry.max_retries = 0;
    policy.retry.slow_interval_ns = 0;
    MachineDriver d(policy);
    d.start();
    d.fail();
    EXPECT_FALSE(d.timer_at);
    EXPECT_EQ(d.errors.size(), 1U);
    EXPECT_FALSE(d.statuses.back().next_retry_ms);
    d.ask_health();
    EXPECT_EQ(d.probes.size(), 1U);
    d.ask_reconnect();
    EXPECT_EQ(d.probes.size(), 2U);
}

TEST(ConnectionMachine, PermanentCausesWaitForReconnect) {
    for (const char* sqlstate : {"28P01", "28000", "3D000", "42501"}) {
        MachineDriver d;
        d.start();
        d.fail(said(sqlstate));
        EXPECT_FALSE(d.timer_at) << sqlstate;
        ASSERT_EQ(d.errors.size(), 1U) << sqlstate;
        EXPECT_FALSE(d.errors[0].recoverable);
        EXPECT_EQ(d.errors[0].attempt, 1);
        d.advance(3'600'000 * kMs);
        d.take(d.machine.timer(d.now()));
        d.ask_health();
        d.take(d.machine.data_plane_connected(d.now()));
        EXPECT_EQ(d.probes.size(), 1U) << sqlstate;
        EXPECT_EQ(d.health_answers.size(), 1U);
        d.ask_reconnect();
        d.succeed();
        EXPECT_EQ(d.status(), ConnectionStatus::Connected);
        EXPECT_EQ(d.reconnect_answers.back().kind, Kind::Connected);
    }
}

TEST(ConnectionMachine, APermanentCauseAfterTheFinalErrorIsToldToo) {
    MachinePolicy policy;
    policy.retry.max_retries = 0;
    MachineDriver d(policy);
    d.start();
    d.fail();
    d.ring();
    d.fail(said("28P01"));
    ASSERT_EQ(d.errors.size(), 2U);
    EXPECT_EQ(d.errors[1].error, "AUTH_FAILED");
    EXPECT_FALSE(d.timer_at);
}

TEST(ConnectionMachine, AFailedCheckEndsConnected) {
    MachineDriver d;
    d.connect();
    d.ring();
    d.fail(model::timed_out(5'000, model::ErrorPhase::Connect));
    EXPECT_EQ(d.statuses.back().status, ConnectionStatus::Error);
    EXPECT_EQ(d.statuses.back().message, "Database operation timed out after 5000ms");
    EXPECT_FALSE(d.healths.back().healthy);
    EXPECT_EQ(d.machine.connection().last_error, "Database operation timed out after 5000ms");
    EXPECT_EQ(d.ring(), 1'000 * kMs);
    EXPECT_TRUE(d.probes.back().fresh);
}

TEST(ConnectionMachine, AGoneHostIsBelievedAtOnceAndTriedAtOnce) {
    MachineDriver d;
    d.connect();
    d.order.clear();
    d.lose(refused());
    EXPECT_THAT(d.order, ElementsAre("status error", "status connecting", "probe"));
    EXPECT_TRUE(d.probes.back().fresh);
    EXPECT_FALSE(d.snapshots.back().usable);
    EXPECT_EQ(d.machine.current_error(d.now())->error, "ECONNREFUSED");
    d.fail();
    EXPECT_FALSE(d.healths.back().healthy);
    EXPECT_EQ(d.ring(), 1'000 * kMs);
}

TEST(ConnectionMachine, AKilledBackendChangesNothingWhenTheProbeIsGood) {
    for (const auto& error : {said("57P01"), model::connection_lost(), said("53300")}) {
        MachineDriver d;
        d.connect();
        d.lose(error);
        ASSERT_EQ(d.probes.size(), 2U);
        EXPECT_FALSE(d.probes.back().fresh);
        EXPECT_TRUE(d.snapshots.back().usable);
        d.succeed();
        EXPECT_EQ(d.statuses.size(), 2U);
        EXPECT_EQ(d.healths.size(), 1U);
    }
}

TEST(ConnectionMachine, AKilledBackendIsALossWhenTheProbeFails) {
    MachineDriver d;
    d.connect();
    d.lose(said("57P01"));
    d.fail(said("57P03"));
    EXPECT_EQ(d.statuses.back().status, ConnectionStatus::Error);
    EXPECT_EQ(d.machine.current_error(d.now())->error, "SHUTDOWN");
}

TEST(ConnectionMachine, ARefusedLoginIsDoubtedOverANewConnection) {
    MachineDriver d;
    d.connect();
    d.lose(said("28P01"));
    EXPECT_TRUE(d.probes.back().fresh);
    d.fail(said("28P01"));
    EXPECT_EQ(d.errors.size(), 1U);
}

TEST(ConnectionMachine, ReportsCauseAtMostOneProbeASecond) {
    MachineDriver d;
    d.connect();
    for (int i = 0; i < 100; ++i) {
        d.lose(model::connection_lost());
        if (d.probes.size() == 2 && i == 0) d.succeed();
        d.advance(kMs);
    }
    EXPECT_EQ(d.probes.size(), 2U);
    EXPECT_LE(d.ring(), 1'000 * kMs);
    EXPECT_EQ(d.probes.size(), 3U);
}

TEST(ConnectionMachine, ALossReportedDuringAProbeIsLookedIntoAfterIt) {
    MachineDriver d;
    d.connect();
    d.ring();
    d.lose(model::connection_lost());
    EXPECT_EQ(d.probes.size(), 2U);
    d.succeed();
    d.ring();
    EXPECT_EQ(d.probes.size(), 3U);
}

TEST(ConnectionMachine, RightAfterASuccessEvenAGoneHostIsDoubted) {
    MachineDriver d;
    d.start();
    d.succeed();
    d.lose(refused());
    EXPECT_EQ(d.status(), ConnectionStatus::Connected);
    EXPECT_TRUE(d.probes.back().fresh);
    d.fail();
    EXPECT_EQ(d.status(), ConnectionStatus::Error);
}

TEST(ConnectionMachine, ABelievedLossAbandonsTheProbeUnderWay) {
    MachineDriver d;
    d.connect();
    d.ring();
    auto old = d.probes.back().id;
    d.lose(refused());
    d.take(d.machine.probe_succeeded(old, kMs, {}, d.now()));
    EXPECT_EQ(d.status(), ConnectionStatus::Connecting);
    d.fail();
    EXPECT_EQ(d.status(), ConnectionStatus::Error);
}

TEST(ConnectionMachine, AStatementsErrorIsNoLoss) {
    MachineDriver d;
    d.connect();
    d.lose(said("23505", model::ErrorPhase::Statement));
    EXPECT_EQ(d.probes.size(), 1U);
}

}  // namespace
}  // namespace pgsidecar::health
