#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>

#include "realtime/feed_item.hpp"

namespace pgsidecar::realtime {

/// The latest sequenced messages, for clients that come back or lag (contract 5.6). Thread: the
/// hub's.
class ReplayRing {
public:
    struct Limits {
        std::size_t messages = 10'000;
        std::size_t bytes = 33'554'432;
        std::int64_t age_ms = 300'000;
    };

    explicit ReplayRing(Limits limits) : limits_(limits) {}

    /// item.seq: above all that came before. bytes: what it weighs.
    void add(std::shared_ptr<const FeedItem> item, std::size_t bytes, std::int64_t mono_ns);
    /// Forgets what is too old.
    void expire(std::int64_t mono_ns);
    void clear(Seq head);

    /// The oldest that can still be replayed; head + 1 when there is none.
    Seq floor() const { return floor_; }
    /// The first item with at least this seq; null when there is none.
    std::shared_ptr<const FeedItem> at_least(Seq seq) const;
    std::size_t size() const { return items_.size(); }
    std::size_t bytes() const { return bytes_; }

private:
    struct Kept {
        std::shared_ptr<const FeedItem> item;
        std::size_t bytes;
        std::int64_t mono_ns;
    };
    void drop_oldest();

    Limits limits_;
    std::deque<Kept> items_;
    std::size_t bytes_ = 0;
    Seq floor_ = 1;
};

}  // namespace pgsidecar::realtime
