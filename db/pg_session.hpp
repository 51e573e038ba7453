#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/upstream.hpp"
#include "db/connect_parameters.hpp"
#include "db/error.hpp"
#include "db/rows.hpp"
#include "db/socket_wait.hpp"

struct pg_conn;    // libpq's PGconn
struct pg_result;  // libpq's PGresult

namespace pgsidecar::db {

/// What NOTIFY sent.
struct Notification {
    std::string channel, payload;
};

/// One libpq connection on Asio: never blocks, every step under a Limit. One operation at a time.
///
/// A time-out or interruption closes the connection, since what the server does with the statement
/// is then unknown. The server's notices are dropped: they may quote values. Thread: its
/// executor's. Owns: the connection.
class PgSession {
    friend class PgPipeline;  // the same connection for work in bulk

public:
    explicit PgSession(asio::any_io_executor executor);
    ~PgSession();
    PgSession(const PgSession&) = delete;
    PgSession& operator=(const PgSession&) = delete;

    asio::awaitable<Result<void>> connect(config::Upstream upstream, Endpoint endpoint,
                                          bool tls_required, Limit limit);
    /// One statement, values as parameters.
    asio::awaitable<Result<Rows>> execute(std::string sql, std::vector<Value> parameters,
                                          Limit limit);
    /// Our own fixed text, which may hold several statements; the last one's rows.
    asio::awaitable<Result<Rows>> execute_script(std::string sql, Limit limit);
    void close();
    /// Ends what is under way with DB_DISCONNECTED and closes.
    void interrupt();

    bool is_open() const { return connection_ != nullptr; }
    bool in_transaction() const;
    /// In a transaction that can only be rolled back.
    bool transaction_failed() const;
    /// Takes in what the server sent while nothing runs. Not empty: the connection has ended, and
    /// why.
    std::optional<Error> idle_input();
    /// What other sessions said to the channels it listens to, since the last call.
    std::vector<Notification> take_notifications();
    int socket() const;
    std::string server_version() const;
    /// The name as an SQL identifier; an error when it cannot be one.
    Result<std::string> quote(std::string_view name) const;
    Limit limit(std::int64_t timeout_ms) const { return wait_.limit(timeout_ms); }
    bool interrupted(const Limit& limit) const { return wait_.interrupted(limit); }

private:
    struct Closer {
        void operator()(pg_conn* connection) const;
    };
    struct ResultFreer {
        void operator()(pg_result* result) const;
    };
    using ResultPtr = std::unique_ptr<pg_result, ResultFreer>;

    static void take_notice(void* self, const pg_result* notice);
    asio::awaitable<Result<void>> finish_connect(Limit limit);
    asio::awaitable<Result<void>> flush(Limit limit);
    asio::awaitable<Result<Rows>> collect(Limit limit);
    /// Nothing more to read for PQgetResult to block on.
    asio::awaitable<Result<void>> fill(Limit limit);
    /// Why a wait did not end with a ready socket; closes.
    Error give_up(SocketWait::Outcome outcome, Limit limit, model::ErrorPhase phase);
    /// The connection broke; closes.
    Error broken();

    asio::any_io_executor executor_;
    SocketWait wait_;
    std::unique_ptr<pg_conn, Closer> connection_;
    std::string fatal_sqlstate_;  ///< of a FATAL message that came while nothing ran
};

}  // namespace pgsidecar::db
