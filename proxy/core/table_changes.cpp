#include "proxy/core/table_changes.hpp"

#include <algorithm>

#include "proxy/core/standin_texts.hpp"

namespace pgsidecar::proxy {

void TableChanges::changed(const model::StatementShape& shape) {
    ++epoch_;
    if (shape.tables.empty() || tables_.size() + shape.tables.size() > kMostTables) {
        all_ = epoch_;
        tables_.clear();
        return;
    }
    for (const auto& table : shape.tables) tables_[bare_table(table)] = epoch_;
}

bool TableChanges::may_concern(const model::StatementShape& shape,
                               std::uint32_t prepared_at) const {
    if (prepared_at == epoch_) return false;
    if (all_ > prepared_at) return true;
    return std::any_of(shape.tables.begin(), shape.tables.end(), [&](const std::string& table) {
        auto it = tables_.find(bare_table(table));
        return it != tables_.end() && it->second > prepared_at;
    });
}

}  // namespace pgsidecar::proxy
