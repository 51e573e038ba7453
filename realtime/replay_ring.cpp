#include "realtime/replay_ring.hpp"

#include <algorithm>
#include <utility>

namespace pgsidecar::realtime {

void ReplayRing::add(std::shared_ptr<const FeedItem> item, std::size_t bytes,
                     std::int64_t mono_ns) {
    bytes_ += bytes;
    items_.push_back({std::move(item), bytes, mono_ns});
    while (!items_.empty() && (items_.size() > limits_.messages || bytes_ > limits_.bytes)) {
        drop_oldest();
    }
    expire(mono_ns);
}

void ReplayRing::expire(std::int64_t mono_ns) {
    while (!items_.empty() && mono_ns - items_.front().mono_ns > limits_.age_ms * 1'000'000) {
        drop_oldest();
    }
}

void ReplayRing::clear(Seq head) {
    items_.clear();
    bytes_ = 0;
    floor_ = head + 1;
}

void ReplayRing::drop_oldest() {
    floor_ = items_.front().item->seq + 1;
    bytes_ -= items_.front().bytes;
    items_.pop_front();
}

std::shared_ptr<const FeedItem> ReplayRing::at_least(Seq seq) const {
    auto found = std::lower_bound(items_.begin(), items_.end(), seq,
                                  [](const Kept& kept, Seq s) { return kept.item->seq < s; });
    return found == items_.end() ? nullptr : found->item;
}

}  // namespace pgsidecar::realtime
