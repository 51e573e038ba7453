#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "health/connection_machine.hpp"

namespace pgsidecar::health {

inline constexpr std::int64_t kMs = 1'000'000;
inline constexpr std::int64_t kStartNs = 50'000 * kMs;
inline constexpr std::int64_t kWallUs = 1'795'168'800'000'000;

inline model::ErrorInfo refused() {
    return model::classify_errno(ECONNREFUSED, model::ErrorPhase::Connect);
}
inline model::ErrorInfo said(std::string_view sqlstate,
                             model::ErrorPhase phase = model::ErrorPhase::Connect) {
    model::ServerErrorFields fields;
    fields.sqlstate = sqlstate;
    return model::classify_server_error(fields, phase);
}

/// A machine with a clock that the test moves; collects what is published and checks what must
/// always hold.
class MachineDriver {
public:
    explicit MachineDriver(MachinePolicy policy = {}) : machine(policy, initial()) {}

    ConnectionMachine machine;
    std::int64_t elapsed_ns = 0;
    std::int64_t wall_shift_us = 0;
    std::vector<model::StatusEvent> statuses;
    std::vector<model::ErrorEvent> errors;
    std::vector<model::HealthEvent> healths, health_answers;
    std::vector<ReconnectOutcome> reconnect_answers;
    std::vector<UpstreamSnapshot> snapshots;
    std::vector<StartProbe> probes;
    std::vector<std::string> order;  ///< one word for each action
    std::optional<std::int64_t> timer_at;
    bool auto_flush = true;
    int closes = 0;

    base::Now now() const {
        return {kStartNs + elapsed_ns, kWallUs + wall_shift_us + elapsed_ns / 1'000};
    }
    void advance(std::int64_t ns) { elapsed_ns += ns; }

    void start() { take(machine.start(now())); }
    void succeed() {
        advance(kMs);
        take(machine.probe_succeeded(probes.back().id, kMs, {}, now()));
    }
    void fail(model::ErrorInfo error = refused()) {
        advance(kMs);
        take(machine.probe_failed(probes.back().id, kMs, std::move(error), now()));
    }
    void lose(const model::ErrorInfo& error) { take(machine.data_plane_lost(error, now())); }
    void ask_health() { take(machine.health_requested(now())); }
    void ask_reconnect() { take(machine.reconnect_requested(now())); }
    void disconnect() { take(machine.disconnect_requested(now())); }
    /// Moves to the armed time and rings. How long that was, in ns.
    std::int64_t ring() {
        EXPECT_TRUE(timer_at.has_value());
        std::int64_t before = elapsed_ns;
        elapsed_ns = std::max(elapsed_ns, timer_at.value_or(kStartNs) - kStartNs);
        timer_at.reset();
        take(machine.timer(now()));
        return elapsed_ns - before;
    }
    /// start() and a good first probe, and a while without news.
    void connect() {
        start();
        succeed();
        advance(3'000 * kMs);
    }
    model::ConnectionStatus status() const { return machine.connection().status; }
    std::vector<std::string> status_words() const {
        std::vector<std::string> words;
        for (const auto& event : statuses) words.emplace_back(to_string(event.status));
        return words;
    }

    void take(Actions actions) {
        for (const auto& action : actions) {
            std::visit([this](const auto& one) { note(one); }, action);
        }
    }

private:
    static model::DatabaseConnection initial() {
        model::DatabaseConnection connection;
        connection.id = "c-1";
        return connection;
    }

    void note(const StartProbe& action) {
        probes.push_back(action);
        order.emplace_back("probe");
    }
    void note(const ArmTimer& action) { timer_at = action.at_ns; }
    void note(const PublishStatus& action) {
        order.emplace_back("status " + std::string(to_string(action.event.status)));
        EXPECT_LE(action.event.timestamp_us, now().wall_us);
        ASSERT_FALSE(snapshots.empty());
        EXPECT_EQ(snapshots.back().status, action.event.status);
        if (statuses.empty()) {
            EXPECT_EQ(action.event.status, model::ConnectionStatus::Connecting);
        } else {
            EXPECT_TRUE(model::may_become(statuses.back().status, action.event.status))
                << to_string(statuses.back().status) << " to " << to_string(action.event.status);
        }
        statuses.push_back(action.event);
    }
    void note(const PublishError& action) {
        order.emplace_back("error");
        EXPECT_TRUE(action.event.final_attempt.value_or(false));
        EXPECT_GE(action.event.attempt.value_or(0), 1);
        EXPECT_FALSE(action.event.resolution.value_or("").empty());
        errors.push_back(action.event);
    }
    void check(const model::HealthEvent& event) {
        EXPECT_LE(event.timestamp_us, now().wall_us);
        EXPECT_GE(event.latency_ms, 0);
        EXPECT_EQ(event.connection_id, "c-1");
        EXPECT_TRUE(event.healthy || !event.error.value_or("").empty());
    }
    void note(const PublishHealth& action) {
        order.emplace_back(action.event.healthy ? "healthy" : "unhealthy");
        check(action.event);
        healths.push_back(action.event);
    }
    void note(const PublishUpstream& action) {
        EXPECT_EQ(action.snapshot.usable,
                  action.snapshot.status == model::ConnectionStatus::Connected);
        snapshots.push_back(action.snapshot);
    }
    void note(const FlushQueued&) {
        order.emplace_back("flush");
        if (auto_flush) take(machine.flush_done(now()));
    }
    void note(const AnswerHealth& action) {
        order.emplace_back("answer");
        check(action.event);
        health_answers.push_back(action.event);
    }
    void note(const AnswerReconnect& action) { reconnect_answers.push_back(action.outcome); }
    void note(const CloseConnection&) { ++closes; }
};

}  // namespace pgsidecar::health
