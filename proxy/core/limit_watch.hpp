#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/clock.hpp"
#include "metrics/shard.hpp"

namespace pgsidecar::proxy {

/// Counts each time a limit is reached, and says so in the log: at once, then at most every ten
/// seconds per limit, with how often it was meanwhile.
///
/// Thread: the worker's.
class LimitWatch {
public:
    explicit LimitWatch(metrics::WorkerShard& shard) : shard_(shard) {}

    void reached(metrics::LimitKind limit, std::string_view user, std::string_view database,
                 const base::Now& now);

private:
    struct Told {
        std::int64_t at_ns = 0;
        std::uint64_t count = 0;  ///< of the counter, when it was told
        bool ever = false;
    };

    metrics::WorkerShard& shard_;
    std::array<Told, static_cast<std::size_t>(metrics::LimitKind::kCount)> told_{};
};

}  // namespace pgsidecar::proxy
