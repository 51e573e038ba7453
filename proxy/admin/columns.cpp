#include <array>

#include "proxy/admin/command.hpp"

namespace pgsidecar::proxy::admin {
namespace {

// Names are PgBouncer's where they mean the same (its manual, "Admin console").

constexpr Column kPools[] = {
    {"database"},
    {"user"},
    {"cl_active", true},
    {"cl_waiting", true},
    {"sv_active", true},
    {"sv_idle", true},
    {"sv_login", true},
    {"maxwait", true},
    {"maxwait_us", true},
    {"pool_mode"},
    {"pool_size", true},
    {"paused", true},
    {"state"},
};
constexpr Column kClients[] = {
    {"type"},
    {"user"},
    {"database"},
    {"state"},
    {"addr"},
    {"port", true},
    {"connect_time"},
    {"wait", true},
    {"wait_us", true},
    {"link", true},
    {"tls"},
    {"application_name"},
    {"prepared_statements", true},
    {"id", true},
    {"worker", true},
};
constexpr Column kServers[] = {
    {"type"},       {"user"},         {"database"},           {"state"},      {"addr"},
    {"port", true}, {"connect_time"}, {"close_needed", true}, {"link", true}, {"remote_pid", true},
    {"tls"},        {"worker", true},
};
constexpr Column kStats[] = {
    {"database"},
    {"total_xact_count", true},
    {"total_query_count", true},
    {"total_received", true},
    {"total_sent", true},
    {"total_query_time", true},
    {"total_wait_time", true},
    {"total_errors", true},
    {"total_queued", true},
    {"total_refused", true},
    {"clients", true},
    {"servers", true},
};
constexpr Column kDatabases[] = {
    {"name"},
    {"host"},
    {"port", true},
    {"database"},
    {"pool_size", true},
    {"pool_mode"},
    {"current_connections", true},
    {"current_client_connections", true},
    {"paused", true},
    {"status"},
};
constexpr Column kConfig[] = {{"key"}, {"value"}, {"default"}, {"changeable"}, {"source"}};
constexpr Column kVersion[] = {{"version"}};
constexpr Column kPrepared[] = {{"client", true}, {"user"}, {"database"}, {"name"}, {"statement"}};
constexpr Column kPins[] = {
    {"client", true}, {"user"}, {"database"}, {"application_name"}, {"link", true}, {"reason"},
};
constexpr Column kOperations[] = {
    {"time"},    {"service"},           {"user"},          {"database"},   {"type"},
    {"table"},   {"duration_us", true}, {"wait_us", true}, {"rows", true}, {"affected_rows", true},
    {"outcome"}, {"sqlstate"},          {"error"},         {"statement"},  {"id"},
};
constexpr Column kQueue[] = {
    {"waiting", true},
    {"bytes", true},
    {"oldest_age_ms", true},
    {"dead_letters", true},
    {"applied_total", true},
    {"flushing", true},
    {"flush_rate", true},
    {"records_waiting", true},
    {"record_bytes", true},
    {"blocked"},
    {"problem"},
};
constexpr Column kHelp[] = {{"command"}, {"meaning"}, {"needs"}};
constexpr Column kOne[] = {{"?column?", true}};
constexpr Column kParameter[] = {{"setting"}};

constexpr HelpLine kHelpLines[] = {
    {"SHOW POOLS", "server connections and clients by database and user", false},
    {"SHOW CLIENTS", "every client connection, with the id that KILL takes", false},
    {"SHOW SERVERS", "every connection to the database", false},
    {"SHOW STATS", "totals since the start", false},
    {"SHOW DATABASES", "the databases that clients use", false},
    {"SHOW CONFIG", "every setting, its value and where it came from", false},
    {"SHOW VERSION", "the version of the sidecar", false},
    {"SHOW PREPARED", "the clients' named prepared statements, without literals", false},
    {"SHOW PINS", "the clients that keep a server connection, and why", false},
    {"SHOW OPERATIONS", "the latest operations, without literals", false},
    {"SHOW QUEUE", "writes that wait for the database", false},
    {"SHOW HELP", "this list", false},
    {"PAUSE [database]", "closes server connections as they become free, returns when none is left",
     true},
    {"RESUME [database]", "ends PAUSE", true},
    {"RECONNECT [database]", "replaces server connections as they become free", true},
    {"KILL client", "ends one client", true},
    {"RELOAD", "reads the configuration again", true},
};

}  // namespace

std::span<const HelpLine> help() { return kHelpLines; }

std::span<const Column> columns_of(const Command& command) {
    if (command.verb == Verb::SelectOne) return kOne;
    if (command.verb == Verb::Parameter) return kParameter;
    if (command.verb != Verb::Show) return {};
    switch (command.subject) {
        case Subject::Pools: return kPools;
        case Subject::Clients: return kClients;
        case Subject::Servers: return kServers;
        case Subject::Stats: return kStats;
        case Subject::Databases: return kDatabases;
        case Subject::Config: return kConfig;
        case Subject::Version: return kVersion;
        case Subject::Prepared: return kPrepared;
        case Subject::Pins: return kPins;
        case Subject::Operations: return kOperations;
        case Subject::Queue: return kQueue;
        case Subject::Help: return kHelp;
    }
    return {};
}

}  // namespace pgsidecar::proxy::admin
