#include "audit/flush_metrics.hpp"

namespace pgsidecar::audit {
namespace {

std::int64_t level(std::uint64_t value) { return static_cast<std::int64_t>(value); }

}  // namespace

void publish_spool(const SpoolStats& stats, metrics::ProcessCounters& counters) {
    counters.spool_entries.set(level(stats.entries));
    counters.spool_bytes.set(level(stats.bytes));
    counters.spool_dead.set(level(stats.dead));
    counters.spool_oldest_us.set(stats.oldest_us);
    counters.spool_usable.set(stats.problem.empty() ? 1 : 0);
    counters.spool_appended.set(level(stats.appended_total));
    counters.spool_settled.set(level(stats.settled_total));
    counters.spool_buffer_dropped.set(level(stats.buffer_dropped_total));
    counters.spool_commits.set(level(stats.commits_total));
    counters.spool_commit_failures.set(level(stats.commit_failures_total));
    counters.spool_last_commit_ns.set(stats.last_commit_ns);
    counters.log_records_waiting.set(level(stats.records));
    counters.log_record_bytes.set(level(stats.record_bytes));
    counters.log_records_dropped.set(level(stats.records_dropped_total));
}

void count_verdict(const model::SpoolVerdict& verdict, metrics::ProcessCounters& counters) {
    if (verdict.stored()) return;
    counters.spool_refused[static_cast<std::size_t>(verdict.reason)].add();
}

}  // namespace pgsidecar::audit
