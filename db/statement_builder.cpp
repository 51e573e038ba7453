#include "db/statement_builder.hpp"

#include <utility>

namespace pgsidecar::db {
namespace {

Result<std::string> quote_table(const Quote& quote, const TableName& table) {
    if (table.schema.empty()) return quote(table.name);
    auto schema = quote(table.schema);
    if (!schema) return schema;
    auto name = quote(table.name);
    if (!name) return name;
    return *schema + '.' + *name;
}

std::string placeholder(std::size_t number) { return '$' + std::to_string(number); }

}  // namespace

Result<Statement> build_insert(const Quote& quote, const TableName& table,
                               std::vector<Assignment> row) {
    auto target = quote_table(quote, table);
    if (!target) return target.error();
    Statement out{"INSERT INTO " + *target, {}};
    if (row.empty()) {
        out.sql += " DEFAULT VALUES RETURNING *";
        return out;
    }
    std::string columns, values;
    for (auto& [name, value] : row) {
        auto column = quote(name);
        if (!column) return column.error();
        out.parameters.push_back(std::move(value));
        columns += (columns.empty() ? "" : ", ") + *column;
        values += (values.empty() ? "" : ", ") + placeholder(out.parameters.size());
    }
    out.sql += " (" + columns + ") VALUES (" + values + ") RETURNING *";
    return out;
}

Result<Statement> build_update(const Quote& quote, const TableName& table, std::string id,
                               std::vector<Assignment> changes) {
    if (changes.empty()) {
        return Error(model::other_error("An update changes no column.",
                                        "Name at least one column to change.", false));
    }
    auto target = quote_table(quote, table);
    if (!target) return target.error();
    Statement out;
    std::string assignments;
    for (auto& [name, value] : changes) {
        auto column = quote(name);
        if (!column) return column.error();
        out.parameters.push_back(std::move(value));
        assignments += (assignments.empty() ? "" : ", ") + *column + " = " +
                       placeholder(out.parameters.size());
    }
    out.parameters.emplace_back(std::move(id));
    out.sql = "UPDATE " + *target + " SET " + assignments +
              " WHERE \"id\" = " + placeholder(out.parameters.size()) + " RETURNING *";
    return out;
}

Result<Statement> build_delete(const Quote& quote, const TableName& table, std::string id) {
    auto target = quote_table(quote, table);
    if (!target) return target.error();
    Statement out{"DELETE FROM " + *target + " WHERE \"id\" = $1 RETURNING *", {}};
    out.parameters.emplace_back(std::move(id));
    return out;
}

}  // namespace pgsidecar::db
