#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "base/clock.hpp"
#include "metrics/shard.hpp"

namespace pgsidecar::metrics {

/// What the workers have counted since the start, all of them together, and their levels now.
struct ActivityTotals {
    std::uint64_t statements = 0, failed = 0;
    std::uint64_t duration_ns = 0, wait_ns = 0;
    Histogram::Counts durations{}, waits{};
    std::int64_t clients = 0, clients_waiting = 0, servers_in_use = 0, servers_open = 0;
};

ActivityTotals totals_of(std::span<const std::shared_ptr<const WorkerShard>> shards);

/// What the rest of the process says when a sample is taken.
struct ActivityLevels {
    std::optional<double>
        health_latency_ms;  ///< nothing before the first check, and while they fail
    bool connected = false;
    std::uint64_t queue_entries = 0;
    std::optional<double> queue_oldest_age_ms;
    std::int64_t feed_clients = 0;
};

/// One second of the charts.
struct ActivitySample {
    std::int64_t at_ms = 0;  ///< since 1970; its end. Grows from sample to sample.
    double statements_per_second = 0, failed_per_second = 0;
    // Nothing when no statement ended, or none waited.
    std::optional<double> p50_ms, p99_ms;
    std::optional<double> pool_wait_p99_ms;
    std::optional<double> pool_wait_share;  ///< 0 to 1, of wait and duration together
    std::int64_t clients = 0, clients_waiting = 0, servers_in_use = 0, servers_open = 0;
    ActivityLevels levels;
};

/// The last samples, one each second. Thread: any; take() from one.
class ActivityHistory {
public:
    ActivityHistory(std::size_t seconds, base::Now now);

    std::size_t seconds() const { return seconds_; }
    std::int64_t started_ms() const { return started_ms_; }
    /// A second has passed since the last sample.
    bool due(base::Now now) const { return now.mono_ns >= next_ns_; }
    void take(base::Now now, const ActivityTotals& totals, const ActivityLevels& levels);
    /// Those later than that, oldest first.
    std::vector<ActivitySample> since(std::int64_t after_ms) const;

private:
    const std::size_t seconds_;
    const std::int64_t started_ms_;
    // take()'s thread.
    ActivityTotals last_;
    std::int64_t last_ns_, next_ns_;

    mutable std::mutex mutex_;
    std::deque<ActivitySample> samples_;
};

}  // namespace pgsidecar::metrics
