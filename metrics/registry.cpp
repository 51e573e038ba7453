#include "metrics/registry.hpp"

#include <prometheus/collectable.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <utility>
#include <vector>

#include "base/log.hpp"
#include "metrics/catalogue.hpp"
#include "metrics/family_builder.hpp"
#include "metrics/process_stats.hpp"

namespace pgsidecar::metrics {

namespace {

using Shards = std::vector<std::shared_ptr<const WorkerShard>>;
using enum MetricId;

double seconds(std::int64_t microseconds) { return static_cast<double>(microseconds) / 1e6; }

class ShardSums {
public:
    ShardSums(const Shards& shards, FamilyBuilder& out) : shards_(shards), out_(out) {}

    void write() {
        write_connections();
        write_statements();
        write_traffic();
        write_tls();
        out_.add(OperationsRecorded, sum(&WorkerShard::operations_recorded));
        out_.add(OperationsLost, sum(&WorkerShard::operations_lost));
        out_.add(FingerprintCacheHits, sum(&WorkerShard::fingerprint_hits));
        out_.add(FingerprintCacheMisses, sum(&WorkerShard::fingerprint_misses));
        out_.add(ParseFailures, sum(&WorkerShard::parse_failures));
        out_.add(Workers, static_cast<double>(shards_.size()));
    }

private:
    std::uint64_t sum(Counter WorkerShard::*member) const { return total<std::uint64_t>(member); }
    std::int64_t sum(Gauge WorkerShard::*member) const { return total<std::int64_t>(member); }

    template <class Number, class Level>
    Number total(Level WorkerShard::*member) const {
        Number all = 0;
        for (const auto& shard : shards_) all += ((*shard).*member).get();
        return all;
    }

    void write_connections() {
        const std::int64_t active = sum(&WorkerShard::clients_active),
                           waiting = sum(&WorkerShard::clients_waiting);
        out_.add(ClientConnections, active, "active");
        out_.add(ClientConnections, waiting, "waiting");
        // The three are read one after the other, so the difference may be off for a moment, but
        // not below zero.
        out_.add(ClientConnections,
                 std::max<std::int64_t>(0, sum(&WorkerShard::clients) - active - waiting), "idle");
        out_.add(ClientConnectionsTotal, sum(&WorkerShard::clients_accepted));
        add_reasons<RejectReason>(ClientConnectionsRejected, &WorkerShard::clients_rejected);
        add_reasons<LimitKind>(LimitsReached, &WorkerShard::limits_reached);
        out_.add(ServerConnections, sum(&WorkerShard::servers_active), "active");
        out_.add(ServerConnections, sum(&WorkerShard::servers_idle), "idle");
        out_.add(ServerConnections, sum(&WorkerShard::servers_login), "login");
        out_.add(ServerConnectionsOpened, sum(&WorkerShard::servers_opened));
        add_reasons<ServerCloseReason>(ServerConnectionsClosed, &WorkerShard::servers_closed);
        out_.add(ServerProtocolErrors, sum(&WorkerShard::server_protocol_errors));
        out_.add(ClientConnectionsPinned, sum(&WorkerShard::clients_pinned));
        for (std::size_t i = 0; i < model::kPinReasons; ++i) {
            out_.add(Pins, sum_at(&WorkerShard::pins, i),
                     to_string(static_cast<model::PinReason>(i)));
        }
        out_.add(StatementsPrepared, sum(&WorkerShard::statements_prepared));
        out_.add(StatementsShared, sum(&WorkerShard::statements_shared));
        out_.add(ReadsRetried, sum(&WorkerShard::reads_retried));
        out_.add(TransactionsLost, sum(&WorkerShard::transactions_lost));
        out_.add(StatementsQueued, sum(&WorkerShard::statements_queued));
        out_.add(StatementsRefused, sum(&WorkerShard::statements_refused));
        out_.add(FlushWaits, sum(&WorkerShard::flush_waits));
    }

    void write_statements() {
        add_histogram(PoolWaitDuration, &WorkerShard::pool_wait);
        for (std::size_t i = 0; i < WorkerShard::kKinds; ++i) {
            out_.add(Queries, sum_at(&WorkerShard::queries, i),
                     to_string(static_cast<model::StatementKind>(i)));
        }
        for (std::size_t i = 0; i < kSqlstateSlots; ++i) {
            out_.add(QueryErrors, sum_at(&WorkerShard::query_errors, i), sqlstate_class_label(i));
        }
        add_histogram(QueryDuration, &WorkerShard::query_duration);
        out_.add(Transactions, sum(&WorkerShard::transactions));
    }

    void write_traffic() {
        out_.add(Rows, sum(&WorkerShard::rows_returned), "returned");
        out_.add(Rows, sum(&WorkerShard::rows_affected), "affected");
        out_.add(ReceivedBytes, sum(&WorkerShard::client_bytes_in), "client");
        out_.add(ReceivedBytes, sum(&WorkerShard::server_bytes_in), "server");
        out_.add(SentBytes, sum(&WorkerShard::client_bytes_out), "client");
        out_.add(SentBytes, sum(&WorkerShard::server_bytes_out), "server");
        out_.add(CancelRequests, sum(&WorkerShard::cancels_received));
        out_.add(CancelRequestsForwarded, sum(&WorkerShard::cancels_forwarded));
        out_.add(CancelRequestsUnknownKey, sum(&WorkerShard::cancels_unknown_key));
        out_.add(UserLookups, sum(&WorkerShard::user_lookups_found), "found");
        out_.add(UserLookups, sum(&WorkerShard::user_lookups_unknown), "unknown");
        out_.add(UserLookups, sum(&WorkerShard::user_lookups_failed), "failed");
    }

    void write_tls() {
        out_.add(TlsHandshakes, sum(&WorkerShard::client_tls_ok), "client", "success");
        out_.add(TlsHandshakes, sum(&WorkerShard::client_tls_failed), "client", "failure");
        out_.add(TlsHandshakes, sum(&WorkerShard::server_tls_ok), "server", "success");
        out_.add(TlsHandshakes, sum(&WorkerShard::server_tls_failed), "server", "failure");
    }

    template <class Array>
    std::uint64_t sum_at(Array WorkerShard::*member, std::size_t i) const {
        std::uint64_t total = 0;
        for (const auto& shard : shards_) total += ((*shard).*member)[i].get();
        return total;
    }

    template <class Reason, class Array>
    void add_reasons(MetricId id, Array WorkerShard::*member) {
        for (std::size_t i = 0; i < static_cast<std::size_t>(Reason::kCount); ++i) {
            out_.add(id, sum_at(member, i), to_string(static_cast<Reason>(i)));
        }
    }

    void add_histogram(MetricId id, Histogram WorkerShard::*member) {
        std::vector<std::uint64_t> cumulative(duration_bounds().size());
        std::uint64_t count = 0, sum_ns = 0;
        for (const auto& shard : shards_) {
            const Histogram& histogram = (*shard).*member;
            for (std::size_t i = 0; i < cumulative.size(); ++i) {
                cumulative[i] += histogram.at_most(duration_bounds()[i].ns);
            }
            count += histogram.count();
            sum_ns += histogram.sum_ns();
        }
        out_.add_histogram(id, cumulative, count, static_cast<double>(sum_ns) / 1e9);
    }

    const Shards& shards_;
    FamilyBuilder& out_;
};

void write_feed(const ProcessCounters& process, FamilyBuilder& out) {
    for (std::size_t i = 0; i < kWsRefusals.size(); ++i) {
        out.add(WsRefused, process.ws_refused[i].get(), kWsRefusals[i]);
    }
    for (std::size_t i = 0; i < kWsCloses.size(); ++i) {
        out.add(WsClosed, process.ws_closed[i].get(), kWsCloses[i]);
    }
    out.add(HttpRefused, process.http_refused.get());
    out.add(HttpOrders, process.http_orders_done.get(), "done");
    out.add(HttpOrders, process.http_orders_refused.get(), "refused");
    out.add(TopStatements, process.top_statements.get());
    out.add(TopStatementsEvicted, process.top_evicted.get());
    out.add(FeedEvents, process.feed_events.get(), "received");
    out.add(FeedEvents, process.feed_rejected.get(), "rejected");
    out.add(FeedBroadcasts, process.feed_broadcasts.get());
    out.add(FeedReplayed, process.feed_replayed.get());
    out.add(FeedGaps, process.feed_gaps.get());
    const auto source = static_cast<std::size_t>(process.changes_source.get());
    for (std::size_t i = 0; i < kChangeSources.size(); ++i) {
        out.add(ChangesSource, static_cast<std::int64_t>(source == i), kChangeSources[i]);
    }
    out.add(ChangesLive, process.changes_live.get());
    out.add(ChangesPolls, process.changes_polls.get());
    out.add(ChangesFailures, process.changes_failures.get());
    out.add(ChangesNotifications, process.changes_notifications.get(), "received");
    out.add(ChangesNotifications, process.changes_bad_notifications.get(), "rejected");
}

void write_process_counters(const ProcessCounters& process, FamilyBuilder& out) {
    out.add(UpstreamStateChanges, process.upstream_state_changes.get());
    out.add(UpstreamLastSuccess, seconds(process.upstream_last_success_us.get()));
    out.add(HealthChecks, process.health_checks_ok.get(), "success");
    out.add(HealthChecks, process.health_checks_failed.get(), "failure");
    out.add(HealthCheckLatency, static_cast<double>(process.health_check_latency_ns.get()) / 1e9);
    out.add(ReconnectAttempts, process.reconnect_attempts.get());
    out.add(ClientConnectionsMax, process.client_connections_max.get());
    out.add(ServerConnectionsMax, process.server_connections_max.get());
    out.add(WsClients, process.ws_clients.get());
    out.add(WsConnections, process.ws_connections.get());
    out.add(WsMessages, process.ws_messages_in.get(), "in");
    out.add(WsMessages, process.ws_messages_out.get(), "out");
    for (std::size_t i = 0; i < process.ws_dropped.size(); ++i) {
        out.add(WsDropped, process.ws_dropped[i].get(), to_string(static_cast<WsDropReason>(i)));
    }
    out.add(TlsCertificateReloads, process.certificate_reloads_ok.get(), "success");
    out.add(TlsCertificateReloads, process.certificate_reloads_failed.get(), "failure");
    out.add(TlsCertificateExpiry, seconds(process.client_certificate_expires_us.get()), "client");
    out.add(TlsCertificateExpiry, seconds(process.server_certificate_expires_us.get()), "server");
    write_feed(process, out);
    out.add(ConfigReloads, process.reloads_ok.get(), "success");
    out.add(ConfigReloads, process.reloads_failed.get(), "failure");
    out.add(ConfigLastReloadSuccessful, process.last_reload_ok.get());
    out.add(ConfigLastReloadSuccessTimestamp, seconds(process.last_reload_success_us.get()));
}

void write_spool(const ProcessCounters& process, FamilyBuilder& out) {
    out.add(SpoolEntries, process.spool_entries.get());
    out.add(SpoolBytes, process.spool_bytes.get());
    out.add(SpoolOldest, seconds(process.spool_oldest_us.get()));
    out.add(SpoolUsable, process.spool_usable.get());
    out.add(SpoolDeadLetters, process.spool_dead.get());
    out.add(SpoolAppended, process.spool_appended.get());
    out.add(SpoolSettled, process.spool_settled.get());
    for (std::size_t i = 1; i < process.spool_refused.size(); ++i) {
        out.add(SpoolRefused, process.spool_refused[i].get(),
                refusal_label(static_cast<model::SpoolVerdict::Reason>(i)));
    }
    out.add(SpoolBufferDropped, process.spool_buffer_dropped.get());
    out.add(SpoolCommits, process.spool_commits.get(), "success");
    out.add(SpoolCommits, process.spool_commit_failures.get(), "failure");
    out.add(SpoolCommitDuration, static_cast<double>(process.spool_last_commit_ns.get()) / 1e9);
}

void write_flush(const ProcessCounters& process, FamilyBuilder& out) {
    out.add(FlushApplied, process.flush_applied.get());
    out.add(FlushDead, process.flush_dead.get());
    out.add(FlushFailures, process.flush_failures.get());
    out.add(FlushBlocked, process.flush_blocked.get());
    out.add(OperationLogRecords, process.log_records_stored.get(), "stored");
    out.add(OperationLogRecords, process.log_records_refused.get(), "refused");
    out.add(OperationLogRecords, process.log_records_dropped.get(), "dropped");
    out.add(OperationLogRecords, process.log_records_damaged.get(), "damaged");
    out.add(OperationLogRecords, process.log_records_applied.get(), "applied");
    out.add(OperationLogWaiting, process.log_records_waiting.get());
    out.add(OperationLogWaitingBytes, process.log_record_bytes.get());
}

void write_log_counts(FamilyBuilder& out) {
    using base::log::Level;
    for (Level level : {Level::Trace, Level::Debug, Level::Info, Level::Warn, Level::Error}) {
        out.add(LogMessages, base::log::written(level), base::log::to_string(level));
    }
}

void write_process_stats(FamilyBuilder& out) {
    const auto stats = read_process_stats();
    if (!stats) return;
    out.add(ProcessCpu, stats->cpu_seconds);
    out.add(ProcessVirtualMemory, stats->virtual_memory_bytes);
    out.add(ProcessResidentMemory, stats->resident_memory_bytes);
    if (stats->open_fds) out.add(ProcessOpenFds, *stats->open_fds);
    if (stats->max_fds) out.add(ProcessMaxFds, *stats->max_fds);
    out.add(ProcessStartTime, stats->start_time_seconds);
    out.add(ProcessThreads, stats->threads);
}

}  // namespace

struct Registry::Impl final : prometheus::Collectable {
    Impl(Identity i, std::shared_ptr<const ProcessCounters> p)
        : identity(std::move(i)), process(std::move(p)) {}

    std::vector<prometheus::MetricFamily> Collect() const override {
        Shards copy;
        {
            const std::lock_guard lock(mutex);
            copy = shards;
        }
        FamilyBuilder out;
        out.add(BuildInfo, 1.0, identity.version, identity.revision);
        out.add(Up, process->up.get(), identity.upstream);
        ShardSums(copy, out).write();
        write_process_counters(*process, out);
        write_spool(*process, out);
        write_flush(*process, out);
        write_log_counts(out);
        out.add(ScrapeDuration, static_cast<double>(last_scrape_ns.load()) / 1e9);
        write_process_stats(out);
        return out.take();
    }

    Identity identity;
    std::shared_ptr<const ProcessCounters> process;
    mutable std::mutex mutex;
    Shards shards;
    std::atomic<std::int64_t> last_scrape_ns{0};
};

Registry::Registry(Identity identity, std::shared_ptr<const ProcessCounters> process)
    : impl_(std::make_unique<Impl>(std::move(identity), std::move(process))) {}

Registry::~Registry() = default;

void Registry::add_worker(std::shared_ptr<const WorkerShard> shard) {
    const std::lock_guard lock(impl_->mutex);
    impl_->shards.push_back(std::move(shard));
}

std::string Registry::text() const {
    const auto begin = std::chrono::steady_clock::now();
    std::string out = prometheus::TextSerializer().Serialize(impl_->Collect());
    impl_->last_scrape_ns =
        std::chrono::nanoseconds(std::chrono::steady_clock::now() - begin).count();
    return out;
}

}  // namespace pgsidecar::metrics
