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
        {.key = "listen.max_user_clients",
         .field = field<&Settings::listen, &Listen::max_user_clients>(),
         .max = 1'000'000,
         .summary = "How many clients of one user may be connected; further ones get error 53300; "
                    "0 for no limit."},
        {.key = "listen.max_database_clients",
         .field = field<&Settings::listen, &Listen::max_database_clients>(),
         .max = 1'000'000,
         .summary = "How many clients of one database may be connected; further ones get error "
                    "53300; 0 for no limit."},
        {.key = "listen.reuse_port",
         .field = field<&Settings::listen, &Listen::reuse_port>(),
         .summary = "Whether several processes may listen on the port (SO_REUSEPORT), which share "
                    "the clients that come."},
        {.key = "listen.keepalive_idle_s",
         .field = field<&Settings::listen, &Listen::keepalive_idle_s>(),
         .max = 86'400,
         .unit = "s",
         .summary = "After how long without traffic the kernel asks whether a client is still "
                    "there; 0 for never."},
        {.key = "listen.keepalive_interval_s",
         .field = field<&Settings::listen, &Listen::keepalive_interval_s>(),
         .min = 1,
         .max = 3'600,
         .unit = "s",
         .summary = "How long the kernel waits for a client's answer before it asks again."},
        {.key = "listen.keepalive_count",
         .field = field<&Settings::listen, &Listen::keepalive_count>(),
         .min = 1,
         .max = 100,
         .summary = "How many questions without an answer end a client's connection."},
        {.key = "listen.tcp_user_timeout_ms",
         .field = field<&Settings::listen, &Listen::tcp_user_timeout_ms>(),
         .max = kDayMs,
         .unit = "ms",
         .summary = "How long bytes for a client may stay unacknowledged or untaken before its "
                    "connection ends; 0 for the system's limit."},
    };
}

std::vector<Setting> server_limits() {
    using Pool = Settings::Pool;
    return {
        {.key = "pool.min_size",
         .field = field<&Settings::pool, &Pool::min_size>(),
         .max = model::kMaxPoolSize,
         .summary = "How many connections of a pool stay open without work, once it was used."},
        {.key = "pool.reserve_size",
         .field = field<&Settings::pool, &Pool::reserve_size>(),
         .max = model::kMaxPoolSize,
         .summary = "How many connections a pool may open beyond pool.size for clients that have "
                    "waited pool.reserve_timeout_ms."},
        {.key = "pool.reserve_timeout_ms",
         .field = field<&Settings::pool, &Pool::reserve_timeout_ms>(),
         .min = 1,
         .max = kDayMs,
         .unit = "ms",
         .summary = "How long a client waits before a connection of the reserve is opened; after "
                    "as long without work that is closed again."},
        {.key = "pool.max_database_connections",
         .field = field<&Settings::pool, &Pool::max_database_connections>(),
         .max = 100'000,
         .summary = "How many connections the pools of one database may have together; 0 for no "
                    "limit. Where it is reached, idle ones of other pools are closed."},
        {.key = "pool.max_user_connections",
         .field = field<&Settings::pool, &Pool::max_user_connections>(),
         .max = 100'000,
         .summary = "How many connections the pools of one user may have together; 0 for no "
                    "limit. Where it is reached, idle ones of other pools are closed."},
        {.key = "pool.cancel_timeout_ms",
         .field = field<&Settings::pool, &Pool::cancel_timeout_ms>(),
         .min = 1,
         .max = 600'000,
         .unit = "ms",
         .summary = "How long a cancel request may take; then its connection is not used again, "
                    "and a statement over limits.query_timeout_ms loses its session."},
        {.key = "pool.keepalive_idle_s",
         .field = field<&Settings::pool, &Pool::keepalive_idle_s>(),
         .max = 86'400,
         .unit = "s",
         .summary = "After how long without traffic the kernel asks whether the database is still "
                    "there; 0 for never."},
        {.key = "pool.keepalive_interval_s",
         .field = field<&Settings::pool, &Pool::keepalive_interval_s>(),
         .min = 1,
         .max = 3'600,
         .unit = "s",
         .summary = "How long the kernel waits for the database's answer before it asks again."},
        {.key = "pool.keepalive_count",
         .field = field<&Settings::pool, &Pool::keepalive_count>(),
         .min = 1,
         .max = 100,
         .summary = "How many questions without an answer end a database connection."},
        {.key = "pool.tcp_user_timeout_ms",
         .field = field<&Settings::pool, &Pool::tcp_user_timeout_ms>(),
         .max = kDayMs,
         .unit = "ms",
         .summary = "How long bytes for the database may stay unacknowledged or untaken before the "
                    "connection ends; 0 for the system's limit. It must be longer than a statement "
                    "may run while more is sent."},
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
         .summary =
             "When a client gives its database connection back: at the end of each transaction, "
             "unless it has something there that cannot be carried (auto) or whatever it "
             "has there (transaction); of each statement; of its session."},
        {.key = "pool.max_prepared_statements",
         .field = field<&Settings::pool, &Pool::max_prepared_statements>(),
         .min = 1,
         .max = 100'000,
         .summary = "How many named prepared statements a database connection keeps; the one not "
                    "used for longest goes first."},
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
         .summary = "After how long a database connection is replaced as soon as it is free; up to "
                    "a tenth earlier, so that not all end at once."},
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
        {.key = "auth.query",
         .field = field<&Settings::auth, &Auth::query>(),
         .summary = "The statement that finds users who are not in auth.user_file: two columns, "
                    "name and secret, for the name $1, such as SELECT usename, passwd FROM "
                    "pg_catalog.pg_shadow WHERE usename = $1; empty for none."},
        {.key = "auth.query_user",
         .field = field<&Settings::auth, &Auth::query_user>(),
         .summary = "Who runs auth.query; a user whose password auth.user_file has, empty for the "
                    "user of the database's address."},
        {.key = "auth.query_cache_ms",
         .field = field<&Settings::auth, &Auth::query_cache_ms>(),
         .max = kDayMs,
         .unit = "ms",
         .summary = "How long a user that auth.query found is not asked for again; while the "
                    "database is away, longer."},
        {.key = "auth.query_negative_cache_ms",
         .field = field<&Settings::auth, &Auth::query_negative_cache_ms>(),
         .max = kDayMs,
         .unit = "ms",
         .summary = "The same for a user that auth.query did not find, or whose password was "
                    "wrong."},
        {.key = "auth.query_cache_entries",
         .field = field<&Settings::auth, &Auth::query_cache_entries>(),
         .min = 1,
         .max = 1'000'000,
         .summary = "How many answers of auth.query each worker keeps; those that found nobody go "
                    "first."},
        {.key = "auth.query_timeout_ms",
         .field = field<&Settings::auth, &Auth::query_timeout_ms>(),
         .min = 1,
         .max = 600'000,
         .unit = "ms",
         .summary = "How long connecting for auth.query, and each run of it, may take."},
        {.key = "auth.query_max_in_flight",
         .field = field<&Settings::auth, &Auth::query_max_in_flight>(),
         .min = 1,
         .max = 1'000,
         .summary = "How many users each worker looks up at a time; further logins wait."},
        {.key = "auth.failure_delay_ms",
         .field = field<&Settings::auth, &Auth::failure_delay_ms>(),
         .max = 60'000,
         .unit = "ms",
         .summary = "A login that fails is told so this long after it began, or a multiple of it, "
                    "so that the time tells nothing."},
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
         // Without a Sync the server keeps up to 8 kB of answers back: 1,638 of the shortest.
         .min = 4'000,
         .max = 10'000'000,
         .reloadable = true,
         .summary =
             "How many messages a client may have unanswered before it is not read any more."},
    };
}

std::vector<Setting> session_timeouts() {
    using Limits = Settings::Limits;
    return {
        {.key = "limits.query_timeout_ms",
         .field = field<&Settings::limits, &Limits::query_timeout_ms>(),
         .max = 7 * kDayMs,
         .unit = "ms",
         .summary = "How long a statement may run; then it is canceled and its client gets error "
                    "57014, and pool.cancel_timeout_ms later its session ends. 0 for no limit."},
        {.key = "limits.idle_in_transaction_timeout_ms",
         .field = field<&Settings::limits, &Limits::idle_in_transaction_timeout_ms>(),
         .max = 7 * kDayMs,
         .unit = "ms",
         .summary = "How long a client may leave a transaction open without a statement; then its "
                    "session ends with error 25P03. 0 for no limit."},
        {.key = "limits.transaction_timeout_ms",
         .field = field<&Settings::limits, &Limits::transaction_timeout_ms>(),
         .max = 7 * kDayMs,
         .unit = "ms",
         .summary = "How long a transaction may take in all; then its session ends with error "
                    "25P04. 0 for no limit."},
        {.key = "limits.client_idle_timeout_ms",
         .field = field<&Settings::limits, &Limits::client_idle_timeout_ms>(),
         .max = 7 * kDayMs,
         .unit = "ms",
         .summary = "How long a client may stay connected outside a transaction without a "
                    "statement; then its session ends with error 57P05. 0 for no limit."},
    };
}

std::vector<Setting> upgrade_settings() {
    using Upgrade = Settings::Upgrade;
    return {
        {.key = "upgrade.socket",
         .field = field<&Settings::upgrade, &Upgrade::socket>(),
         .summary = "The path of the Unix socket at which a new process, started with --takeover, "
                    "gets this one's listening sockets; empty for none."},
        {.key = "upgrade.timeout_ms",
         .field = field<&Settings::upgrade, &Upgrade::timeout_ms>(),
         .min = 100,
         .max = 600'000,
         .unit = "ms",
         .summary = "How long the other process may take over a step of the takeover."},
        {.key = "upgrade.client_wait_ms",
         .field = field<&Settings::upgrade, &Upgrade::client_wait_ms>(),
         .max = kDayMs,
         .unit = "ms",
         .summary = "How long the old process lets its clients go on after a takeover; then it "
                    "stops as on SIGTERM."},
        {.key = "upgrade.max_kept_bytes",
         .field = field<&Settings::upgrade, &Upgrade::max_kept_bytes>(),
         .min = kMebibyte,
         .max = 1'024 * kMebibyte,
         .unit = "bytes",
         .summary = "How many bytes of records the new process keeps in memory while the old one "
                    "still has the spool."},
    };
}

}  // namespace

std::vector<Setting> proxy_settings() {
    std::vector<Setting> all;
    for (auto part :
         {listen_settings(), pool_settings(), server_limits(), auth_settings(), admin_settings(),
          limits_settings(), session_timeouts(), upgrade_settings()}) {
        all.insert(all.end(), part.begin(), part.end());
    }
    return all;
}

}  // namespace pgsidecar::config::table
