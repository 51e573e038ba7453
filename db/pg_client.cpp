#include "db/pg_client.hpp"

#include <utility>

namespace pgsidecar::db {

asio::awaitable<Result<Rows>> PgClient::query(std::string sql, std::vector<Value> parameters) {
    co_return co_await session_.execute(std::move(sql), std::move(parameters), limit_);
}

asio::awaitable<Result<Rows>> PgClient::insert(TableName table, std::vector<Assignment> row) {
    auto statement = build_insert(quote(), table, std::move(row));
    co_return co_await run(std::move(statement));
}

asio::awaitable<Result<Rows>> PgClient::update(TableName table, std::string id,
                                               std::vector<Assignment> changes) {
    auto statement = build_update(quote(), table, std::move(id), std::move(changes));
    co_return co_await run(std::move(statement));
}

asio::awaitable<Result<Rows>> PgClient::remove(TableName table, std::string id) {
    auto statement = build_delete(quote(), table, std::move(id));
    co_return co_await run(std::move(statement));
}

asio::awaitable<Result<Rows>> PgClient::run(Result<Statement> statement) {
    if (!statement) co_return statement.error();
    co_return co_await session_.execute(std::move(statement->sql), std::move(statement->parameters),
                                        limit_);
}

Quote PgClient::quote() const {
    return [this](std::string_view name) { return session_.quote(name); };
}

}  // namespace pgsidecar::db
