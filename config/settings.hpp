#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "model/database_config.hpp"

namespace pgsidecar::config {

enum class PoolMode : std::uint8_t { Auto, Session, Transaction, Statement };
/// "auto", "session", ...
std::string_view to_string(PoolMode mode);
enum class AuthMode : std::uint8_t { Managed, PassThrough };
enum class AuthMethod : std::uint8_t { Trust, Md5, ScramSha256 };
enum class LogLevel : std::uint8_t { Trace, Debug, Info, Warn, Error };
enum class LogFormat : std::uint8_t { Auto, Text, Json };
enum class Toggle : std::uint8_t { Off, On };
enum class AuditLevel : std::uint8_t { Off, Writes, All };
enum class AuditDurability : std::uint8_t { Batch, Strict };
enum class ReadinessPolicy : std::uint8_t { Accepting, Upstream };
/// libpq's sslmode words, weakest first.
enum class SslMode : std::uint8_t { Disable, Allow, Prefer, Require, VerifyCa, VerifyFull };
enum class TlsVersion : std::uint8_t { Tls12, Tls13 };
enum class ChangeSource : std::uint8_t { Auto, Notify, Poll, Proxy, Off };

/// Every setting of the process, already validated. Defaults are the initialisers here; names,
/// bounds and sentences are declared once, in config/table/. Names end in their unit. Immutable
/// after start; handed to all threads as a shared_ptr<const Settings>.
struct Settings {
    model::DatabaseConfig
        database;  ///< mode, databaseUrl, supabaseUrl, supabaseKey, poolSize, ... (R32-R45)

    struct Supabase {
        std::string
            db_password;  ///< secret; enough to derive the database's address from supabaseUrl
    } supabase;

    struct Listen {
        std::string address = "127.0.0.1";  ///< empty: no TCP listener
        int port = 6432;                    ///< 0: the system chooses, printed at start
        std::string unix_socket_dir;        ///< empty: none; else socket DIR/.s.PGSQL.PORT
        int backlog = 1024;
        int max_clients = 10'000;
        int max_user_clients = 0;      ///< 0: no limit of its own
        int max_database_clients = 0;  ///< 0: no limit of its own
        Toggle reuse_port = Toggle::Off;
        int keepalive_idle_s = 30;
        int keepalive_interval_s = 10;
        int keepalive_count = 3;
        int tcp_user_timeout_ms = 0;  ///< 0: the system's
    } listen;

    struct Http {
        std::string address = "127.0.0.1";  ///< page, /ws, /api, /metrics, probes
        int port = 6480;
        std::string
            probes_address;  ///< empty: none; else /metrics and probes alone, for the pod's address
        int probes_port = 6481;
        std::string token;            ///< secret; needed when address is not loopback
        std::string allowed_origins;  ///< comma-separated, beside the page's own origin
        int max_connections = 5'000;
        int max_message_bytes = 65'536;
        int max_header_bytes = 16'384;
        int max_body_bytes = 65'536;
        int handshake_timeout_ms =
            10'000;  ///< one request's header and body, WebSocket opening and closing
        int idle_timeout_ms = 60'000;    ///< between two requests, and for one response to be taken
        int ping_interval_ms = 30'000;   ///< a quiet socket gets a WebSocket PING
        int silent_timeout_ms = 75'000;  ///< without any frame: closed with 4408
        int operation_frames_per_second =
            50;  ///< per socket on database:operations; the rest is counted as skipped
        int max_subscriptions = 100;  ///< per socket
        int queue_soft_bytes =
            262'144;  ///< per socket, data lane: a lagging socket goes on below this
        int queue_hard_bytes = 1'048'576;  ///< per socket: above it the socket lags
        int queue_max_frames = 4'096;      ///< per socket, data lane
        int queue_slow_timeout_ms =
            10'000;                      ///< lagging or above soft for this long: closed with 4508
        int history_seconds = 900;       ///< of one-second samples kept for /api/history
        int max_rows = 1'000;            ///< of one list that the API gives
        int answer_timeout_ms = 10'000;  ///< then a request is answered without the answer
    } http;

    /// Channels, replay and limits of `/ws` (contract 5.4, 5.6, 5.10).
    struct Feed {
        std::string channels =
            "tasks,plans,workflows,entities,documents,channels,messages,teams,inbox,agents";
        int replay_max_messages = 10'000;
        std::int64_t replay_max_bytes = 33'554'432;
        int replay_max_age_ms = 300'000;
        Toggle replay_broadcast = Toggle::Off;  ///< broadcasts get a seq and can be replayed
        Toggle broadcast_health_on_demand = Toggle::Off;
        std::string token_file;     ///< "name token role scopes" a line
        int auth_grace_ms = 5'000;  ///< for a first message `auth`; 0: the upgrade needs a token
        Toggle allow_query_token = Toggle::On;
        Toggle require_origin = Toggle::Off;
        Toggle trust_proxy = Toggle::Off;   ///< believe X-Forwarded-For
        int max_sockets_per_address = 50;   ///< 0: no limit
        int max_sockets_per_subject = 100;  ///< 0: no limit
        int publish_per_second = 100;
        int publish_burst = 200;
        int subscribe_per_second = 50;
        int flood_close_ms = 10'000;  ///< over a rate for this long without pause: 4429
        int presence_calls = 10;      ///< in each presence_window_ms
        int presence_window_ms = 10'000;
        int max_presence_bytes = 8'192;
        int max_presences = 1'000;  ///< per channel
        int max_changes = 32;       ///< change specs of one subscribe
        int max_filters = 10;       ///< of one change spec
        int max_filter_values = 100;
    } feed;

    /// Tokens signed by somebody else (contract 5.9). Off while algorithms is empty.
    struct Jwt {
        std::string algorithms;   ///< comma-separated: HS256, RS256, PS256, ES256, EdDSA, ...
        std::string secret;       ///< secret; of HS256, HS384, HS512
        std::string jwks_file;    ///< keys of the other algorithms; read again when it changes
        std::string issuer;       ///< empty: any
        std::string audience;     ///< empty: any
        int leeway_s = 60;        ///< of nbf and iat
        std::string role_scopes;  ///< "role=scope scope; role=scope" for tokens without `scope`
    } jwt;

    /// Where element events and row changes come from (contract 5.3, row changes).
    struct Changes {
        ChangeSource source = ChangeSource::Auto;
        int poll_interval_ms = 500;  ///< R114
        int poll_idle_ms = 2'500;    ///< while nobody hears events
        std::string events_table = "pgsidecar.events";
        int events_keep_ms = 3'600'000;  ///< older events are deleted; 0: never
        std::string notify_channel = "pgsidecar_events";
        int max_transaction_rows = 5'000;  ///< of one subscription; more become a stream:gap
        /// Never sent: column, table.column or schema.table.column, separated by commas.
        std::string hidden_columns = "password,password_hash,secret";
    } changes;

    struct Pool {
        PoolMode mode = PoolMode::Auto;
        int max_prepared_statements = 500;  ///< per server connection, those used last
        int wait_timeout_ms = 120'000;
        int connect_timeout_ms = 15'000;
        int server_idle_timeout_ms = 600'000;
        int server_lifetime_ms = 3'600'000;
        int min_size = 0;
        int reserve_size = 0;
        int reserve_timeout_ms = 5'000;
        int max_database_connections = 0;  ///< over all pools of a database; 0: no limit
        int max_user_connections = 0;      ///< over all pools of a user; 0: no limit
        int cancel_timeout_ms = 10'000;
        int keepalive_idle_s = 30;
        int keepalive_interval_s = 10;
        int keepalive_count = 3;
        int tcp_user_timeout_ms = 0;  ///< 0: the system's
    } pool;

    struct Auth {
        AuthMode mode = AuthMode::Managed;
        AuthMethod method = AuthMethod::Trust;  ///< managed: how clients prove themselves
        std::string user_file;   ///< "user" "password or SCRAM secret or md5 hash" a line
        std::string query;       ///< asks the database for the users that are not in the file
        std::string query_user;  ///< who asks; empty: the user of the database's address
        int query_cache_ms = 60'000;
        int query_negative_cache_ms = 5'000;  ///< "no such user", and after a wrong password
        int query_cache_entries = 1'000;      ///< per worker
        int query_timeout_ms = 5'000;
        int query_max_in_flight = 10;  ///< per worker
        int failure_delay_ms = 500;    ///< no refusal comes sooner after the login began
        int login_timeout_ms = 15'000;
        int scram_iterations = 4'096;          ///< offered to clients
        int max_scram_iterations = 1'000'000;  ///< accepted from servers
    } auth;

    /// Towards clients; towards the database it is the database address that says sslmode and
    /// files.
    struct Tls {
        SslMode client_mode = SslMode::Prefer;  ///< takes effect when cert_file is set
        std::string cert_file;                  ///< PEM: our certificate, then its chain
        std::string key_file;                   ///< PEM, not encrypted
        std::string
            ca_file;  ///< PEM: who signs clients' certificates, for verify-ca and verify-full
        TlsVersion min_version = TlsVersion::Tls12;
        std::string ciphers;            ///< of TLS 1.2; empty: OpenSSL's default
        std::string ciphersuites;       ///< of TLS 1.3; empty: OpenSSL's default
        int check_interval_ms = 5'000;  ///< how often the files of both sides are looked at
    } tls;
    /// The console: a client that connects to this database talks to the sidecar itself.
    struct Admin {
        std::string database = "pgsidecar";  ///< empty: no console
        /// Comma-separated; who may change things there. Empty: the database address's own user,
        /// from this machine.
        std::string users;
        std::string stats_users;     ///< comma-separated; who may SHOW
        int pause_wait_ms = 60'000;  ///< PAUSE waits so long for transactions; 0: no limit
        int max_rows = 10'000;       ///< of one answer
    } admin;

    struct Limits {
        int max_startup_bytes = 10'000;
        int max_prelogin_message_bytes = 65'536;
        std::int64_t max_message_bytes = 2'147'483'647;
        int inspect_bytes =
            65'536;  ///< a longer statement text is forwarded, its record has no shape
        int session_buffer_bytes =
            65'536;                 ///< per direction, then the other side is not read any more
        int max_pipeline = 10'000;  ///< messages a client may have unanswered before it is not read
        std::int64_t query_timeout_ms = 0;                ///< 0: none, as of all that follow
        std::int64_t idle_in_transaction_timeout_ms = 0;  ///< ends the session
        std::int64_t transaction_timeout_ms = 0;          ///< ends the session
        std::int64_t client_idle_timeout_ms = 0;          ///< ends the session
    } limits;

    struct Audit {
        int ring_records = 16'384;      ///< per worker, worker to recorder
        int recent_operations = 1'000;  ///< kept for /api/operations
        int top_statements = 500;       ///< kept for /api/top; 0: none
        int fingerprint_cache_entries = 10'000;
        int statement_text_bytes = 4'096;
        /// Which operations go to pgsidecar.operations in the database.
        AuditLevel level = AuditLevel::Writes;
        /// Batch: on disk within batch_interval_ms; strict: before the client has its answer.
        AuditDurability durability = AuditDurability::Batch;
        int batch_interval_ms = 50;
        int flush_interval_ms = 500;  ///< how often records go from the spool to the database
        std::int64_t spool_max_bytes = 1'073'741'824;  ///< of records that wait for the database
    } audit;

    /// What happens while the database is away (design, part 6).
    struct Outage {
        std::string policy;     ///< rules in front of the built-in ones, model::OutagePolicy
        std::string spool_dir;  ///< empty: a folder of its own below the user's state folder; "off"
        std::int64_t spool_max_bytes = 1'073'741'824;
        std::int64_t spool_max_entries = 2'000'000;
        std::int64_t disk_reserve_bytes = 67'108'864;  ///< left free; below it nothing is taken
        int max_entry_bytes = 1'048'576;
        int queue_max_entries = 100'000;
        std::int64_t queue_max_age_ms = 86'400'000;  ///< then to the dead letters; 0: no limit
        std::int64_t buffer_max_bytes = 67'108'864;
        int commit_max_entries = 1'024;  ///< of one group commit
        int flush_batch_entries = 1'000;
        int flush_batch_bytes = 4'194'304;
        int flush_retry_ms = 1'000;  ///< after a flush that failed while the database is there
        Toggle create_schema =
            Toggle::On;  ///< make the schema pgsidecar in the database where it is missing
        int queue_after_ms = 250;   ///< a queueable write waits this long for a connection attempt
        int flush_wait_ms = 5'000;  ///< a statement on a table with queued writes waits for them
        int max_held = 10'000;  ///< statements that wait for the database to come back, per worker
        std::int64_t max_held_bytes = 67'108'864;  ///< per worker
        Toggle notice = Toggle::On;  ///< tell the client by a NOTICE that its write was queued
    } outage;

    struct Health {
        int timeout_ms = 5'000;
        int first_timeout_ms = 2'000;             ///< K15
        int reconnect_slow_interval_ms = 30'000;  ///< K2; 0: wait for database:reconnect
        ReadinessPolicy readiness = ReadinessPolicy::Accepting;
    } health;

    struct Shutdown {
        int client_wait_ms = 25'000;
    } shutdown;

    /// A new process takes the listening sockets over from the old one.
    struct Upgrade {
        std::string socket;           ///< where the old process can be asked for them; empty: not
        int timeout_ms = 30'000;      ///< for each step of the handover
        int client_wait_ms = 60'000;  ///< how long the old one lets its clients go on
        std::int64_t max_kept_bytes = 67'108'864;  ///< of records, while the old has the spool
        bool takeover = false;                     ///< --takeover: this process is the new one
    } upgrade;

    struct Log {
        LogLevel level = LogLevel::Info;
        LogFormat format = LogFormat::Auto;  ///< auto: json unless standard error is a terminal
    } log;

    int workers = 1;
};

}  // namespace pgsidecar::config
