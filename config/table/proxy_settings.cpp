#include "config/table/field.hpp"

namespace pgsidecar::config::table {
namespace {

constexpr std::int64_t kDayMs = 86'400'000;
constexpr std::int64_t kMebibyte = 1'048'576;

std::vector<Setting> listen_settings() {
    using Listen = Settings::Listen;
    return {
        {.key = "listen.address",
         .field = field<&Settings::listen, &Listen::address>(),
         .summary =
             "The IP address that PostgreSQL clients connect to; empty for no TCP listener."},
        {.key = "listen.port",
         .field = field<&Settings::listen, &Listen::port>(),
         .max = 65'535,
         .summary = "The port that PostgreSQL clients connect to; 0 lets the system choose and "
                    "prints it."},
        {.key = "listen.unix_socket_dir",
         .field = field<&Settings::listen, &Listen::unix_socket_dir>(),
         .summary = "The folder of the Unix socket .s.PGSQL.<port>; empty for none."},
        {.key = "listen.backlog",
         .field = field<&Settings::listen, &Listen::backlog>(),
         .min = 1,
         .max = 65'535,
         .summary = "How many connections the kernel may keep waiting to be accepted."},
        {.key = "listen.max_clients",
         .field = field<&Settings::listen, &Listen::max_clients>(),
         .min = 1,
         .max = 1'000'000,
         .reloadable = true,
         .summary = "How many clients may be connected; further ones get error 53300."},
    };
}

std::vector<Setting> pool_settings() {
    using Pool = Settings::Pool;
    return {
        {.key = "pool.size",
         .seed_name = "poolSize",
         .field = field<&Settings::database, &model::DatabaseConfig::pool_size>(),
         .min = model::kMinPoolSize,
         .max = model::kMaxPoolSize,
         .reloadable = true,
         .summary = "How many connections to the database are shared."},
        {.key = "pool.mode",
         .field = field<&Settings::pool, &Pool::mode>(),
         .summary = "When a client gives its database connection back: at the end of its session "
                    "or of each "
                    "transaction."},
        {.key = "pool.wait_timeout_ms",
         .field = field<&Settings::pool, &Pool::wait_timeout_ms>(),
         .min = 1,
         .max = kDayMs,
         .unit = "ms",
         .reloadable = true,
         .summary =
             "How long a client waits for a free database connection before it gets an error."},
        {.key = "pool.connect_timeout_ms",
         .field = field<&Settings::pool, &Pool::connect_timeout_ms>(),
         .min = 1,
         .max = 600'000,
         .unit = "ms",
         .reloadable = true,
         .summary = "How long connecting and logging in to the database may take."},
        {.key = "pool.server_idle_timeout_ms",
         .field = field<&Settings::pool, &Pool::server_idle_timeout_ms>(),
         .min = 1,
         .max = kDayMs,
         .unit = "ms",
         .reloadable = true,
         .summary = "After how long without work a database connection is closed."},
        {.key = "pool.server_lifetime_ms",
         .field = field<&Settings::pool, &Pool::server_lifetime_ms>(),
         .min = 1,
         .max = 7 * kDayMs,
         .unit = "ms",
         .reloadable = true,
         .summary = "After how long a database connection is replaced as soon as it is free."},
    };
}

std::vector<Setting> auth_settings() {
    using Auth = Settings::Auth;
    return {
        {.key = "auth.mode",
         .field = field<&Settings::auth, &Auth::mode>(),
         .summary = "managed: the sidecar logs clients in itself and shares connections; "
                    "pass-through: the "
                    "client's own credentials reach the database, one connection per client."},
        {.key = "auth.method",
         .field = field<&Settings::auth, &Auth::method>(),
         .reloadable = true,
         .summary = "How clients prove themselves in auth.mode managed; trust is for loopback and "
                    "Unix sockets "
                    "only."},
        {.key = "auth.user_file",
         .field = field<&Settings::auth, &Auth::user_file>(),
         .reloadable = true,
         .summary = "The file of the clients' users, \"user\" \"password, md5 hash or SCRAM "
                    "secret\" a line; "
                    "needed by auth.method md5 and scram-sha-256."},
        {.key = "auth.login_timeout_ms",
         .field = field<&Settings::auth, &Auth::login_timeout_ms>(),
         .min = 1,
         .max = 600'000,
         .unit = "ms",
         .reloadable = true,
         .summary = "How long a client may take to log in."},
        {.key = "auth.scram_iterations",
         .field = field<&Settings::auth, &Auth::scram_iterations>(),
         .min = 4'096,
         .max = 1'000'000,
         .summary = "The SCRAM iterations asked of clients whose password is kept in plain text."},
        {.key = "auth.max_scram_iterations",
         .field = field<&Settings::auth, &Auth::max_scram_iterations>(),
         .min = 4'096,
         .max = 10'000'000,
         .reloadable = true,
         .summary = "The SCRAM iterations a database may ask for before the login is refused."},
    };
}

std::vector<Setting> admin_settings() {
    using Admin = Settings::Admin;
    return {
        {.key = "admin.database",
         .field = field<&Settings::admin, &Admin::database>(),
         .reloadable = true,
         .summary = "The name of the database that is the admin console; empty for no console."},
        {.key = "admin.users",
         .field = field<&Settings::admin, &Admin::users>(),
         .reloadable = true,
         .summary = "Who may use every command of the admin console, separated by commas; empty "
                    "for the user of database_url, from this machine only."},
        {.key = "admin.stats_users",
         .field = field<&Settings::admin, &Admin::stats_users>(),
         .reloadable = true,
         .summary = "Who may use SHOW on the admin console and nothing else, separated by commas."},
        {.key = "admin.pause_wait_ms",
         .field = field<&Settings::admin, &Admin::pause_wait_ms>(),
         .max = kDayMs,
         .unit = "ms",
         .reloadable = true,
         .summary = "How long PAUSE waits for running transactions before it is taken back; 0 for "
                    "no limit."},
        {.key = "admin.max_rows",
         .field = field<&Settings::admin, &Admin::max_rows>(),
         .min = 1,
         .max = 1'000'000,
         .reloadable = true,
         .summary = "How many rows a SHOW of the admin console may have; a NOTICE tells when there "
                    "are more."},
    };
}

std::vector<Setting> limits_settings() {
    using Limits = Settings::Limits;
    return {
        {.key = "limits.max_startup_bytes",
         .field = field<&Settings::limits, &Limits::max_startup_bytes>(),
         .min = 512,
         .max = kMebibyte,
         .unit = "bytes",
         .reloadable = true,
         .summary = "The longest start-up packet taken from a client."},
        {.key = "limits.max_prelogin_message_bytes",
         .field = field<&Settings::limits, &Limits::max_prelogin_message_bytes>(),
         .min = 1'024,
         .max = 16 * kMebibyte,
         .unit = "bytes",
         .reloadable = true,
         .summary = "The longest message taken from a client that has not logged in."},
        {.key = "limits.max_message_bytes",
         .field = field<&Settings::limits, &Limits::max_message_bytes>(),
         .min = 1'024,
         .max = 2'147'483'647,
         .unit = "bytes",
         .reloadable = true,
         .summary = "The longest message forwarded; messages are streamed, so memory does not grow "
                    "with it."},
        {.key = "limits.inspect_bytes",
         .field = field<&Settings::limits, &Limits::inspect_bytes>(),
         .min = 256,
         .max = 16 * kMebibyte,
         .unit = "bytes",
         .reloadable = true,
         .summary = "The longest statement text that is read; a longer one is forwarded and "
                    "recorded without its "
                    "text."},
        {.key = "limits.session_buffer_bytes",
         .field = field<&Settings::limits, &Limits::session_buffer_bytes>(),
         .min = 4'096,
         .max = 16 * kMebibyte,
         .unit = "bytes",
         .reloadable = true,
         .summary = "How much is kept per client and direction before the other side is not read "
                    "any more."},
        {.key = "limits.max_pipeline",
         .field = field<&Settings::limits, &Limits::max_pipeline>(),
         .min = 1,
         .max = 10'000'000,
         .reloadable = true,
         .summary =
             "How many messages a client may have unanswered before it is not read any more."},
    };
}

}  // namespace

std::vector<Setting> proxy_settings() {
    std::vector<Setting> all;
    for (auto part : {listen_settings(), pool_settings(), auth_settings(), admin_settings(),
                      limits_settings()}) {
        all.insert(all.end(), part.begin(), part.end());
    }
    return all;
}

}  // namespace pgsidecar::config::table
