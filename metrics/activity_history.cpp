#include "metrics/activity_history.hpp"

#include <algorithm>

namespace pgsidecar::metrics {
namespace {

constexpr std::int64_t kSecondNs = 1'000'000'000;

/// The workers' counters are read one after the other while they run.
std::uint64_t grown(std::uint64_t now, std::uint64_t before) {
    return now > before ? now - before : 0;
}

Histogram::Counts grown(const Histogram::Counts& now, const Histogram::Counts& before) {
    Histogram::Counts out;
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = grown(now[i], before[i]);
    return out;
}

std::optional<double> quantile_ms(const Histogram::Counts& counts, double share) {
    const std::int64_t ns = Histogram::quantile(counts, share);
    if (ns < 0) return std::nullopt;
    return static_cast<double>(ns) / 1e6;
}

}  // namespace

ActivityTotals totals_of(std::span<const std::shared_ptr<const WorkerShard>> shards) {
    ActivityTotals sum;
    for (const auto& shard : shards) {
        for (const auto& counter : shard->queries) sum.statements += counter.get();
        for (const auto& counter : shard->query_errors) sum.failed += counter.get();
        sum.duration_ns += shard->query_duration.sum_ns();
        sum.wait_ns += shard->pool_wait.sum_ns();
        shard->query_duration.add_to(sum.durations);
        shard->pool_wait.add_to(sum.waits);
        sum.clients += shard->clients.get();
        sum.clients_waiting += shard->clients_waiting.get();
        sum.servers_in_use += shard->servers_active.get();
        sum.servers_open += shard->servers.get();
    }
    return sum;
}

ActivityHistory::ActivityHistory(std::size_t seconds, base::Now now)
    : seconds_(seconds),
      started_ms_(now.wall_us / 1'000),
      last_ns_(now.mono_ns),
      next_ns_(now.mono_ns + kSecondNs) {}

void ActivityHistory::take(base::Now now, const ActivityTotals& totals,
                           const ActivityLevels& levels) {
    const double seconds =
        static_cast<double>(std::max<std::int64_t>(now.mono_ns - last_ns_, 1)) / 1e9;
    ActivitySample sample;
    sample.at_ms = now.wall_us / 1'000;
    sample.statements_per_second =
        static_cast<double>(grown(totals.statements, last_.statements)) / seconds;
    sample.failed_per_second = static_cast<double>(grown(totals.failed, last_.failed)) / seconds;
    const auto durations = grown(totals.durations, last_.durations);
    sample.p50_ms = quantile_ms(durations, 0.5);
    sample.p99_ms = quantile_ms(durations, 0.99);
    sample.pool_wait_p99_ms = quantile_ms(grown(totals.waits, last_.waits), 0.99);
    const auto waited = static_cast<double>(grown(totals.wait_ns, last_.wait_ns));
    const auto took = static_cast<double>(grown(totals.duration_ns, last_.duration_ns));
    if (sample.p50_ms && waited + took > 0) sample.pool_wait_share = waited / (waited + took);
    sample.clients = totals.clients;
    sample.clients_waiting = totals.clients_waiting;
    sample.servers_in_use = totals.servers_in_use;
    sample.servers_open = totals.servers_open;
    sample.levels = levels;
    last_ = totals;
    last_ns_ = now.mono_ns;
    // The looks come a little late; what a sleep has missed is not made up for.
    next_ns_ = std::max(next_ns_ + kSecondNs, now.mono_ns + kSecondNs / 2);

    std::lock_guard lock(mutex_);
    // The wall clock may be set back; readers ask by its time.
    if (!samples_.empty()) sample.at_ms = std::max(sample.at_ms, samples_.back().at_ms + 1);
    samples_.push_back(sample);
    if (samples_.size() > seconds_) samples_.pop_front();
}

std::vector<ActivitySample> ActivityHistory::since(std::int64_t after_ms) const {
    std::lock_guard lock(mutex_);
    const auto first = std::upper_bound(
        samples_.begin(), samples_.end(), after_ms,
        [](std::int64_t ms, const ActivitySample& sample) { return ms < sample.at_ms; });
    return {first, samples_.end()};
}

}  // namespace pgsidecar::metrics
