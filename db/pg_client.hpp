#pragma once

#include "db/database_adapter.hpp"
#include "db/pg_session.hpp"
#include "db/statement_builder.hpp"

namespace pgsidecar::db {

/// R79-R82 on a session, under one limit for all. Thread and lifetime: the session's.
class PgClient final : public Client {
public:
    PgClient(PgSession& session, Limit limit) : session_(session), limit_(limit) {}

    asio::awaitable<Result<Rows>> query(std::string sql, std::vector<Value> parameters) override;
    asio::awaitable<Result<Rows>> insert(TableName table, std::vector<Assignment> row) override;
    asio::awaitable<Result<Rows>> update(TableName table, std::string id,
                                         std::vector<Assignment> changes) override;
    asio::awaitable<Result<Rows>> remove(TableName table, std::string id) override;

private:
    asio::awaitable<Result<Rows>> run(Result<Statement> statement);
    Quote quote() const;

    PgSession& session_;
    Limit limit_;
};

}  // namespace pgsidecar::db
