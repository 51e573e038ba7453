#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "model/events.hpp"
#include "realtime/frames.hpp"
#include "realtime/hub.hpp"

namespace pgsidecar::realtime {

/// How a reconnection attempt ended.
struct ReconnectOutcome {
    bool connected = false;
    std::string message;  ///< for people
};

/// What the hub needs from the database side. Both return at once and answer exactly once, on the
/// hub's thread.
class DatabaseCommands {
public:
    using HealthDone = std::function<void(const model::HealthEvent&)>;
    using ReconnectDone = std::function<void(const ReconnectOutcome&)>;

    virtual ~DatabaseCommands() = default;
    virtual void check_health(HealthDone done) = 0;
    virtual void reconnect(ReconnectDone done) = 0;
};

/// Joins what clients ask at the same time: one health check for all who wait, at most one
/// reconnection attempt per 5 s for the whole sidecar (contract 5.3). Thread: the hub's.
class CommandGate {
public:
    CommandGate(Hub& hub, DatabaseCommands& commands) : hub_(hub), commands_(commands) {}

    /// Starts a check, or waits for the one under way. The hub remembers the result first.
    void check_health(DatabaseCommands::HealthDone done);
    /// A refusal (ALREADY_CONNECTED, RATE_LIMITED), or nothing and later done.
    std::optional<RequestError> reconnect(std::int64_t mono_ns,
                                          DatabaseCommands::ReconnectDone done);

private:
    Hub& hub_;
    DatabaseCommands& commands_;
    std::vector<DatabaseCommands::HealthDone> health_waiters_;
    std::vector<DatabaseCommands::ReconnectDone> reconnect_waiters_;
    std::optional<std::int64_t> reconnect_started_ns_;
};

}  // namespace pgsidecar::realtime
