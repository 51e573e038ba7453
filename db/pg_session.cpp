#include "db/pg_session.hpp"

#include <libpq-fe.h>

#include <charconv>
#include <cstring>
#include <utility>

#include "db/error_text.hpp"

namespace pgsidecar::db {
namespace {

using model::ErrorPhase;

/// Int16 counts them in Bind (manual, "Message Formats").
constexpr std::size_t kMaxParameters = 65'535;

Error bad_call(std::string message) {
    return model::other_error(std::move(message), "Correct the call; it was not sent.", false);
}

bool holds_zero_byte(std::string_view text) { return text.find('\0') != std::string_view::npos; }

std::optional<Error> check_call(const std::string& sql, const std::vector<Value>& parameters) {
    if (holds_zero_byte(sql)) return bad_call("A statement must not hold a zero byte.");
    if (parameters.size() > kMaxParameters) {
        return bad_call("A statement can have at most 65535 parameters.");
    }
    for (const auto& value : parameters) {
        if (value && holds_zero_byte(*value)) {
            return bad_call("A parameter holds a zero byte, which PostgreSQL's text cannot.");
        }
    }
    return std::nullopt;
}

Rows to_rows(const PGresult* result) {
    Rows rows;
    int columns = PQnfields(result);
    for (int column = 0; column < columns; ++column)
        rows.columns.emplace_back(PQfname(result, column));
    int count = PQntuples(result);
    rows.rows.resize(static_cast<std::size_t>(count));
    for (int row = 0; row < count; ++row) {
        auto& fields = rows.rows[static_cast<std::size_t>(row)];
        fields.resize(static_cast<std::size_t>(columns));
        for (int column = 0; column < columns; ++column) {
            if (PQgetisnull(result, row, column) != 0) continue;
            auto length = static_cast<std::size_t>(PQgetlength(result, row, column));
            fields[static_cast<std::size_t>(column)].emplace(PQgetvalue(result, row, column),
                                                             length);
        }
    }
    std::string_view tuples = PQcmdTuples(const_cast<PGresult*>(result));
    std::from_chars(tuples.data(), tuples.data() + tuples.size(), rows.affected);
    return rows;
}

}  // namespace

void PgSession::Closer::operator()(pg_conn* connection) const { PQfinish(connection); }
void PgSession::ResultFreer::operator()(pg_result* result) const { PQclear(result); }

PgSession::PgSession(asio::any_io_executor executor) : executor_(executor), wait_(executor) {}
PgSession::~PgSession() = default;

void PgSession::take_notice(void* self, const pg_result* notice) {
    const char* severity = PQresultErrorField(notice, PG_DIAG_SEVERITY_NONLOCALIZED);
    const char* sqlstate = PQresultErrorField(notice, PG_DIAG_SQLSTATE);
    if (severity == nullptr || sqlstate == nullptr || std::strcmp(severity, "FATAL") != 0) return;
    static_cast<PgSession*>(self)->fatal_sqlstate_ = sqlstate;
}

asio::awaitable<Result<void>> PgSession::connect(config::Upstream upstream, Endpoint endpoint,
                                                 bool tls_required, Limit limit) {
    close();
    auto parameters = connect_parameters(upstream, endpoint, tls_required);
    std::vector<const char*> keywords, values;
    for (const auto& [keyword, value] : parameters) {
        if (holds_zero_byte(value)) co_return bad_call("A connection setting holds a zero byte.");
        keywords.push_back(keyword.c_str());
        values.push_back(value.c_str());
    }
    keywords.push_back(nullptr);
    values.push_back(nullptr);
    connection_.reset(PQconnectStartParams(keywords.data(), values.data(), 0));
    if (!connection_) co_return Error(model::classify_errno(ENOMEM, ErrorPhase::Connect));
    PQsetErrorVerbosity(connection_.get(), PQERRORS_VERBOSE);
    PQsetNoticeReceiver(connection_.get(), &PgSession::take_notice, this);
    co_return co_await finish_connect(limit);
}

asio::awaitable<Result<void>> PgSession::finish_connect(Limit limit) {
    auto poll = PGRES_POLLING_WRITING;  // what the manual says to assume at first
    while (PQstatus(connection_.get()) != CONNECTION_BAD && poll != PGRES_POLLING_FAILED) {
        if (poll == PGRES_POLLING_OK) {
            PQsetnonblocking(connection_.get(), 1);
            co_return Result<void>();
        }
        auto what = poll == PGRES_POLLING_READING ? SocketWait::For::Read : SocketWait::For::Write;
        auto outcome = co_await wait_.wait(socket(), what, limit);
        if (outcome != SocketWait::Outcome::Ready || !is_open()) {
            co_return give_up(outcome, limit, ErrorPhase::Connect);
        }
        poll = PQconnectPoll(connection_.get());
    }
    Error error = from_connect_text(PQerrorMessage(connection_.get()));
    close();
    co_return error;
}

asio::awaitable<Result<Rows>> PgSession::execute(std::string sql, std::vector<Value> parameters,
                                                 Limit limit) {
    if (!is_open()) co_return Error(model::disconnected());
    if (auto error = check_call(sql, parameters)) co_return *error;
    std::vector<const char*> values;
    values.reserve(parameters.size());
    for (const auto& value : parameters) values.push_back(value ? value->c_str() : nullptr);
    int sent = PQsendQueryParams(connection_.get(), sql.c_str(), static_cast<int>(values.size()),
                                 nullptr, values.data(), nullptr, nullptr, 0);
    if (sent == 0) co_return broken();
    co_return co_await collect(limit);
}

asio::awaitable<Result<Rows>> PgSession::execute_script(std::string sql, Limit limit) {
    if (!is_open()) co_return Error(model::disconnected());
    if (PQsendQuery(connection_.get(), sql.c_str()) == 0) co_return broken();
    co_return co_await collect(limit);
}

asio::awaitable<Result<Rows>> PgSession::collect(Limit limit) {
    auto flushed = co_await flush(limit);
    if (!flushed) co_return flushed.error();
    Rows rows;
    std::optional<Error> error;
    for (;;) {
        auto filled = co_await fill(limit);
        if (!filled) co_return error ? *error : filled.error();
        ResultPtr result(PQgetResult(connection_.get()));
        if (!result) break;
        switch (PQresultStatus(result.get())) {
            case PGRES_TUPLES_OK:
            case PGRES_COMMAND_OK:
            case PGRES_EMPTY_QUERY: rows = to_rows(result.get()); break;
            case PGRES_COPY_IN:
            case PGRES_COPY_OUT:
            case PGRES_COPY_BOTH: close(); co_return bad_call("COPY cannot be used here.");
            default:
                if (!error) error = from_result(result.get(), limit.timeout_ms);
                break;
        }
    }
    bool lost = PQstatus(connection_.get()) == CONNECTION_BAD;
    if (lost) {
        Error why = broken();
        // libpq makes an error without SQLSTATE of a closed socket.
        if (!error || error->sqlstate.empty()) error = why;
    }
    if (error) co_return *error;
    co_return rows;
}

asio::awaitable<Result<void>> PgSession::flush(Limit limit) {
    for (;;) {
        int state = PQflush(connection_.get());
        if (state == 0) co_return Result<void>();
        if (state < 0) co_return broken();
        // Reading as well: a server that waits for us to read does not read what we write.
        auto outcome = co_await wait_.wait(socket(), SocketWait::For::Either, limit);
        if (outcome != SocketWait::Outcome::Ready || !is_open()) {
            co_return give_up(outcome, limit, ErrorPhase::Statement);
        }
        if (PQconsumeInput(connection_.get()) == 0) co_return broken();
    }
}

asio::awaitable<Result<void>> PgSession::fill(Limit limit) {
    while (PQisBusy(connection_.get()) != 0) {
        auto outcome = co_await wait_.wait(socket(), SocketWait::For::Read, limit);
        if (outcome != SocketWait::Outcome::Ready || !is_open()) {
            co_return give_up(outcome, limit, ErrorPhase::Statement);
        }
        // A lost connection makes PQisBusy() false and PQgetResult() tell why.
        PQconsumeInput(connection_.get());
    }
    co_return Result<void>();
}

Error PgSession::give_up(SocketWait::Outcome outcome, Limit limit, model::ErrorPhase phase) {
    close();
    if (outcome == SocketWait::Outcome::TimedOut) return model::timed_out(limit.timeout_ms, phase);
    return model::disconnected();
}

Error PgSession::broken() {
    Error error = fatal_sqlstate_.empty() ? model::connection_lost()
                                          : model::classify_server_error(
                                                {.sqlstate = fatal_sqlstate_}, ErrorPhase::Connect);
    if (connection_) error.server_message = PQerrorMessage(connection_.get());
    close();
    return error;
}

void PgSession::close() {
    connection_.reset();
    fatal_sqlstate_.clear();
}

void PgSession::interrupt() {
    wait_.interrupt();
    // An operation under way closes when it wakes: its socket is registered until then.
    if (!wait_.waiting()) close();
}

bool PgSession::in_transaction() const {
    return is_open() && PQtransactionStatus(connection_.get()) != PQTRANS_IDLE;
}

bool PgSession::transaction_failed() const {
    return is_open() && PQtransactionStatus(connection_.get()) == PQTRANS_INERROR;
}

std::vector<Notification> PgSession::take_notifications() {
    std::vector<Notification> out;
    while (is_open()) {
        std::unique_ptr<PGnotify, decltype(&PQfreemem)> one(PQnotifies(connection_.get()),
                                                            &PQfreemem);
        if (!one) break;
        out.push_back({one->relname, one->extra});
    }
    return out;
}

std::optional<Error> PgSession::idle_input() {
    if (!is_open()) return model::disconnected();
    bool alive = PQconsumeInput(connection_.get()) != 0;
    // Parses what came: parameter changes, notices, the server's farewell.
    PQisBusy(connection_.get());
    if (alive && PQstatus(connection_.get()) == CONNECTION_OK) return std::nullopt;
    return broken();
}

int PgSession::socket() const { return is_open() ? PQsocket(connection_.get()) : -1; }

std::string PgSession::server_version() const {
    const char* version =
        is_open() ? PQparameterStatus(connection_.get(), "server_version") : nullptr;
    return version != nullptr ? version : "";
}

Result<std::string> PgSession::quote(std::string_view name) const {
    if (!is_open()) return Error(model::disconnected());
    if (name.empty() || holds_zero_byte(name)) {
        return bad_call("A name of a table or column is empty or holds a zero byte.");
    }
    char* quoted = PQescapeIdentifier(connection_.get(), name.data(), name.size());
    if (quoted == nullptr) return bad_call("A name of a table or column is not valid UTF-8.");
    std::string out(quoted);
    PQfreemem(quoted);
    return out;
}

}  // namespace pgsidecar::db
