#include "realtime/command_gate.hpp"

#include <utility>

namespace pgsidecar::realtime {
namespace {

constexpr std::int64_t kReconnectSpacingNs = 5'000'000'000;  // contract 5.3

}  // namespace

void CommandGate::check_health(DatabaseCommands::HealthDone done) {
    health_waiters_.push_back(std::move(done));
    if (health_waiters_.size() > 1) return;
    commands_.check_health([this](const model::HealthEvent& event) {
        hub_.remember_health(event);
        for (auto& waiter : std::exchange(health_waiters_, {})) waiter(event);
    });
}

std::optional<RequestError> CommandGate::reconnect(std::int64_t mono_ns,
                                                   DatabaseCommands::ReconnectDone done) {
    if (hub_.connected()) {
        return RequestError{"ALREADY_CONNECTED", "The database is connected; nothing was done.",
                            std::nullopt};
    }
    if (!reconnect_waiters_.empty()) {
        reconnect_waiters_.push_back(std::move(done));
        return std::nullopt;
    }
    if (reconnect_started_ns_ && mono_ns - *reconnect_started_ns_ < kReconnectSpacingNs) {
        std::int64_t wait_ns = kReconnectSpacingNs - (mono_ns - *reconnect_started_ns_);
        return RequestError{"RATE_LIMITED",
                            "The last attempt was less than 5 s ago; try again a little later.",
                            (wait_ns + 999'999) / 1'000'000};
    }
    reconnect_started_ns_ = mono_ns;
    reconnect_waiters_.push_back(std::move(done));
    commands_.reconnect([this](const ReconnectOutcome& outcome) {
        for (auto& waiter : std::exchange(reconnect_waiters_, {})) waiter(outcome);
    });
    return std::nullopt;
}

}  // namespace pgsidecar::realtime
