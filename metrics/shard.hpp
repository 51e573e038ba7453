#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "model/pin_reason.hpp"
#include "model/statement_shape.hpp"

namespace pgsidecar::metrics {

/// A count that one thread raises and any thread reads: no lock prefix, a plain load and store.
class Counter {
public:
    void add(std::uint64_t n = 1) {
        value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
    }
    std::uint64_t get() const { return value_.load(std::memory_order_relaxed); }

private:
    std::atomic<std::uint64_t> value_{0};
};

/// A level that one thread sets and any thread reads.
class Gauge {
public:
    void set(std::int64_t v) { value_.store(v, std::memory_order_relaxed); }
    void add(std::int64_t n) { set(get() + n); }
    std::int64_t get() const { return value_.load(std::memory_order_relaxed); }

private:
    std::atomic<std::int64_t> value_{0};
};

/// Durations in nanoseconds, log-linear: four steps to a power of two. Folded to fixed bounds at
/// scrape.
class Histogram {
public:
    static constexpr std::size_t kBuckets = std::size_t{4} * 44;
    /// Observations in each bucket.
    using Counts = std::array<std::uint64_t, kBuckets>;

    static std::size_t bucket_of(std::uint64_t ns);
    /// The nanoseconds that this share (0 to 1) of the counted do not exceed, to the accuracy of a
    /// step; -1: nothing was counted.
    static std::int64_t quantile(const Counts& counts, double share);

    void observe(std::int64_t ns);
    /// Observations of at most bound_ns, to the accuracy of a step; count and sum_ns are exact.
    std::uint64_t at_most(std::int64_t bound_ns) const;
    void add_to(Counts& sums) const;
    std::uint64_t count() const { return count_.get(); }
    std::uint64_t sum_ns() const { return sum_.get(); }

private:
    std::array<Counter, kBuckets> buckets_;
    Counter count_, sum_;
};

/// Why a client connection was refused or ended by us.
enum class RejectReason : std::uint8_t {
    TooManyClients,
    BadStartup,
    AuthFailed,
    LoginTimeout,
    ProtocolError,
    BytesBeforeTls,
    ShuttingDown,
    PoolTimeout,
    UpstreamDown,
    TlsRequired,
    kCount,
};
/// A limit or a time that a client or a pool has come up against.
enum class LimitKind : std::uint8_t {
    MaxClients,
    MaxUserClients,
    MaxDatabaseClients,
    PoolWait,
    PoolReserve,  ///< a connection of the reserve was opened
    MaxDatabaseConnections,
    MaxUserConnections,
    QueryTimeout,
    QueryKill,  ///< the cancel did not end it
    IdleInTransaction,
    TransactionTimeout,
    ClientIdle,
    CancelTimeout,
    kCount,
};
/// Why an upstream connection was closed.
enum class ServerCloseReason : std::uint8_t {
    Idle,
    Lifetime,
    ClientGone,
    ConnectFailed,
    LoginFailed,
    Lost,
    ProtocolError,
    Shutdown,
    ResetFailed,
    Console,
    kCount,
};

/// What one worker counts. One writer (the worker), relaxed; summed at scrape by metrics::Registry.
struct alignas(128) WorkerShard {
    static constexpr std::size_t kKinds =
        static_cast<std::size_t>(model::StatementKind::Unknown) + 1;

    std::array<Counter, kKinds> queries;   ///< by StatementKind
    std::array<Counter, 64> query_errors;  ///< by SQLSTATE class, slot from sqlstate_class_slot()
    Histogram query_duration;  ///< first byte to the server until its answer is complete
    Histogram pool_wait;
    Counter transactions;
    Counter rows_returned, rows_affected;
    Counter client_bytes_in, client_bytes_out, server_bytes_in, server_bytes_out;
    Counter clients_accepted;
    std::array<Counter, static_cast<std::size_t>(RejectReason::kCount)> clients_rejected;
    std::array<Counter, static_cast<std::size_t>(LimitKind::kCount)> limits_reached;
    Counter servers_opened;
    std::array<Counter, static_cast<std::size_t>(ServerCloseReason::kCount)> servers_closed;
    Counter cancels_received, cancels_forwarded, cancels_unknown_key;
    Counter user_lookups_found, user_lookups_unknown, user_lookups_failed;  ///< auth.query
    Counter server_protocol_errors;
    Counter client_tls_ok, client_tls_failed, server_tls_ok, server_tls_failed;  ///< handshakes
    Counter reads_retried;      ///< cut off before any answer, sent again
    Counter transactions_lost;  ///< with their server connection
    Counter statements_queued;  ///< acknowledged from the spool
    Counter
        statements_refused;  ///< while the database was away, or queued writes were ahead of them
    Counter flush_waits;     ///< statements that waited for queued writes to be applied
    std::array<Counter, model::kPinReasons> pins;  ///< begun, by PinReason
    Counter statements_prepared;  ///< Parse messages sent to servers for named statements
    Counter statements_shared;    ///< Parse messages of clients that needed none
    Counter operations_recorded, operations_lost;
    Counter fingerprint_hits, fingerprint_misses, parse_failures;
    Gauge clients, clients_waiting, clients_active, clients_pinned;
    Gauge servers, servers_idle, servers_active, servers_login;
};

/// The classes of PostgreSQL 15's errcodes (manual, appendix A), then one slot for all others.
inline constexpr std::size_t kSqlstateClasses = 43;
inline constexpr std::size_t kSqlstateSlots = kSqlstateClasses + 1;

/// The slot of a five-character SQLSTATE; kSqlstateClasses for a class that is not known, or for
/// what is none.
std::size_t sqlstate_class_slot(std::string_view sqlstate);
/// The two characters of a slot, or "other".
std::string_view sqlstate_class_label(std::size_t slot);

/// Label values: "too_many_clients", "idle", ...
std::string_view to_string(RejectReason reason);
std::string_view to_string(ServerCloseReason reason);
/// "max_clients", "query_timeout", ...
std::string_view to_string(LimitKind limit);

}  // namespace pgsidecar::metrics
