#include "db/pg_pipeline.hpp"

#include <libpq-fe.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "base/crash_point.hpp"
#include "db/error_text.hpp"
#include "db/host_resolver.hpp"

namespace pgsidecar::db {
namespace {

/// How many commands are put into libpq's buffer before it is asked to write.
constexpr std::size_t kSendTogether = 32;
constexpr std::size_t kCopyChunk = 65'536;

Error unreadable() {
    return model::other_error("The statement or its parameters cannot be sent as they are stored.",
                              "The entry is damaged, or holds what PostgreSQL cannot.", false);
}

bool is_fatal(const PGresult* result) {
    const char* severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
    return severity != nullptr && std::strcmp(severity, "ERROR") != 0;
}

}  // namespace

struct PgPipeline::Progress {
    std::size_t sent = 0, answered = 0;
    bool in_answer = false;  ///< a command's result came, its end did not yet
    bool sync_sent = false, synced = false;
    std::optional<Error> failure;  ///< of command number `answered` at that time
    std::size_t failed_at = 0;
    std::optional<Error> fatal;
    std::int64_t last_affected = 0;
    std::uint64_t generation = 0;

    bool outstanding() const { return answered < sent || (sync_sent && !synced); }
    void fail(std::size_t at, Error why) {
        if (failure && failed_at <= at) return;
        failure = std::move(why);
        failed_at = at;
    }
};

PgPipeline::PgPipeline(asio::any_io_executor executor, config::Upstream upstream, bool tls_required)
    : executor_(executor),
      upstream_(std::move(upstream)),
      tls_required_(tls_required),
      session_(executor) {}

asio::awaitable<Result<void>> PgPipeline::connect(std::int64_t timeout_ms) {
    session_.close();
    const Limit whole = session_.limit(timeout_ms);
    auto endpoints = co_await resolve_hosts(executor_, upstream_.hosts, whole);
    if (session_.interrupted(whole)) co_return Error(model::disconnected());
    if (!endpoints) co_return endpoints.error();
    Error error;
    for (std::size_t i = 0; i < endpoints->size(); ++i) {
        Limit part = whole;
        const auto now = std::chrono::steady_clock::now();
        part.deadline = now + (whole.deadline - now) / static_cast<long>(endpoints->size() - i);
        auto connected = co_await session_.connect(upstream_, (*endpoints)[i], tls_required_, part);
        if (connected) co_return connected;
        error = connected.error();
        // As libpq: a server that said no to our login would say no under its other addresses.
        if (!error.transient || session_.interrupted(whole)) break;
    }
    co_return error;
}

asio::awaitable<Result<Rows>> PgPipeline::execute(std::string sql, std::vector<Value> parameters,
                                                  std::int64_t timeout_ms) {
    co_return co_await session_.execute(std::move(sql), std::move(parameters),
                                        session_.limit(timeout_ms));
}

asio::awaitable<Result<Rows>> PgPipeline::execute_script(std::string sql, std::int64_t timeout_ms) {
    co_return co_await session_.execute_script(std::move(sql), session_.limit(timeout_ms));
}

asio::awaitable<Result<PipelineOutcome>> PgPipeline::run(std::span<const PipelineCommand> commands,
                                                         std::int64_t stall_ms) {
    if (!session_.is_open()) co_return Error(model::disconnected());
    PGconn* connection = session_.connection_.get();
    if (PQenterPipelineMode(connection) == 0) co_return session_.broken();
    Progress progress;
    progress.generation = session_.limit(stall_ms).generation;
    auto sent = co_await send(commands, progress, stall_ms);
    if (!sent) co_return sent.error();
    if (PQpipelineSync(connection) == 0) co_return lost(progress);
    progress.sync_sent = true;
    auto pushed = co_await push(progress, stall_ms);
    if (!pushed) co_return pushed.error();
    auto answered = co_await answers(progress, stall_ms);
    if (!answered) co_return answered.error();
    if (PQexitPipelineMode(connection) == 0) co_return lost(progress);
    PipelineOutcome outcome;
    outcome.completed = progress.failure ? progress.failed_at : commands.size();
    outcome.failure = std::move(progress.failure);
    outcome.last_affected = progress.last_affected;
    co_return outcome;
}

asio::awaitable<Result<void>> PgPipeline::send(std::span<const PipelineCommand> commands,
                                               Progress& progress, std::int64_t stall_ms) {
    for (const auto& command : commands) {
        if (progress.failure) break;
        if (!send_one(command)) {
            if (PQstatus(session_.connection_.get()) == CONNECTION_BAD) co_return lost(progress);
            progress.fail(progress.sent, unreadable());
            break;
        }
        ++progress.sent;
        if (progress.sent % kSendTogether != 0) continue;
        auto pushed = co_await push(progress, stall_ms);
        if (!pushed) co_return pushed.error();
    }
    co_return Result<void>();
}

bool PgPipeline::send_one(const PipelineCommand& command) {
    if (std::strlen(command.text.data()) != command.text.size()) return false;
    if (!parameters_.read(command.parameters)) return false;
    PGconn* connection = session_.connection_.get();
    if (command.kind != PipelineCommand::Kind::Query) {
        const char* name = command.kind == PipelineCommand::Kind::Again ? "" : command.text.data();
        return PQsendQueryPrepared(connection, name, parameters_.count(), parameters_.values(),
                                   parameters_.lengths(), parameters_.formats(), 0) != 0;
    }
    types_.assign(command.types.begin(), command.types.end());
    types_.resize(static_cast<std::size_t>(parameters_.count()), 0);
    return PQsendQueryParams(connection, command.text.data(), parameters_.count(), types_.data(),
                             parameters_.values(), parameters_.lengths(), parameters_.formats(),
                             0) != 0;
}

asio::awaitable<Result<void>> PgPipeline::push(Progress& progress, std::int64_t stall_ms) {
    for (;;) {
        const int state = PQflush(session_.connection_.get());
        if (state == 0) co_return Result<void>();
        if (state < 0) co_return lost(progress);
        Limit limit = session_.limit(stall_ms);
        limit.generation = progress.generation;
        // Reading as well: a server that waits for us to read does not read what we write.
        auto outcome =
            co_await session_.wait_.wait(session_.socket(), SocketWait::For::Either, limit);
        if (outcome != SocketWait::Outcome::Ready || !session_.is_open()) {
            co_return session_.give_up(outcome, limit, model::ErrorPhase::Statement);
        }
        if (PQconsumeInput(session_.connection_.get()) == 0 || !take_answers(progress)) {
            co_return lost(progress);
        }
    }
}

asio::awaitable<Result<void>> PgPipeline::answers(Progress& progress, std::int64_t stall_ms) {
    for (;;) {
        if (!take_answers(progress)) co_return lost(progress);
        if (progress.synced) co_return Result<void>();
        Limit limit = session_.limit(stall_ms);
        limit.generation = progress.generation;
        auto outcome =
            co_await session_.wait_.wait(session_.socket(), SocketWait::For::Read, limit);
        if (outcome != SocketWait::Outcome::Ready || !session_.is_open()) {
            co_return session_.give_up(outcome, limit, model::ErrorPhase::Statement);
        }
        // A lost connection makes PQisBusy() false and PQgetResult() tell why.
        PQconsumeInput(session_.connection_.get());
    }
}

/// Every answer that is there; false: the connection has ended.
bool PgPipeline::take_answers(Progress& progress) {
    PGconn* connection = session_.connection_.get();
    while (progress.outstanding() && PQisBusy(connection) == 0) {
        PgSession::ResultPtr result(PQgetResult(connection));
        if (result) {
            take_answer(result.get(), progress);
        } else if (progress.in_answer) {
            progress.in_answer = false;
            ++progress.answered;
        } else {
            break;
        }
    }
    return !progress.fatal && PQstatus(connection) == CONNECTION_OK;
}

void PgPipeline::take_answer(const pg_result* result, Progress& progress) {
    progress.in_answer = true;
    switch (PQresultStatus(result)) {
        case PGRES_PIPELINE_SYNC:
            progress.in_answer = false;
            progress.synced = true;
            break;
        case PGRES_COMMAND_OK:
        case PGRES_TUPLES_OK:
        case PGRES_EMPTY_QUERY:
            progress.last_affected =
                std::strtoll(PQcmdTuples(const_cast<PGresult*>(result)), nullptr, 10);
            break;
        case PGRES_PIPELINE_ABORTED: break;
        default:
            if (is_fatal(result)) {
                progress.fatal = from_result(result, -1);
            } else {
                progress.fail(progress.answered, from_result(result, -1));
            }
            break;
    }
}

Error PgPipeline::lost(const Progress& progress) {
    Error why = session_.broken();
    return progress.fatal ? *progress.fatal : why;
}

asio::awaitable<Result<std::int64_t>> PgPipeline::copy_in(std::string sql, std::string_view data,
                                                          std::int64_t stall_ms) {
    if (!session_.is_open()) co_return Error(model::disconnected());
    PGconn* connection = session_.connection_.get();
    if (PQsendQuery(connection, sql.c_str()) == 0) co_return session_.broken();
    const Limit begin = session_.limit(stall_ms);
    auto flushed = co_await session_.flush(begin);
    if (!flushed) co_return flushed.error();
    auto filled = co_await session_.fill(begin);
    if (!filled) co_return filled.error();
    {
        const PgSession::ResultPtr result(PQgetResult(connection));
        if (PQresultStatus(result.get()) != PGRES_COPY_IN) {
            Error error = from_result(result.get(), stall_ms);
            auto rest = co_await session_.collect(begin);
            co_return session_.is_open() ? error : rest.error();
        }
    }
    while (!data.empty()) {
        const std::string_view chunk = data.substr(0, kCopyChunk);
        const int put = PQputCopyData(connection, chunk.data(), static_cast<int>(chunk.size()));
        if (put < 0) co_return session_.broken();
        if (put > 0) data.remove_prefix(chunk.size());
        Limit limit = session_.limit(stall_ms);
        limit.generation = begin.generation;
        flushed = co_await session_.flush(limit);
        if (!flushed) co_return flushed.error();
    }
    if (PQputCopyEnd(connection, nullptr) < 0) co_return session_.broken();
    Limit end = session_.limit(stall_ms);
    end.generation = begin.generation;
    auto rows = co_await session_.collect(end);
    if (!rows) co_return rows.error();
    co_return rows->affected;
}

asio::awaitable<Result<void>> PgPipeline::commit(std::int64_t timeout_ms) {
    if (!session_.is_open()) co_return Error(model::connection_lost());
    if (PQtransactionStatus(session_.connection_.get()) != PQTRANS_INTRANS) {
        co_return Error(model::rolled_back(model::other_error(
            "the transaction had ended before its COMMIT", "It is tried again.", true)));
    }
    const Limit limit = session_.limit(timeout_ms);
    if (PQsendQuery(session_.connection_.get(), "COMMIT") == 0) co_return session_.broken();
    auto flushed = co_await session_.flush(limit);
    Error error;
    if (flushed) {
        base::crash_point("ledger-commit");
        auto done = co_await session_.collect(limit);
        if (done) co_return Result<void>();
        error = done.error();
    } else {
        error = flushed.error();
    }
    error.fate_unknown = !session_.is_open();
    co_return error;
}

}  // namespace pgsidecar::db
