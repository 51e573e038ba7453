#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace pgsidecar::metrics {

enum class MetricId : std::uint8_t {
    BuildInfo,
    Up,
    UpstreamStateChanges,
    UpstreamLastSuccess,
    HealthChecks,
    HealthCheckLatency,
    ReconnectAttempts,
    ClientConnections,
    ClientConnectionsMax,
    ClientConnectionsTotal,
    ClientConnectionsRejected,
    LimitsReached,
    ServerConnections,
    ServerConnectionsMax,
    ServerConnectionsOpened,
    ServerConnectionsClosed,
    ServerProtocolErrors,
    ClientConnectionsPinned,
    Pins,
    StatementsPrepared,
    StatementsShared,
    ReadsRetried,
    TransactionsLost,
    StatementsQueued,
    StatementsRefused,
    FlushWaits,
    PoolWaitDuration,
    Queries,
    QueryErrors,
    QueryDuration,
    Transactions,
    Rows,
    ReceivedBytes,
    SentBytes,
    CancelRequests,
    CancelRequestsForwarded,
    CancelRequestsUnknownKey,
    UserLookups,
    OperationsRecorded,
    OperationsLost,
    FingerprintCacheHits,
    FingerprintCacheMisses,
    ParseFailures,
    SpoolEntries,
    SpoolBytes,
    SpoolOldest,
    SpoolUsable,
    SpoolDeadLetters,
    SpoolAppended,
    SpoolSettled,
    SpoolRefused,
    SpoolBufferDropped,
    SpoolCommits,
    SpoolCommitDuration,
    FlushApplied,
    FlushDead,
    FlushFailures,
    FlushBlocked,
    OperationLogRecords,
    OperationLogWaiting,
    OperationLogWaitingBytes,
    WsClients,
    WsConnections,
    WsMessages,
    WsDropped,
    WsRefused,
    WsClosed,
    HttpRefused,
    HttpOrders,
    TopStatements,
    TopStatementsEvicted,
    FeedEvents,
    FeedBroadcasts,
    FeedReplayed,
    FeedGaps,
    ChangesSource,
    ChangesLive,
    ChangesPolls,
    ChangesFailures,
    ChangesNotifications,
    TlsHandshakes,
    TlsCertificateReloads,
    TlsCertificateExpiry,
    ConfigReloads,
    ConfigLastReloadSuccessful,
    ConfigLastReloadSuccessTimestamp,
    LogMessages,
    Workers,
    ScrapeDuration,
    ProcessCpu,
    ProcessVirtualMemory,
    ProcessResidentMemory,
    ProcessOpenFds,
    ProcessMaxFds,
    ProcessStartTime,
    ProcessThreads,
    kCount,
};

enum class MetricType : std::uint8_t { Counter, Gauge, Histogram };

/// One metric as users see it. A name is a promise: alerts and dashboards are built on it.
struct MetricInfo {
    MetricId id;
    MetricType type;
    std::string_view name;
    std::string_view help;
    std::string_view unit;                     ///< empty: a plain number
    std::array<std::string_view, 2> labels{};  ///< empty: none
};

/// All metrics, in the order of MetricId and of the output.
std::span<const MetricInfo> catalogue();
const MetricInfo& info(MetricId id);
std::string_view to_string(MetricType type);

/// One upper bound of a histogram's buckets: what users see, and the same in nanoseconds.
struct Bound {
    double seconds;
    std::int64_t ns;
};

std::span<const Bound> duration_bounds();

/// docs/metrics.md.
std::string metrics_markdown();

}  // namespace pgsidecar::metrics
