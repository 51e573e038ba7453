#include "ws/backend_commands.hpp"

#include <string>
#include <utility>

#include "base/clock.hpp"

namespace pgsidecar::ws {

void BackendCommands::check_health(HealthDone done) {
    auto give_up = [this] {
        model::DatabaseConnection connection = backend_.connection();
        model::HealthEvent event;
        event.latency_ms = static_cast<double>(patience_.health.count());
        event.mode = connection.mode;
        event.connection_id = connection.id;
        event.timestamp_us = base::read_clocks().wall_us;
        event.error =
            "Database operation timed out after " + std::to_string(patience_.health.count()) + "ms";
        return event;
    };
    backend_.request_health(
        awaited_.expect<model::HealthEvent>(patience_.health, std::move(done), std::move(give_up)));
}

void BackendCommands::reconnect(ReconnectDone done) {
    auto give_up = [this] {
        return realtime::ReconnectOutcome{false, "The attempt has not ended within " +
                                                     std::to_string(patience_.reconnect.count()) +
                                                     "ms; watch database:status."};
    };
    backend_.request_reconnect(awaited_.expect<realtime::ReconnectOutcome>(
        patience_.reconnect, std::move(done), std::move(give_up)));
}

}  // namespace pgsidecar::ws
