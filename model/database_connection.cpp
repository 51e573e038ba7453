#include "model/database_connection.hpp"

#include "base/clock.hpp"
#include "model/json_object.hpp"

namespace pgsidecar::model {

std::string_view to_string(ConnectionStatus status) {
    switch (status) {
        case ConnectionStatus::Connecting: return "connecting";
        case ConnectionStatus::Connected: return "connected";
        case ConnectionStatus::Disconnected: return "disconnected";
        case ConnectionStatus::Error: return "error";
    }
    return "error";
}

bool may_become(ConnectionStatus from, ConnectionStatus to) {
    using enum ConnectionStatus;
    switch (from) {
        case Connecting: return to == Connected || to == Error;
        case Connected: return to == Disconnected || to == Error;
        case Error:
        case Disconnected: return to == Connecting;
    }
    return false;
}

std::string to_json(const DatabaseConnection& connection) {
    JsonObject json;
    json.add("id", connection.id)
        .add("mode", to_string(connection.mode))
        .add("status", to_string(connection.status))
        .add("createdAt", base::to_iso8601(connection.created_at_us));
    if (connection.last_health_check_us) {
        json.add("lastHealthCheck", base::to_iso8601(*connection.last_health_check_us));
    }
    json.add("errorCount", connection.error_count).add("lastError", connection.last_error);
    return json.finish();
}

}  // namespace pgsidecar::model
