#pragma once

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "health/upstream_snapshot.hpp"
#include "model/error_text.hpp"
#include "model/events.hpp"

namespace pgsidecar::health {

/// How a database:reconnect ended (contract 5.3).
struct ReconnectOutcome {
    enum class Kind : std::uint8_t { Connected, AlreadyConnected, Failed };
    Kind kind = Kind::Failed;
    model::ErrorInfo error;           ///< Failed only
    std::int64_t retry_after_ms = 0;  ///< Failed only: sooner requests get this same answer
};

/// Check the database and report with this id. An earlier probe still running is to be abandoned.
struct StartProbe {
    std::uint64_t id = 0;
    std::int64_t timeout_ns = 0;
    bool fresh =
        false;  ///< over a new connection, because what is in doubt is whether one can be made
};
/// Call timer() at this reading of the steady clock, instead of any earlier one; none: never.
struct ArmTimer {
    std::optional<std::int64_t> at_ns;
};
struct PublishStatus {
    model::StatusEvent event;
};
struct PublishError {
    model::ErrorEvent event;
};
struct PublishHealth {
    model::HealthEvent event;
};
struct PublishUpstream {
    UpstreamSnapshot snapshot;
};
/// Apply what was queued during the outage, then call flush_done() (R21).
struct FlushQueued {};
/// To everybody whose health request is open.
struct AnswerHealth {
    model::HealthEvent event;
};
/// To everybody whose reconnect request is open.
struct AnswerReconnect {
    ReconnectOutcome outcome;
};
/// Abandon the probe and close our connection.
struct CloseConnection {};

using Action =
    std::variant<StartProbe, ArmTimer, PublishStatus, PublishError, PublishHealth, PublishUpstream,
                 FlushQueued, AnswerHealth, AnswerReconnect, CloseConnection>;
/// To be carried out in order.
using Actions = std::vector<Action>;

}  // namespace pgsidecar::health
