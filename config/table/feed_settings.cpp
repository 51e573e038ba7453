#include "config/table/field.hpp"

namespace pgsidecar::config::table {
namespace {

constexpr std::int64_t kMebibyte = 1'048'576;

std::vector<Setting> feed_rows() {
    using Part = Settings::Feed;
    return {
        {.key = "feed.channels",
         .field = field<&Settings::feed, &Part::channels>(),
         .summary = "The event channels of /ws, separated by commas; messages and inbox also have "
                    "channels of their own for each id."},
        {.key = "feed.replay_max_messages",
         .field = field<&Settings::feed, &Part::replay_max_messages>(),
         .max = 10'000'000,
         .summary = "How many messages are kept for clients that come back."},
        {.key = "feed.replay_max_bytes",
         .field = field<&Settings::feed, &Part::replay_max_bytes>(),
         .max = 4'096 * kMebibyte,
         .unit = "bytes",
         .summary = "How large the messages kept for clients that come back may be together."},
        {.key = "feed.replay_max_age_ms",
         .field = field<&Settings::feed, &Part::replay_max_age_ms>(),
         .max = 86'400'000,
         .unit = "ms",
         .summary = "How long messages are kept for clients that come back."},
        {.key = "feed.replay_broadcast",
         .field = field<&Settings::feed, &Part::replay_broadcast>(),
         .summary = "Whether broadcasts are numbered and kept for clients that come back."},
        {.key = "feed.broadcast_health_on_demand",
         .field = field<&Settings::feed, &Part::broadcast_health_on_demand>(),
         .summary = "Whether the result of a health check that one client asks for goes to all."},
        {.key = "feed.token_file",
         .field = field<&Settings::feed, &Part::token_file>(),
         .summary = "A file of static tokens, each line a name, a token or sha256:HEX, a role and "
                    "scopes."},
        {.key = "feed.auth_grace_ms",
         .field = field<&Settings::feed, &Part::auth_grace_ms>(),
         .max = 600'000,
         .unit = "ms",
         .summary = "How long a WebSocket without a token has to send one in an auth message; 0 "
                    "refuses it at once."},
        {.key = "feed.allow_query_token",
         .field = field<&Settings::feed, &Part::allow_query_token>(),
         .summary = "Whether ?token= in the address is taken."},
        {.key = "feed.require_origin",
         .field = field<&Settings::feed, &Part::require_origin>(),
         .summary = "Whether a WebSocket without an Origin header is refused."},
        {.key = "feed.trust_proxy",
         .field = field<&Settings::feed, &Part::trust_proxy>(),
         .summary =
             "Whether X-Forwarded-For says where a client is; only behind a proxy that sets it."},
        {.key = "feed.max_sockets_per_address",
         .field = field<&Settings::feed, &Part::max_sockets_per_address>(),
         .max = 1'000'000,
         .summary = "How many WebSockets one address may have; 0 for no limit."},
        {.key = "feed.max_sockets_per_subject",
         .field = field<&Settings::feed, &Part::max_sockets_per_subject>(),
         .max = 1'000'000,
         .summary = "How many WebSockets one subject of tokens may have; 0 for no limit."},
        {.key = "feed.publish_per_second",
         .field = field<&Settings::feed, &Part::publish_per_second>(),
         .min = 1,
         .max = 100'000,
         .summary = "How many messages a WebSocket may publish each second."},
        {.key = "feed.publish_burst",
         .field = field<&Settings::feed, &Part::publish_burst>(),
         .min = 1,
         .max = 100'000,
         .summary = "How many messages a WebSocket may publish at once."},
        {.key = "feed.subscribe_per_second",
         .field = field<&Settings::feed, &Part::subscribe_per_second>(),
         .min = 1,
         .max = 100'000,
         .summary =
             "How many subscribe and unsubscribe requests a WebSocket may make each second."},
        {.key = "feed.flood_close_ms",
         .field = field<&Settings::feed, &Part::flood_close_ms>(),
         .min = 1,
         .max = 3'600'000,
         .unit = "ms",
         .summary = "How long a WebSocket may go over its rates without pause before it is closed "
                    "with 4429."},
        {.key = "feed.presence_calls",
         .field = field<&Settings::feed, &Part::presence_calls>(),
         .min = 1,
         .max = 100'000,
         .summary = "How many presence requests a WebSocket may make in feed.presence_window_ms."},
        {.key = "feed.presence_window_ms",
         .field = field<&Settings::feed, &Part::presence_window_ms>(),
         .min = 1,
         .max = 3'600'000,
         .unit = "ms",
         .summary = "The time that feed.presence_calls is about."},
        {.key = "feed.max_presence_bytes",
         .field = field<&Settings::feed, &Part::max_presence_bytes>(),
         .min = 2,
         .max = kMebibyte,
         .unit = "bytes",
         .summary = "The longest meta of a presence."},
        {.key = "feed.max_presences",
         .field = field<&Settings::feed, &Part::max_presences>(),
         .min = 1,
         .max = 1'000'000,
         .summary = "How many presences a channel may have."},
        {.key = "feed.max_changes",
         .field = field<&Settings::feed, &Part::max_changes>(),
         .min = 1,
         .max = 1'000,
         .summary = "How many change subscriptions one subscribe request may make."},
        {.key = "feed.max_filters",
         .field = field<&Settings::feed, &Part::max_filters>(),
         .min = 1,
         .max = 1'000,
         .summary = "How many filters a change subscription may have."},
        {.key = "feed.max_filter_values",
         .field = field<&Settings::feed, &Part::max_filter_values>(),
         .min = 1,
         .max = 10'000,
         .summary = "How many values an in filter may have."},
    };
}

std::vector<Setting> jwt_rows() {
    using Part = Settings::Jwt;
    return {
        {.key = "jwt.algorithms",
         .field = field<&Settings::jwt, &Part::algorithms>(),
         .summary = "Which signatures of JSON Web Tokens are taken, such as HS256 or RS256, ES256, "
                    "EdDSA; empty for no such tokens."},
        {.key = "jwt.secret",
         .field = field<&Settings::jwt, &Part::secret>(),
         .secret = true,
         .summary = "The secret of HS256, HS384 and HS512; at least 32 bytes."},
        {.key = "jwt.jwks_file",
         .field = field<&Settings::jwt, &Part::jwks_file>(),
         .summary = "A JSON Web Key Set with the keys of the other algorithms; read again when it "
                    "changes."},
        {.key = "jwt.issuer",
         .field = field<&Settings::jwt, &Part::issuer>(),
         .summary = "What the claim iss must be; empty for anything."},
        {.key = "jwt.audience",
         .field = field<&Settings::jwt, &Part::audience>(),
         .summary = "What the claim aud must name; empty for anything."},
        {.key = "jwt.leeway_s",
         .field = field<&Settings::jwt, &Part::leeway_s>(),
         .max = 3'600,
         .unit = "s",
         .summary = "How far the clock of who signs may be ahead."},
        {.key = "jwt.role_scopes",
         .field = field<&Settings::jwt, &Part::role_scopes>(),
         .summary =
             "Scopes of tokens without a scope claim by their role: role=scope scope; role=scope."},
    };
}

std::vector<Setting> changes_rows() {
    using Part = Settings::Changes;
    return {
        {.key = "changes.source",
         .field = field<&Settings::changes, &Part::source>(),
         .summary = "Where events and row changes come from; auto polls changes.events_table where "
                    "it is there and else reports the writes that go through the sidecar."},
        {.key = "changes.poll_interval_ms",
         .seed_name = "pollIntervalMs",
         .field = field<&Settings::changes, &Part::poll_interval_ms>(),
         .min = 10,
         .max = 60'000,
         .unit = "ms",
         .summary = "How often changes.events_table is read."},
        {.key = "changes.poll_idle_ms",
         .field = field<&Settings::changes, &Part::poll_idle_ms>(),
         .min = 10,
         .max = 600'000,
         .unit = "ms",
         .summary =
             "How often changes.events_table is read while nobody hears events; not more often "
             "than changes.poll_interval_ms."},
        {.key = "changes.events_table",
         .field = field<&Settings::changes, &Part::events_table>(),
         .summary = "The table that events are read from, with its schema; pgsidecar realtime-sql "
                    "prints it."},
        {.key = "changes.events_keep_ms",
         .field = field<&Settings::changes, &Part::events_keep_ms>(),
         .max = 2'147'483'647,
         .unit = "ms",
         .summary = "After how long rows of changes.events_table are deleted; 0 for never."},
        {.key = "changes.notify_channel",
         .field = field<&Settings::changes, &Part::notify_channel>(),
         .summary = "The channel of LISTEN and NOTIFY with changes.source notify."},
        {.key = "changes.max_transaction_rows",
         .field = field<&Settings::changes, &Part::max_transaction_rows>(),
         .min = 1,
         .max = 10'000'000,
         .summary = "How many row changes of one transaction a subscription hears; more are told "
                    "as a stream:gap."},
        {.key = "changes.hidden_columns",
         .field = field<&Settings::changes, &Part::hidden_columns>(),
         .summary = "Columns that are never sent, as column, table.column or schema.table.column, "
                    "separated by commas."},
    };
}

}  // namespace

std::vector<Setting> feed_settings() {
    std::vector<Setting> all;
    for (auto part : {feed_rows(), jwt_rows(), changes_rows()}) {
        all.insert(all.end(), part.begin(), part.end());
    }
    return all;
}

}  // namespace pgsidecar::config::table
