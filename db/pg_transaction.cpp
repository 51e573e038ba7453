#include "db/pg_transaction.hpp"

#include <exception>
#include <string>
#include <utility>

#include "db/pg_client.hpp"

namespace pgsidecar::db {
namespace {

/// Bounds what a server that we have given up on goes on doing; ends with the transaction.
std::string begin_script(std::int64_t timeout_ms) {
    return "BEGIN; SET LOCAL statement_timeout = " + std::to_string(timeout_ms);
}

asio::awaitable<Result<void>> run_work(DatabaseAdapter::Work work, Client& client) {
    std::string what;
    try {
        co_return co_await work(client);
    } catch (const std::exception& thrown) {
        what = thrown.what();
    }
    Error error = model::other_error("The transaction's own code failed.",
                                     "This is a bug of pgsidecar; please report it.", false);
    error.server_message = what;
    co_return error;
}

Error rolled_back(const Error& cause) {
    Error error = model::rolled_back(cause);
    return error;
}

asio::awaitable<void> roll_back(PgSession& session, Limit limit) {
    if (!session.is_open()) co_return;
    auto done = co_await session.execute_script("ROLLBACK", limit);
    if (!done) session.close();
}

asio::awaitable<Result<void>> commit(PgSession& session, Limit limit) {
    // After a failed statement that work ignored, COMMIT would answer ROLLBACK and no error.
    if (!session.in_transaction()) {
        co_return rolled_back(model::other_error("the transaction was ended by its own statements",
                                                 "Do not send COMMIT or ROLLBACK inside one.",
                                                 false));
    }
    bool failed = session.transaction_failed();
    auto done = co_await session.execute_script("COMMIT", limit);
    if (!done) {
        Error error = rolled_back(done.error());
        if (!session.is_open()) {
            error = done.error();
            error.fate_unknown = true;
        }
        co_return error;
    }
    if (failed) {
        model::ServerErrorFields fields;
        fields.sqlstate = "25P02";
        co_return Error(model::classify_server_error(fields, model::ErrorPhase::Statement));
    }
    co_return Result<void>();
}

}  // namespace

asio::awaitable<Result<void>> run_transaction(PgSession& session, DatabaseAdapter::Work work,
                                              Limit limit) {
    auto begun = co_await session.execute_script(begin_script(limit.timeout_ms), limit);
    if (!begun) {
        co_await roll_back(session, limit);
        co_return begun.error();
    }
    PgClient client(session, limit);
    auto worked = co_await run_work(std::move(work), client);
    if (!worked) {
        co_await roll_back(session, limit);
        co_return rolled_back(worked.error());
    }
    if (!session.is_open()) co_return rolled_back(model::connection_lost());
    auto committed = co_await commit(session, limit);
    if (session.in_transaction()) session.close();
    co_return committed;
}

}  // namespace pgsidecar::db
