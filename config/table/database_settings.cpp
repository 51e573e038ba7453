#include "config/table/field.hpp"

namespace pgsidecar::config::table {

using model::DatabaseConfig;

constexpr std::int64_t kDayMs = 86'400'000;

std::vector<Setting> database_settings() {
    return {
        {.key = "mode",
         .seed_name = "mode",
         .field = field<&Settings::database, &DatabaseConfig::mode>(),
         .summary =
             "Where the database is; when not given, supabase if supabase.url is set, else local. "
             "mock needs no database: every statement succeeds and nothing is stored."},
        {.key = "database_url",
         .seed_name = "databaseUrl",
         .field = field<&Settings::database, &DatabaseConfig::database_url>(),
         .secret = true,
         .summary =
             "The database's address, postgres://user:password@host:port/database?sslmode=..., or "
             "a libpq "
             "keyword string; DATABASE_URL and the PG* variables are used for what is not given."},
        {.key = "supabase.url",
         .seed_name = "supabaseUrl",
         .field = field<&Settings::database, &DatabaseConfig::supabase_url>(),
         .summary = "The Supabase project's address, https://REF.supabase.co; required in mode "
                    "supabase."},
        {.key = "supabase.key",
         .seed_name = "supabaseKey",
         .field = field<&Settings::database, &DatabaseConfig::supabase_key>(),
         .secret = true,
         .summary = "The Supabase project's anonymous key; required in mode supabase."},
        {.key = "supabase.db_password",
         .field = field<&Settings::supabase, &Settings::Supabase::db_password>(),
         .secret = true,
         .summary = "The password of the project's database user postgres; enough to reach "
                    "db.REF.supabase.co "
                    "when database_url is not given."},
        {.key = "max_retries",
         .seed_name = "maxRetries",
         .field = field<&Settings::database, &DatabaseConfig::max_retries>(),
         .min = model::kMinRetries,
         .max = model::kMaxRetries,
         .reloadable = true,
         .summary =
             "How many quick attempts follow a failed connection before the slow probe starts."},
        {.key = "retry_delay_ms",
         .seed_name = "retryDelay",
         .field = field<&Settings::database, &DatabaseConfig::retry_delay_ms>(),
         .min = model::kMinRetryDelayMs,
         .max = model::kMaxRetryDelayMs,
         .unit = "ms",
         .reloadable = true,
         .summary = "The wait before the first retry; doubled for each further one, at most 10 s."},
        {.key = "health.check_interval_ms",
         .seed_name = "healthCheckInterval",
         .field = field<&Settings::database, &DatabaseConfig::health_check_interval_ms>(),
         .min = model::kMinHealthCheckIntervalMs,
         .max = kDayMs,
         .unit = "ms",
         .reloadable = true,
         .summary = "The time between two health checks."},
        {.key = "health.timeout_ms",
         .field = field<&Settings::health, &Settings::Health::timeout_ms>(),
         .min = 1,
         .max = 600'000,
         .unit = "ms",
         .reloadable = true,
         .summary = "How long a health check may take before it counts as failed."},
        {.key = "health.first_timeout_ms",
         .field = field<&Settings::health, &Settings::Health::first_timeout_ms>(),
         .min = 1,
         .max = 600'000,
         .unit = "ms",
         .reloadable = true,
         .summary = "How long a new WebSocket client waits for the very first health result."},
        {.key = "health.reconnect_slow_interval_ms",
         .field = field<&Settings::health, &Settings::Health::reconnect_slow_interval_ms>(),
         .max = kDayMs,
         .unit = "ms",
         .reloadable = true,
         .summary = "The time between two attempts after the quick retries; 0 waits for "
                    "database:reconnect."},
        {.key = "health.readiness",
         .field = field<&Settings::health, &Settings::Health::readiness>(),
         .reloadable = true,
         .summary = "What /readyz means: accepting, the sidecar takes clients; upstream, the "
                    "database answers too."},
    };
}

}  // namespace pgsidecar::config::table
