#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "model/spool_entry.hpp"

namespace pgsidecar::metrics {

/// A count that any thread raises and any thread reads.
class SharedCounter {
public:
    void add(std::uint64_t n = 1) { value_.fetch_add(n, std::memory_order_relaxed); }
    std::uint64_t get() const { return value_.load(std::memory_order_relaxed); }

private:
    std::atomic<std::uint64_t> value_{0};
};

/// A level that any thread sets and any thread reads.
class SharedGauge {
public:
    void set(std::int64_t v) { value_.store(v, std::memory_order_relaxed); }
    void add(std::int64_t n) { value_.fetch_add(n, std::memory_order_relaxed); }
    std::int64_t get() const { return value_.load(std::memory_order_relaxed); }

private:
    std::atomic<std::int64_t> value_{0};
};

/// Why a message did not reach a WebSocket client.
enum class WsDropReason : std::uint8_t { SlowClient, QueueFull, SourceFull, kCount };

std::string_view to_string(WsDropReason reason);

/// Request error codes of /ws that are counted by themselves; the last stands for all others.
inline constexpr std::array<std::string_view, 10> kWsRefusals{
    "MALFORMED", "BAD_REQUEST",  "BAD_CHANNEL",  "BAD_FILTER",   "FORBIDDEN",
    "LIMIT",     "RATE_LIMITED", "UNAUTHORIZED", "UNKNOWN_TYPE", "OTHER"};
/// Close codes by which the server ends a WebSocket for its client's doing.
inline constexpr std::array<std::string_view, 6> kWsCloses{"1009", "4400", "4401",
                                                           "4408", "4429", "4508"};
/// The sources of events and row changes, as session:ready has them.
inline constexpr std::array<std::string_view, 5> kChangeSources{"wal", "notify", "poll", "proxy",
                                                                "none"};

/// Reasons for which the spool takes no entry: those of model::SpoolVerdict, `stored` aside.
inline constexpr std::size_t kSpoolRefusals =
    static_cast<std::size_t>(model::SpoolVerdict::Reason::Off) + 1;
std::string_view refusal_label(model::SpoolVerdict::Reason reason);

/// What the threads other than the workers count: health, WebSocket, reload. Thread: any.
/// Times are microseconds since 1970, 0: never.
struct ProcessCounters {
    SharedGauge up;  ///< 1: the upstream answers, 0: it does not
    SharedCounter upstream_state_changes;
    SharedGauge upstream_last_success_us;
    SharedCounter health_checks_ok, health_checks_failed;
    SharedGauge health_check_latency_ns;  ///< of the last check that succeeded
    SharedCounter reconnect_attempts;

    SharedGauge client_connections_max, server_connections_max;  ///< the configured limits

    SharedGauge ws_clients;
    SharedCounter ws_connections, ws_messages_in, ws_messages_out;
    std::array<SharedCounter, static_cast<std::size_t>(WsDropReason::kCount)> ws_dropped;

    /// By kWsRefusals and kWsCloses.
    std::array<SharedGauge, kWsRefusals.size()> ws_refused;
    std::array<SharedGauge, kWsCloses.size()> ws_closed;
    SharedGauge http_refused;  ///< requests and upgrades: Host, Origin, token, limits
    SharedGauge top_statements, top_evicted;
    /// Orders that came in over HTTP: kill, retry, discard, reload.
    SharedCounter http_orders_done, http_orders_refused;
    SharedGauge feed_events, feed_rejected, feed_broadcasts, feed_replayed, feed_gaps;
    SharedGauge changes_source;  ///< index in kChangeSources
    SharedGauge changes_live;    ///< 1 or 0
    SharedGauge changes_polls, changes_failures, changes_notifications, changes_bad_notifications;

    // The spool, as its own counts say (audit::publish_spool); totals since the process began.
    SharedGauge spool_entries, spool_bytes, spool_dead;
    SharedGauge spool_oldest_us;  ///< acceptance of the oldest entry; 0: none waits
    SharedGauge spool_usable;     ///< 1 or 0
    SharedGauge spool_appended, spool_settled, spool_buffer_dropped;
    SharedGauge spool_commits, spool_commit_failures, spool_last_commit_ns;
    SharedGauge log_records_waiting, log_record_bytes, log_records_dropped;
    /// By model::SpoolVerdict::Reason (audit::count_verdict).
    std::array<SharedCounter, kSpoolRefusals> spool_refused;

    SharedCounter flush_applied, flush_dead, flush_failures;
    SharedGauge flush_blocked;  ///< 1 while entries wait although the database is there
    /// Records of the operation log: on disk, not stored, in the database, not readable any more.
    SharedCounter log_records_stored, log_records_refused, log_records_applied, log_records_damaged;

    SharedCounter certificate_reloads_ok, certificate_reloads_failed;
    /// End of validity of the certificates we show; 0: none.
    SharedGauge client_certificate_expires_us, server_certificate_expires_us;

    SharedCounter reloads_ok, reloads_failed;
    SharedGauge last_reload_ok;  ///< 1 or 0; set to 1 once the first configuration is in use
    SharedGauge last_reload_success_us;
};

}  // namespace pgsidecar::metrics
