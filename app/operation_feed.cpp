#include "app/operation_feed.hpp"

#include <algorithm>

namespace pgsidecar::app {

namespace {
constexpr std::size_t kBatch = 65'536;
/// More than this of one batch is not even made into texts: the sockets' own limit is far below.
constexpr std::size_t kPublishedPerBatch = 500;
}  // namespace

std::chrono::milliseconds OperationFeed::interval() const {
    auto interval =
        std::chrono::milliseconds(server_.wants_operations() || wants_writes() ? 50 : 200);
    return outage_.logs() ? std::min(interval, log_interval_) : interval;
}

void OperationFeed::collect() {
    std::lock_guard lock(mutex_);
    collect_locked();
}

void OperationFeed::collect_locked() {
    batch_.clear();
    std::vector<std::uint64_t> taken;
    if (plane_.take_records(batch_, kBatch, &taken) == 0) return;
    if (outage_.logs()) {
        outage_.log(batch_, [this, taken](bool stored) { plane_.records_on_disk(taken, stored); });
    }
    if (server_.wants_operations()) {
        std::vector<model::DatabaseOperation> published;
        std::size_t first =
            batch_.size() > kPublishedPerBatch ? batch_.size() - kPublishedPerBatch : 0;
        for (std::size_t i = first; i < batch_.size(); ++i)
            published.push_back(model::to_operation(batch_[i]));
        server_.publish_operations(std::move(published));
    }
    if (wants_writes()) {
        auto changes = writes_.collect(batch_);
        if (!changes.empty()) server_.publish_feed(std::move(changes));
    }
    top_.add(batch_);
    recent_.add(batch_);
}

std::vector<model::DatabaseOperation> OperationFeed::find(const realtime::OperationFilter& filter) {
    collect();
    return recent_.find(filter);
}

}  // namespace pgsidecar::app
