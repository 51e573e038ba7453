#pragma once

#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "model/database_operation.hpp"

namespace pgsidecar::realtime {

/// What `GET /api/operations` may ask for; an absent member matches everything.
struct OperationFilter {
    std::size_t limit = 100;
    std::optional<std::string> type =
        std::nullopt;  ///< query | insert | update | delete | transaction
    std::optional<std::string> table =
        std::nullopt;  ///< exact; "orders" also matches "public.orders"
    std::optional<bool> success = std::nullopt;
};

bool matches(const OperationFilter& filter, const model::DatabaseOperation& operation);

/// The latest operations, the oldest giving way. They are kept as they were recorded and turned
/// into texts only when somebody asks. Thread: any.
class RecentOperations {
public:
    explicit RecentOperations(std::size_t capacity) : capacity_(capacity) {}

    /// Takes the records out of the batch.
    void add(std::span<model::OperationRecord> batch);
    /// Newest first.
    std::vector<model::DatabaseOperation> find(const OperationFilter& filter) const;

private:
    std::size_t capacity_;
    mutable std::mutex mutex_;
    std::deque<model::OperationRecord> records_;
};

}  // namespace pgsidecar::realtime
