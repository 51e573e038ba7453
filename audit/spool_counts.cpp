#include "audit/spool_counts.hpp"

#include <algorithm>

namespace pgsidecar::audit {

void SpoolBuffered::add(Item item) {
    items_.push_back(item);
    bytes_ += item.bytes;
}

void SpoolBuffered::remove(std::uint64_t sequence) {
    const auto found =
        std::lower_bound(items_.begin(), items_.end(), sequence,
                         [](const Item& item, std::uint64_t s) { return item.sequence < s; });
    if (found == items_.end() || found->sequence != sequence) return;
    bytes_ -= found->bytes;
    items_.erase(found);
}

void SpoolBuffered::clear() {
    items_.clear();
    bytes_ = 0;
}

}  // namespace pgsidecar::audit
