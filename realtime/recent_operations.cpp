#include "realtime/recent_operations.hpp"

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

void RecentOperations::add(std::span<const model::DatabaseOperation> batch) {
    if (batch.size() > capacity_) batch = batch.last(capacity_);
    std::lock_guard lock(mutex_);
    operations_.insert(operations_.end(), batch.begin(), batch.end());
    while (operations_.size() > capacity_) operations_.pop_front();
}

std::vector<model::DatabaseOperation> RecentOperations::find(const OperationFilter& filter) const {
    std::vector<model::DatabaseOperation> found;
    std::lock_guard lock(mutex_);
    for (auto it = operations_.rbegin(); it != operations_.rend() && found.size() < filter.limit;
         ++it) {
        if (matches(filter, *it)) found.push_back(*it);
    }
    return found;
}

}  // namespace pgsidecar::realtime
