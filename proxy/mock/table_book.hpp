#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/mock/result.hpp"
#include "sql/backslash.hpp"

namespace pgsidecar::proxy::mock {

using TablePtr = std::shared_ptr<const std::vector<Column>>;

/// The columns of tables that CREATE TABLE and ALTER TABLE named while the process runs, so that
/// later answers have the right types. No rows, nothing on disk, no rollback.
///
/// Thread: any; the workers share one. Bounded: what comes when it is full is not remembered.
class TableBook {
public:
    static constexpr std::size_t kMaxTables = 2'000;
    static constexpr std::size_t kMaxColumnsInAll = 50'000;

    /// Looks at a statement that begins with CREATE, ALTER or DROP; others do no harm.
    void learn(std::string_view statement, sql::Backslash backslash);
    /// Null when the table is not known. name: without its schema.
    TablePtr find(std::string_view name) const;

private:
    class Reader;

    void put(const std::string& name, std::vector<Column> columns);

    mutable std::mutex mutex_;
    std::map<std::string, TablePtr, std::less<>> tables_;
    std::size_t columns_in_all_ = 0;
};

}  // namespace pgsidecar::proxy::mock
