#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/mock/table_book.hpp"

namespace pgsidecar::proxy::mock {

/// A table that a statement names at its outermost level, and what the statement calls it.
struct TableReference {
    std::string table;
    std::string alias;
};

/// The known ones of a statement's tables.
class Relations {
public:
    Relations() = default;
    Relations(const TableBook& book, const std::vector<TableReference>& references) {
        for (const TableReference& reference : references) {
            if (TablePtr table = book.find(reference.table))
                known_.push_back({reference.alias, std::move(table)});
        }
    }

    /// Of the first table that has such a column.
    std::optional<Oid> type_of_column(std::string_view name) const {
        for (const Known& known : known_)
            for (const Column& column : *known.table)
                if (column.name == name) return column.type;
        return std::nullopt;
    }
    /// "*", or "alias.*": all columns, in order.
    std::vector<Column> columns_of(std::string_view alias = {}) const {
        std::vector<Column> out;
        for (const Known& known : known_) {
            if (alias.empty() || known.alias == alias)
                out.insert(out.end(), known.table->begin(), known.table->end());
        }
        return out;
    }

private:
    struct Known {
        std::string alias;
        TablePtr table;
    };
    std::vector<Known> known_;
};

}  // namespace pgsidecar::proxy::mock
