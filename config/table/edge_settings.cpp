#include "config/table/field.hpp"

namespace pgsidecar::config::table {
namespace {

constexpr std::int64_t kMebibyte = 1'048'576;

std::vector<Setting> http_settings() {
    using Http = Settings::Http;
    return {
        {.key = "http.address",
         .field = field<&Settings::http, &Http::address>(),
         .summary = "The IP address of the page, /ws, /api, /metrics and the probes; http.token is "
                    "needed when it "
                    "is not loopback."},
        {.key = "http.port",
         .field = field<&Settings::http, &Http::port>(),
         .max = 65'535,
         .summary =
             "The port of the page, /ws, /api, /metrics and the probes; 0 lets the system choose."},
        {.key = "http.probes_address",
         .field = field<&Settings::http, &Http::probes_address>(),
         .summary = "A second IP address with /metrics and the probes alone, such as a pod's; "
                    "empty for none."},
        {.key = "http.probes_port",
         .field = field<&Settings::http, &Http::probes_port>(),
         .max = 65'535,
         .summary = "The port that goes with http.probes_address."},
        {.key = "http.token",
         .field = field<&Settings::http, &Http::token>(),
         .secret = true,
         .summary =
             "The bearer token that /ws and /api ask for; empty for none, on loopback only."},
        {.key = "http.allowed_origins",
         .field = field<&Settings::http, &Http::allowed_origins>(),
         .summary = "Origins that may open /ws beside the page's own, separated by commas."},
        {.key = "http.max_connections",
         .field = field<&Settings::http, &Http::max_connections>(),
         .min = 1,
         .max = 1'000'000,
         .reloadable = true,
         .summary = "How many HTTP and WebSocket connections may be open."},
        {.key = "http.max_message_bytes",
         .field = field<&Settings::http, &Http::max_message_bytes>(),
         .min = 1'024,
         .max = 16 * kMebibyte,
         .unit = "bytes",
         .reloadable = true,
         .summary = "The longest WebSocket message taken from a client."},
        {.key = "http.max_header_bytes",
         .field = field<&Settings::http, &Http::max_header_bytes>(),
         .min = 1'024,
         .max = kMebibyte,
         .unit = "bytes",
         .reloadable = true,
         .summary = "The longest header of an HTTP request."},
        {.key = "http.max_body_bytes",
         .field = field<&Settings::http, &Http::max_body_bytes>(),
         .min = 1'024,
         .max = 16 * kMebibyte,
         .unit = "bytes",
         .reloadable = true,
         .summary = "The longest body of an HTTP request."},
        {.key = "http.handshake_timeout_ms",
         .field = field<&Settings::http, &Http::handshake_timeout_ms>(),
         .min = 1,
         .max = 600'000,
         .unit = "ms",
         .reloadable = true,
         .summary = "How long one request's header and body, and the opening and closing of a "
                    "WebSocket, may take."},
        {.key = "http.idle_timeout_ms",
         .field = field<&Settings::http, &Http::idle_timeout_ms>(),
         .min = 1,
         .max = 3'600'000,
         .unit = "ms",
         .reloadable = true,
         .summary = "How long an HTTP connection may stay between two requests, and how long a "
                    "response may take to be read."},
    };
}

std::vector<Setting> socket_settings() {
    using Http = Settings::Http;
    return {
        {.key = "http.ping_interval_ms",
         .field = field<&Settings::http, &Http::ping_interval_ms>(),
         .min = 1'000,
         .max = 3'600'000,
         .unit = "ms",
         .summary = "After how long without a frame a WebSocket gets a PING."},
        {.key = "http.silent_timeout_ms",
         .field = field<&Settings::http, &Http::silent_timeout_ms>(),
         .min = 1'000,
         .max = 3'600'000,
         .unit = "ms",
         .summary = "After how long without a frame from its client a WebSocket is closed with "
                    "4408; longer than http.ping_interval_ms."},
        {.key = "http.operation_frames_per_second",
         .field = field<&Settings::http, &Http::operation_frames_per_second>(),
         .min = 1,
         .max = 10'000,
         .summary = "How many operations per second are sent on database:operations; the rest is "
                    "counted as skipped."},
        {.key = "http.max_subscriptions",
         .field = field<&Settings::http, &Http::max_subscriptions>(),
         .min = 1,
         .max = 10'000,
         .summary = "How many channels a WebSocket may subscribe to, and how many change "
                    "subscriptions it may have over all of them."},
        {.key = "http.queue_soft_bytes",
         .field = field<&Settings::http, &Http::queue_soft_bytes>(),
         .min = 4'096,
         .max = 256 * kMebibyte,
         .unit = "bytes",
         .summary = "Below how much unsent data a lagging WebSocket is fed again; less than "
                    "http.queue_hard_bytes."},
        {.key = "http.queue_hard_bytes",
         .field = field<&Settings::http, &Http::queue_hard_bytes>(),
         .min = 4'096,
         .max = 1'024 * kMebibyte,
         .unit = "bytes",
         .summary = "Above how much unsent data a WebSocket counts as lagging."},
        {.key = "http.queue_max_frames",
         .field = field<&Settings::http, &Http::queue_max_frames>(),
         .min = 1,
         .max = 1'000'000,
         .summary = "Above how many unsent data frames a WebSocket counts as lagging."},
        {.key = "http.send_ahead_bytes",
         .field = field<&Settings::http, &Http::send_ahead_bytes>(),
         .max = 256 * kMebibyte,
         .unit = "bytes",
         .reloadable = true,
         .summary = "How much the operating system keeps of what a WebSocket's client is too slow "
                    "to take; more waits in the WebSocket's own queue, where state changes go "
                    "first. 0 leaves it to the system, which may keep megabytes for each."},
        {.key = "http.write_interval_ms",
         .field = field<&Settings::http, &Http::write_interval_ms>(),
         .max = 1'000,
         .unit = "ms",
         .reloadable = true,
         .summary = "What is published within this time after a write to a WebSocket goes out with "
                    "the next one; 0 writes as soon as possible."},
        {.key = "http.queue_slow_timeout_ms",
         .field = field<&Settings::http, &Http::queue_slow_timeout_ms>(),
         .min = 1'000,
         .max = 3'600'000,
         .unit = "ms",
         .summary = "How long a WebSocket may lag before it is closed with 4508."},
        {.key = "http.history_seconds",
         .field = field<&Settings::http, &Http::history_seconds>(),
         .min = 10,
         .max = 86'400,
         .unit = "s",
         .summary = "For how long the samples of /api/history and the page's charts are kept."},
        {.key = "http.answer_timeout_ms",
         .field = field<&Settings::http, &Http::answer_timeout_ms>(),
         .min = 100,
         .max = 600'000,
         .unit = "ms",
         .summary = "How long a request to /api waits for the part of the process that has its "
                    "answer."},
        {.key = "http.max_rows",
         .field = field<&Settings::http, &Http::max_rows>(),
         .min = 1,
         .max = 100'000,
         .reloadable = true,
         .summary = "The longest list of sessions, pools, statements or queued writes that one "
                    "answer of /api holds."},
    };
}

std::vector<Setting> audit_settings() {
    using Audit = Settings::Audit;
    return {
        {.key = "audit.ring_records",
         .field = field<&Settings::audit, &Audit::ring_records>(),
         .min = 16,
         .max = 4'194'304,
         .summary = "How many records may wait between a worker and the recorder; more are counted "
                    "as lost."},
        {.key = "audit.recent_operations",
         .field = field<&Settings::audit, &Audit::recent_operations>(),
         .min = 1,
         .max = 100'000,
         .summary = "How many operations are kept for /api/operations and the page."},
        {.key = "audit.top_statements",
         .field = field<&Settings::audit, &Audit::top_statements>(),
         .max = 100'000,
         .summary = "How many different statements are summed up for /api/top and the page; 0 for "
                    "none."},
        {.key = "audit.fingerprint_cache_entries",
         .field = field<&Settings::audit, &Audit::fingerprint_cache_entries>(),
         .min = 1,
         .max = 1'000'000,
         .summary = "How many different statements each worker remembers."},
        {.key = "audit.statement_text_bytes",
         .field = field<&Settings::audit, &Audit::statement_text_bytes>(),
         .min = 16,
         .max = 65'536,
         .unit = "bytes",
         .summary = "How much of a statement's literal-free text is kept."},
    };
}

std::vector<Setting> process_settings() {
    return {
        {.key = "shutdown.client_wait_ms",
         .field = field<&Settings::shutdown, &Settings::Shutdown::client_wait_ms>(),
         .max = 3'600'000,
         .unit = "ms",
         .reloadable = true,
         .summary = "How long clients may finish their transactions after SIGTERM."},
        {.key = "log.level",
         .field = field<&Settings::log, &Settings::Log::level>(),
         .reloadable = true,
         .summary = "The least important messages that are written."},
        {.key = "log.format",
         .field = field<&Settings::log, &Settings::Log::format>(),
         .summary = "How log lines look; auto is text on a terminal and json elsewhere."},
        {.key = "workers",
         .field = field<&Settings::workers>(),
         .min = 1,
         .max = 256,
         .summary = "How many threads carry client traffic."},
    };
}

}  // namespace

std::vector<Setting> edge_settings() {
    std::vector<Setting> all;
    for (auto part : {http_settings(), socket_settings(), audit_settings(), process_settings()}) {
        all.insert(all.end(), part.begin(), part.end());
    }
    return all;
}

}  // namespace pgsidecar::config::table
