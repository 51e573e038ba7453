#include "model/database_config.hpp"

#include <algorithm>

#include "model/json_object.hpp"

namespace pgsidecar::model {
namespace {

constexpr std::string_view kMask = "***";

bool is_missing(const std::optional<std::string>& text) { return text.value_or("").empty(); }

void check_bounds(std::vector<std::string>& broken, std::string_view name, int value, int min,
                  int max) {
    if (value >= min && value <= max) return;
    broken.push_back(std::string(name) + " must be between " + std::to_string(min) + " and " +
                     std::to_string(max) + ", but is " + std::to_string(value) +
                     "; choose a value inside these bounds.");
}

void check_addresses(std::vector<std::string>& broken, const DatabaseConfig& config) {
    if (config.mode == DatabaseMode::Local && is_missing(config.database_url)) {
        broken.emplace_back(
            "mode local needs databaseUrl; set database_url to the server's address, for example "
            "postgres://user:password@127.0.0.1:5432/app.");
    }
    if (config.mode != DatabaseMode::Supabase) return;
    if (is_missing(config.supabase_url)) {
        broken.emplace_back(
            "mode supabase needs supabaseUrl; set supabase.url to the project's address, for "
            "example "
            "https://abcdefgh.supabase.co.");
    }
    if (is_missing(config.supabase_key)) {
        broken.emplace_back(
            "mode supabase needs supabaseKey; set supabase.key to the project's anonymous key.");
    }
    if (is_missing(config.database_url)) {
        broken.emplace_back(
            "mode supabase needs a PostgreSQL address beside the REST key; set database_url to the "
            "project's connection string, or supabase.db_password to the database's password.");
    }
}

/// Replaces the values of parameters that are secrets in "a=b&password=c".
std::string mask_parameters(std::string_view query) {
    std::string out;
    while (!query.empty()) {
        const auto end = query.find('&');
        const auto parameter = query.substr(0, end);
        const auto name = parameter.substr(0, parameter.find('='));
        if (!out.empty()) out += '&';
        if (name.find("password") != std::string_view::npos ||
            name.find('%') != std::string_view::npos) {
            out.append(name).append("=").append(kMask);
        } else {
            out += parameter;
        }
        query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
    }
    return out;
}

}  // namespace

std::string_view to_string(DatabaseMode mode) {
    switch (mode) {
        case DatabaseMode::Supabase: return "supabase";
        case DatabaseMode::Local: return "local";
        case DatabaseMode::Mock: return "mock";
    }
    return "local";
}

std::optional<DatabaseMode> database_mode_from(std::string_view text) {
    for (auto mode : {DatabaseMode::Supabase, DatabaseMode::Local, DatabaseMode::Mock}) {
        if (text == to_string(mode)) return mode;
    }
    return std::nullopt;
}

std::vector<std::string> validate(const DatabaseConfig& config) {
    std::vector<std::string> broken;
    check_addresses(broken, config);
    check_bounds(broken, "poolSize", config.pool_size, kMinPoolSize, kMaxPoolSize);
    if (config.health_check_interval_ms < kMinHealthCheckIntervalMs) {
        broken.push_back("healthCheckInterval must be at least " +
                         std::to_string(kMinHealthCheckIntervalMs) + " ms, but is " +
                         std::to_string(config.health_check_interval_ms) +
                         "; choose a longer interval.");
    }
    check_bounds(broken, "maxRetries", config.max_retries, kMinRetries, kMaxRetries);
    check_bounds(broken, "retryDelay", config.retry_delay_ms, kMinRetryDelayMs, kMaxRetryDelayMs);
    return broken;
}

std::string masked_url(std::string_view url) {
    const auto scheme = url.find("://");
    if (scheme == std::string_view::npos) return std::string(kMask);
    std::string out(url.substr(0, scheme + 3));
    std::string_view rest = url.substr(scheme + 3);
    // The last '@' ends the credentials even when a password holds '@', '/' or '?' unencoded.
    if (const auto at = rest.rfind('@'); at != std::string_view::npos) {
        const auto colon = rest.substr(0, at).find(':');
        out += rest.substr(0, std::min(colon, at));
        if (colon != std::string_view::npos) out.append(":").append(kMask);
        out += '@';
        rest.remove_prefix(at + 1);
    }
    const auto query = rest.find('?');
    out += rest.substr(0, query);
    if (query != std::string_view::npos) out += "?" + mask_parameters(rest.substr(query + 1));
    return out;
}

std::string to_json(const DatabaseConfig& config) {
    JsonObject json;
    json.add("mode", to_string(config.mode)).add("supabaseUrl", config.supabase_url);
    if (config.supabase_key) json.add("supabaseKey", kMask);
    if (config.database_url) json.add("databaseUrl", masked_url(*config.database_url));
    json.add("poolSize", config.pool_size)
        .add("healthCheckInterval", config.health_check_interval_ms)
        .add("maxRetries", config.max_retries)
        .add("retryDelay", config.retry_delay_ms);
    return json.finish();
}

}  // namespace pgsidecar::model
