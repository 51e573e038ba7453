#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "model/database_config.hpp"

namespace pgsidecar::model {

enum class ConnectionStatus : std::uint8_t { Connecting, Connected, Disconnected, Error };

std::string_view to_string(ConnectionStatus status);

/// True for the six transitions of R51-R56 and no other.
bool may_become(ConnectionStatus from, ConnectionStatus to);

/// The state of the one connection that a config makes (R46-R50). Times are microseconds since
/// 1970.
struct DatabaseConnection {
    std::string id;
    DatabaseMode mode = DatabaseMode::Local;
    ConnectionStatus status = ConnectionStatus::Connecting;
    std::int64_t created_at_us = 0;
    std::optional<std::int64_t> last_health_check_us;
    int error_count = 0;
    std::optional<std::string> last_error;
};

std::string to_json(const DatabaseConnection& connection);

}  // namespace pgsidecar::model
