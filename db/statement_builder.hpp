#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "db/error.hpp"
#include "db/rows.hpp"

namespace pgsidecar::db {

/// Turns a name into an SQL identifier (PgSession::quote).
using Quote = std::function<Result<std::string>(std::string_view)>;

/// A statement and the values of its $1, $2, ...
struct Statement {
    std::string sql;
    std::vector<Value> parameters;
};

/// The statements of R80-R82, each with RETURNING *. Errors: a name that cannot be one, an update
/// of nothing.
Result<Statement> build_insert(const Quote& quote, const TableName& table,
                               std::vector<Assignment> row);
Result<Statement> build_update(const Quote& quote, const TableName& table, std::string id,
                               std::vector<Assignment> changes);
Result<Statement> build_delete(const Quote& quote, const TableName& table, std::string id);

}  // namespace pgsidecar::db
