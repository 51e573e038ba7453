#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "model/database_operation.hpp"
#include "model/feed_event.hpp"

namespace pgsidecar::changes {

/// Which tables were written through the sidecar, as row changes without rows: a hint to fetch
/// again. Writes of a transaction count from its COMMIT on. Thread: its owner's.
class ProxyWrites {
public:
    /// Records in the order of each session. One event for each table and verb in the batch.
    std::vector<model::FeedEvent> collect(std::span<const model::OperationRecord> batch);
    std::size_t open_transactions() const { return open_.size(); }

private:
    using Write = std::pair<std::string, std::string>;  ///< schema.table and verb
    struct Open {
        model::OperationSourcePtr source;  ///< keeps the key's address from being used again
        std::set<Write> writes;
        std::int64_t since_us = 0;
    };
    void note(const model::OperationRecord& record, std::map<Write, std::int64_t>& seen);
    void forget_old(std::int64_t now_us);

    std::map<const model::OperationSource*, Open> open_;
};

}  // namespace pgsidecar::changes
