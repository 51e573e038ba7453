#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "metrics/process_counters.hpp"

namespace pgsidecar::realtime {

/// What the feed counts beside what the sockets count; written by the hub's thread, read by any.
struct FeedCounters {
    /// Request error codes of contract 5.11 that are counted by themselves; the last: all others.
    static constexpr auto& kCodes = metrics::kWsRefusals;

    std::array<std::atomic<std::uint64_t>, kCodes.size()> refused{};
    std::atomic<std::uint64_t> events{0};    ///< element events and row changes that came in
    std::atomic<std::uint64_t> rejected{0};  ///< of these, not fit to be sent
    std::atomic<std::uint64_t> broadcasts{0};
    std::atomic<std::uint64_t> replayed{0};
    std::atomic<std::uint64_t> gaps{0};
    // As they are now.
    std::atomic<std::uint64_t> subscriptions{0}, kept_messages{0}, kept_bytes{0};

    static void add(std::atomic<std::uint64_t>& counter) {
        counter.fetch_add(1, std::memory_order_relaxed);
    }
    void count_refusal(std::string_view code) {
        std::size_t i = 0;
        while (i + 1 < kCodes.size() && kCodes[i] != code) ++i;
        add(refused[i]);
    }
};

}  // namespace pgsidecar::realtime
