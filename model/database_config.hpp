#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pgsidecar::model {

/// R32. `mock`: there is no database; every statement succeeds and nothing is stored (R29-R31).
enum class DatabaseMode : std::uint8_t { Supabase, Local, Mock };

/// What people are told in mode mock (R31, contract 5.2).
inline constexpr std::string_view kMockModeWarning =
    "Mock mode is active: writes succeed but nothing is stored.";

inline constexpr int kMinPoolSize = 1, kMaxPoolSize = 100;               ///< R42
inline constexpr int kMinHealthCheckIntervalMs = 5'000;                  ///< R43
inline constexpr int kMinRetries = 0, kMaxRetries = 10;                  ///< R44
inline constexpr int kMinRetryDelayMs = 100, kMaxRetryDelayMs = 10'000;  ///< R45

std::string_view to_string(DatabaseMode mode);
std::optional<DatabaseMode> database_mode_from(std::string_view text);

/// What is needed to reach the database (R32-R39). One config makes exactly one connection (R71).
struct DatabaseConfig {
    DatabaseMode mode = DatabaseMode::Local;
    std::optional<std::string> supabase_url;
    std::optional<std::string> supabase_key;  ///< secret
    std::optional<std::string> database_url;  ///< secret: may hold a password
    int pool_size = 10;
    int health_check_interval_ms = 30'000;
    int max_retries = 3;
    int retry_delay_ms = 1'000;
};

/// Every broken rule of R40-R45 and K20, one sentence each; empty when valid.
std::vector<std::string> validate(const DatabaseConfig& config);

/// The connection string without its password, and nothing else of it where that cannot be told
/// apart.
std::string masked_url(std::string_view url);

/// JSON with the seeds' names (mode, supabaseUrl, ...); secrets masked.
std::string to_json(const DatabaseConfig& config);

}  // namespace pgsidecar::model
