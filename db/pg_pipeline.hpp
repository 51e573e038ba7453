#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/upstream.hpp"
#include "db/error.hpp"
#include "db/pg_pipeline_parameters.hpp"
#include "db/pg_session.hpp"

namespace pgsidecar::db {

/// One statement of a pipeline, as views; nothing is copied before it is sent.
struct PipelineCommand {
    enum class Kind : std::uint8_t {
        Query,     ///< text is SQL; becomes the session's unnamed statement
        Again,     ///< the unnamed statement once more, with other parameters
        Prepared,  ///< text is the name of a prepared statement
    };
    Kind kind = Kind::Query;
    std::string_view text;  ///< followed by a zero byte
    std::span<const std::uint32_t> types;
    std::string_view parameters;  ///< as BindParameters reads them
};

/// How far a pipeline came.
struct PipelineOutcome {
    std::size_t completed = 0;     ///< commands that succeeded; the rest had no effect on their own
    std::optional<Error> failure;  ///< why command number `completed` did not
    std::int64_t last_affected = 0;  ///< rows that the last command changed

    bool all_done() const { return !failure; }
};

/// A connection for work in bulk: many statements sent without waiting for their answers (libpq's
/// pipeline mode), COPY, and a COMMIT whose loss is told apart.
///
/// Limits are about standstill: an operation that goes on may take long. A server's refusal leaves
/// the connection usable; every other error closes it. Thread: its executor's; one operation at a
/// time. Lifetime: must outlive its operations; interrupt() ends them.
class PgPipeline {
public:
    /// upstream: complete (config::upstream_of), with the database that is meant.
    PgPipeline(asio::any_io_executor executor, config::Upstream upstream, bool tls_required);

    asio::awaitable<Result<void>> connect(std::int64_t timeout_ms);
    asio::awaitable<Result<Rows>> execute(std::string sql, std::vector<Value> parameters,
                                          std::int64_t timeout_ms);
    /// Our own fixed text, which may hold several statements; the last one's rows.
    asio::awaitable<Result<Rows>> execute_script(std::string sql, std::int64_t timeout_ms);
    /// The commands in order until the first that fails. What they refer to must live until then.
    /// A failure of parameters that cannot be read has no SQLSTATE.
    asio::awaitable<Result<PipelineOutcome>> run(std::span<const PipelineCommand> commands,
                                                 std::int64_t stall_ms);
    /// COPY ... FROM STDIN with this data; the number of rows.
    asio::awaitable<Result<std::int64_t>> copy_in(std::string sql, std::string_view data,
                                                  std::int64_t stall_ms);
    /// fate_unknown when the connection was lost while the answer was awaited.
    asio::awaitable<Result<void>> commit(std::int64_t timeout_ms);

    /// See PgSession.
    std::optional<Error> idle_input() { return session_.idle_input(); }
    std::vector<Notification> take_notifications() { return session_.take_notifications(); }
    int socket() const { return session_.socket(); }
    Result<std::string> quote(std::string_view name) const { return session_.quote(name); }

    void close() { session_.close(); }
    /// Ends what is under way with DB_DISCONNECTED and closes.
    void interrupt() { session_.interrupt(); }
    bool is_open() const { return session_.is_open(); }
    bool in_transaction() const { return session_.in_transaction(); }
    const config::Upstream& upstream() const { return upstream_; }

private:
    struct Progress;

    asio::awaitable<Result<void>> send(std::span<const PipelineCommand> commands,
                                       Progress& progress, std::int64_t stall_ms);
    asio::awaitable<Result<void>> push(Progress& progress, std::int64_t stall_ms);
    asio::awaitable<Result<void>> answers(Progress& progress, std::int64_t stall_ms);
    bool send_one(const PipelineCommand& command);
    bool take_answers(Progress& progress);
    void take_answer(const pg_result* result, Progress& progress);
    Error lost(const Progress& progress);

    asio::any_io_executor executor_;
    config::Upstream upstream_;
    bool tls_required_;
    PgSession session_;
    BindParameters parameters_;
    std::vector<std::uint32_t> types_;
};

}  // namespace pgsidecar::db
