#include "metrics/catalogue.hpp"

namespace pgsidecar::metrics {

namespace {

using enum MetricId;
constexpr auto kCounter = MetricType::Counter;
constexpr auto kGauge = MetricType::Gauge;
constexpr auto kHistogram = MetricType::Histogram;

constexpr MetricInfo kCatalogue[] = {
    {BuildInfo,
     kGauge,
     "pgsidecar_build_info",
     "Always 1; the labels say what is running.",
     "",
     {"version", "revision"}},
    {Up,
     kGauge,
     "pgsidecar_up",
     "1 while the upstream database answers, else 0.",
     "",
     {"upstream"}},
    {UpstreamStateChanges, kCounter, "pgsidecar_upstream_state_changes_total",
     "Changes of the upstream's state: connecting, connected, disconnected, error.", ""},
    {UpstreamLastSuccess, kGauge, "pgsidecar_upstream_last_success_timestamp_seconds",
     "When the upstream last passed a health check; 0: never.", "seconds since 1970"},
    {HealthChecks,
     kCounter,
     "pgsidecar_health_checks_total",
     "Health checks of the upstream.",
     "",
     {"outcome"}},
    {HealthCheckLatency, kGauge, "pgsidecar_health_check_latency_seconds",
     "Duration of the last health check that succeeded.", "seconds"},
    {ReconnectAttempts, kCounter, "pgsidecar_reconnect_attempts_total",
     "Attempts to reach the upstream again after it was lost.", ""},

    {ClientConnections,
     kGauge,
     "pgsidecar_client_connections",
     "Clients connected now: with a statement under way, waiting for a server connection, or "
     "neither.",
     "",
     {"state"}},
    {ClientConnectionsMax, kGauge, "pgsidecar_client_connections_max",
     "Configured limit of clients.", ""},
    {ClientConnectionsTotal, kCounter, "pgsidecar_client_connections_total",
     "Client connections accepted.", ""},
    {ClientConnectionsRejected,
     kCounter,
     "pgsidecar_client_connections_rejected_total",
     "Client connections refused or ended by us.",
     "",
     {"reason"}},
    {LimitsReached,
     kCounter,
     "pgsidecar_limits_reached_total",
     "How often a limit of the settings was reached, or a time was over.",
     "",
     {"limit"}},
    {ServerConnections,
     kGauge,
     "pgsidecar_server_connections",
     "Connections to the database now: lent to a client, idle in the pool, or logging in.",
     "",
     {"state"}},
    {ServerConnectionsMax, kGauge, "pgsidecar_server_connections_max",
     "Configured limit of connections to the database.", ""},
    {ServerConnectionsOpened, kCounter, "pgsidecar_server_connections_opened_total",
     "Connections to the database opened.", ""},
    {ServerConnectionsClosed,
     kCounter,
     "pgsidecar_server_connections_closed_total",
     "Connections to the database closed.",
     "",
     {"reason"}},
    {ServerProtocolErrors, kCounter, "pgsidecar_server_protocol_errors_total",
     "Messages of the database that broke the protocol.", ""},
    {ReadsRetried, kCounter, "pgsidecar_reads_retried_total",
     "Reads that were cut off before any answer and sent again on another connection.", ""},
    {TransactionsLost, kCounter, "pgsidecar_transactions_lost_total",
     "Open transactions that ended with their connection to the database.", ""},
    {StatementsQueued, kCounter, "pgsidecar_statements_queued_total",
     "Writes acknowledged from the spool while the database was away.", ""},
    {StatementsRefused, kCounter, "pgsidecar_statements_refused_total",
     "Statements refused because the database was away, or queued writes were ahead of them.", ""},
    {FlushWaits, kCounter, "pgsidecar_flush_waits_total",
     "Statements that waited for queued writes on their tables to be applied.", ""},

    {PoolWaitDuration, kHistogram, "pgsidecar_pool_wait_duration_seconds",
     "How long clients waited for a server connection.", "seconds"},
    {Queries,
     kCounter,
     "pgsidecar_queries_total",
     "Statements finished, failed ones included.",
     "",
     {"op"}},
    {QueryErrors,
     kCounter,
     "pgsidecar_query_errors_total",
     "Statements that failed.",
     "",
     {"sqlstate_class"}},
    {QueryDuration, kHistogram, "pgsidecar_query_duration_seconds",
     "From the first byte sent to the database until its answer was complete.", "seconds"},
    {Transactions, kCounter, "pgsidecar_transactions_total",
     "Transactions finished, implicit ones included.", ""},
    {Rows,
     kCounter,
     "pgsidecar_rows_total",
     "Rows sent to clients (returned) and rows written (affected).",
     "",
     {"direction"}},
    {ReceivedBytes,
     kCounter,
     "pgsidecar_received_bytes_total",
     "Bytes received from clients and from the database.",
     "bytes",
     {"side"}},
    {SentBytes,
     kCounter,
     "pgsidecar_sent_bytes_total",
     "Bytes sent to clients and to the database.",
     "bytes",
     {"side"}},
    {CancelRequests, kCounter, "pgsidecar_cancel_requests_total", "Cancel requests received.", ""},
    {CancelRequestsForwarded, kCounter, "pgsidecar_cancel_requests_forwarded_total",
     "Cancel requests passed on to the database; the others came too late.", ""},
    {CancelRequestsUnknownKey, kCounter, "pgsidecar_cancel_requests_unknown_key_total",
     "Cancel requests with a key that we never gave out.", ""},

    {OperationsRecorded, kCounter, "pgsidecar_operations_recorded_total",
     "Operations handed to the recorder.", ""},
    {OperationsLost, kCounter, "pgsidecar_operations_lost_total",
     "Operations not recorded because the recorder fell behind.", ""},
    {FingerprintCacheHits, kCounter, "pgsidecar_fingerprint_cache_hits_total",
     "Statements whose shape was known already.", ""},
    {FingerprintCacheMisses, kCounter, "pgsidecar_fingerprint_cache_misses_total",
     "Statements that had to be parsed.", ""},
    {ParseFailures, kCounter, "pgsidecar_parse_failures_total",
     "Parsed statements that PostgreSQL 15's grammar does not know or that are too long or deep "
     "for it; "
     "they pass through.",
     ""},

    {SpoolEntries, kGauge, "pgsidecar_spool_entries", "Queued writes that wait for the database.",
     ""},
    {SpoolBytes, kGauge, "pgsidecar_spool_bytes",
     "Size of the queued writes that wait for the database.", "bytes"},
    {SpoolOldest, kGauge, "pgsidecar_spool_oldest_timestamp_seconds",
     "When the oldest waiting write was accepted; 0: none waits. Its age is time() minus this.",
     "seconds since 1970"},
    {SpoolUsable, kGauge, "pgsidecar_spool_usable", "1 while the spool can take writes, else 0.",
     ""},
    {SpoolDeadLetters, kGauge, "pgsidecar_spool_dead_letters",
     "Queued writes that the database refused, kept with their errors.", ""},
    {SpoolAppended, kCounter, "pgsidecar_spool_appended_total",
     "Writes acknowledged from the spool.", ""},
    {SpoolSettled, kCounter, "pgsidecar_spool_settled_total",
     "Queued writes that left the spool because the database has them.", ""},
    {SpoolRefused,
     kCounter,
     "pgsidecar_spool_refused_total",
     "Writes that the spool did not take.",
     "",
     {"reason"}},
    {SpoolBufferDropped, kCounter, "pgsidecar_spool_buffer_dropped_total",
     "Writes of class buffer dropped because newer ones needed the room.", ""},
    {SpoolCommits,
     kCounter,
     "pgsidecar_spool_commits_total",
     "Group commits of the spool, each with one fsync.",
     "",
     {"outcome"}},
    {SpoolCommitDuration, kGauge, "pgsidecar_spool_commit_seconds",
     "Duration of the last group commit.", "seconds"},
    {FlushApplied, kCounter, "pgsidecar_flush_applied_total",
     "Queued writes applied in the database.", ""},
    {FlushDead, kCounter, "pgsidecar_flush_dead_total",
     "Queued writes that the database refused for good.", ""},
    {FlushFailures, kCounter, "pgsidecar_flush_failures_total",
     "Flush transactions that failed for a reason that was not a queued write's own.", ""},
    {FlushBlocked, kGauge, "pgsidecar_flush_blocked",
     "1 while queued writes cannot be applied although the database is there, else 0.", ""},
    {OperationLogRecords,
     kCounter,
     "pgsidecar_operation_log_records_total",
     "Records of the operation log by what became of them: stored on disk, refused by the spool, "
     "dropped for want of room, damaged, applied in the database.",
     "",
     {"outcome"}},
    {OperationLogWaiting, kGauge, "pgsidecar_operation_log_waiting_records",
     "Records of the operation log that wait for the database.", ""},
    {OperationLogWaitingBytes, kGauge, "pgsidecar_operation_log_waiting_bytes",
     "Size of the records that wait for the database.", "bytes"},

    {WsClients, kGauge, "pgsidecar_ws_clients", "WebSocket clients connected now.", ""},
    {WsConnections, kCounter, "pgsidecar_ws_connections_total", "WebSocket connections accepted.",
     ""},
    {WsMessages,
     kCounter,
     "pgsidecar_ws_messages_total",
     "WebSocket messages received and sent.",
     "",
     {"direction"}},
    {WsDropped,
     kCounter,
     "pgsidecar_ws_dropped_total",
     "Messages that did not reach a WebSocket client.",
     "",
     {"reason"}},

    {ConfigReloads,
     kCounter,
     "pgsidecar_config_reloads_total",
     "Reloads of the configuration.",
     "",
     {"outcome"}},
    {ConfigLastReloadSuccessful, kGauge, "pgsidecar_config_last_reload_successful",
     "1 when the last load of the configuration succeeded, else 0.", ""},
    {ConfigLastReloadSuccessTimestamp, kGauge,
     "pgsidecar_config_last_reload_success_timestamp_seconds",
     "When the configuration was last loaded with success; 0: never.", "seconds since 1970"},
    {LogMessages, kCounter, "pgsidecar_log_messages_total", "Log lines written.", "", {"level"}},
    {Workers, kGauge, "pgsidecar_workers", "Worker threads started.", ""},
    {ScrapeDuration, kGauge, "pgsidecar_scrape_duration_seconds",
     "How long it took to put the previous scrape's answer together.", "seconds"},

    {ProcessCpu, kCounter, "process_cpu_seconds_total", "User and system CPU time spent.",
     "seconds"},
    {ProcessVirtualMemory, kGauge, "process_virtual_memory_bytes", "Virtual memory size.", "bytes"},
    {ProcessResidentMemory, kGauge, "process_resident_memory_bytes", "Resident memory size.",
     "bytes"},
    {ProcessOpenFds, kGauge, "process_open_fds", "Open file descriptors.", ""},
    {ProcessMaxFds, kGauge, "process_max_fds", "Limit of open file descriptors.", ""},
    {ProcessStartTime, kGauge, "process_start_time_seconds", "When the process started.",
     "seconds since 1970"},
    {ProcessThreads, kGauge, "process_threads", "Threads of the process.", ""},
};

consteval bool in_order() {
    for (std::size_t i = 0; i < std::size(kCatalogue); ++i) {
        if (static_cast<std::size_t>(kCatalogue[i].id) != i) return false;
    }
    return std::size(kCatalogue) == static_cast<std::size_t>(kCount);
}
static_assert(in_order(), "the catalogue has every MetricId once, in order");

// Literals: products such as 80 * 1e-6 would show as 8.000000000000001e-05.
constexpr Bound kBounds[] = {
    {0.0001, 100'000},   {0.00025, 250'000},   {0.0005, 500'000},   {0.001, 1'000'000},
    {0.0025, 2'500'000}, {0.005, 5'000'000},   {0.01, 10'000'000},  {0.025, 25'000'000},
    {0.05, 50'000'000},  {0.1, 100'000'000},   {0.25, 250'000'000}, {0.5, 500'000'000},
    {1, 1'000'000'000},  {2.5, 2'500'000'000}, {5, 5'000'000'000},  {10, 10'000'000'000},
};

}  // namespace

std::span<const MetricInfo> catalogue() { return kCatalogue; }

const MetricInfo& info(MetricId id) { return kCatalogue[static_cast<std::size_t>(id)]; }

std::span<const Bound> duration_bounds() { return kBounds; }

std::string_view to_string(MetricType type) {
    switch (type) {
        case MetricType::Counter: return "counter";
        case MetricType::Gauge: return "gauge";
        case MetricType::Histogram: return "histogram";
    }
    return "";
}

}  // namespace pgsidecar::metrics
