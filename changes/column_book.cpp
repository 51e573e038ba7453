#include "changes/column_book.hpp"

#include <memory>
#include <utility>

namespace pgsidecar::changes {
namespace {

/// The names of tables are whatever the events say.
constexpr std::size_t kMaxTables = 10'000;

constexpr const char* kColumnsSql =
    "SELECT a.attname, t.typname FROM pg_catalog.pg_attribute a"
    " JOIN pg_catalog.pg_type t ON t.oid = a.atttypid"
    " JOIN pg_catalog.pg_class c ON c.oid = a.attrelid"
    " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    " WHERE n.nspname = $1 AND c.relname = $2 AND a.attnum > 0 AND NOT a.attisdropped"
    " ORDER BY a.attnum";

model::FeedColumns read_columns(const db::Rows& rows) {
    auto out = std::make_shared<std::vector<model::FeedColumn>>();
    for (const auto& row : rows.rows) {
        if (row.size() == 2 && row[0] && row[1]) out->push_back({*row[0], *row[1]});
    }
    return out->empty() ? nullptr : out;
}

}  // namespace

asio::awaitable<void> ColumnBook::describe(db::PgPipeline& pipeline,
                                           std::vector<model::FeedEvent>& events,
                                           std::int64_t timeout_ms) {
    for (model::FeedEvent& event : events) {
        if (event.table.empty()) continue;
        // Neither name can hold a zero byte.
        std::string name = event.schema + '\0' + event.table;
        auto found = known_.find(name);
        if (found == known_.end()) {
            if (!pipeline.is_open()) co_return;
            std::vector<db::Value> table{db::Value(event.schema), db::Value(event.table)};
            auto rows = co_await pipeline.execute(kColumnsSql, std::move(table), timeout_ms);
            if (!rows) co_return;
            if (known_.size() >= kMaxTables) known_.clear();
            found = known_.emplace(std::move(name), read_columns(*rows)).first;
        }
        event.columns = found->second;
    }
}

}  // namespace pgsidecar::changes
