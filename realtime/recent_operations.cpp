#include "realtime/recent_operations.hpp"

#include <utility>

namespace pgsidecar::realtime {
namespace {

bool names_table(const std::string& wanted, const std::string& table) {
    if (table == wanted) return true;
    return wanted.find('.') == std::string::npos && table.size() > wanted.size() + 1 &&
           table.ends_with(wanted) && table[table.size() - wanted.size() - 1] == '.';
}

}  // namespace

bool matches(const OperationFilter& filter, const model::DatabaseOperation& operation) {
    if (filter.type && *filter.type != operation.type) return false;
    if (filter.success && *filter.success != operation.success) return false;
    if (filter.table && !(operation.table && names_table(*filter.table, *operation.table)))
        return false;
    return true;
}

void RecentOperations::add(std::span<model::OperationRecord> batch) {
    if (batch.size() > capacity_) batch = batch.last(capacity_);
    std::lock_guard lock(mutex_);
    for (model::OperationRecord& record : batch) {
        if (records_.size() >= capacity_) records_.pop_front();
        records_.push_back(std::move(record));
    }
}

std::vector<model::DatabaseOperation> RecentOperations::find(const OperationFilter& filter) const {
    std::vector<model::DatabaseOperation> found;
    std::lock_guard lock(mutex_);
    for (auto it = records_.rbegin(); it != records_.rend() && found.size() < filter.limit; ++it) {
        auto operation = model::to_operation(*it);
        if (matches(filter, operation)) found.push_back(std::move(operation));
    }
    return found;
}

}  // namespace pgsidecar::realtime
