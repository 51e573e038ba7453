#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "realtime/command_gate.hpp"

namespace pgsidecar::realtime {

/// A database side that answers when the test says so.
class FakeCommands final : public DatabaseCommands {
public:
    void check_health(HealthDone done) override {
        if (health_at_once) return done(*health_at_once);
        health.push_back(std::move(done));
    }
    void reconnect(ReconnectDone done) override { reconnects.push_back(std::move(done)); }

    void answer_health(const model::HealthEvent& event) {
        for (auto& done : std::exchange(health, {})) done(event);
    }
    void answer_reconnect(const ReconnectOutcome& outcome) {
        for (auto& done : std::exchange(reconnects, {})) done(outcome);
    }

    std::optional<model::HealthEvent> health_at_once;
    std::vector<HealthDone> health;
    std::vector<ReconnectDone> reconnects;
};

}  // namespace pgsidecar::realtime
