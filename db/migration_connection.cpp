#include "db/migration_connection.hpp"

#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <utility>

#include "db/connect_parameters.hpp"
#include "db/error_text.hpp"

namespace pgsidecar::db {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

struct ResultFreer {
    void operator()(PGresult* result) const { PQclear(result); }
};

std::vector<std::pair<std::string, std::string>> parameters_of(const config::Upstream& upstream,
                                                               const config::HostPort& host,
                                                               bool tls_required) {
    const Endpoint endpoint{host.host, {}, host.port};
    auto parameters = connect_parameters(upstream, endpoint, tls_required);
    std::erase_if(parameters, [](const auto& one) { return one.first == "application_name"; });
    parameters.insert(parameters.end(), {{"application_name", "pgsidecar migrate"},
                                         {"keepalives_idle", "30"},
                                         {"keepalives_interval", "10"},
                                         {"keepalives_count", "3"}});
    return parameters;
}

/// True when the socket is ready before the deadline.
bool wait_for(int socket, short events, steady_clock::time_point deadline) {
    for (;;) {
        const auto left = std::chrono::duration_cast<milliseconds>(deadline - steady_clock::now());
        pollfd one{socket, events, 0};
        const int ready =
            ::poll(&one, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
        if (ready > 0) return true;
        if (ready == 0 || errno != EINTR) return false;
    }
}

std::string field(const PGresult* result, int code) {
    const char* text = PQresultErrorField(result, code);
    return text != nullptr ? text : "";
}

/// libpq explains itself in several.
std::string first_line(std::string_view text) {
    return std::string(text.substr(0, text.find('\n')));
}

ServerReport report_of(const PGresult* result) {
    ServerReport report{
        field(result, PG_DIAG_SQLSTATE),       field(result, PG_DIAG_MESSAGE_PRIMARY),
        field(result, PG_DIAG_MESSAGE_DETAIL), field(result, PG_DIAG_MESSAGE_HINT),
        field(result, PG_DIAG_CONTEXT),        0};
    const std::string position = field(result, PG_DIAG_STATEMENT_POSITION);
    std::from_chars(position.data(), position.data() + position.size(), report.position);
    if (report.message.empty()) report.message = first_line(PQresultErrorMessage(result));
    return report;
}

Rows rows_of(const PGresult* result) {
    Rows rows;
    const int columns = PQnfields(result);
    for (int column = 0; column < columns; ++column)
        rows.columns.emplace_back(PQfname(result, column));
    for (int row = 0; row < PQntuples(result); ++row) {
        auto& fields = rows.rows.emplace_back(static_cast<std::size_t>(columns));
        for (int column = 0; column < columns; ++column) {
            if (PQgetisnull(result, row, column) != 0) continue;
            fields[static_cast<std::size_t>(column)] = PQgetvalue(result, row, column);
        }
    }
    return rows;
}

ServerReport no_copy() {
    ServerReport report;
    report.sqlstate = "0A000";
    report.message = "COPY from or to the client cannot be used in a migration";
    report.hint = "Use INSERT.";
    return report;
}

}  // namespace

std::string MigrationReply::value(std::size_t column) const {
    if (rows.empty() || rows.rows[0].size() <= column) return {};
    return rows.rows[0][column].value_or("");
}

void MigrationConnection::Closer::operator()(pg_conn* connection) const { PQfinish(connection); }

MigrationConnection::MigrationConnection() = default;
MigrationConnection::~MigrationConnection() = default;

Result<void> MigrationConnection::connect(const config::Upstream& upstream, bool tls_required,
                                          std::int64_t timeout_ms, bool writable) {
    Result<void> last = Error(model::disconnected());
    for (const auto& host : upstream.hosts) {
        last = connect_to(upstream, host, tls_required, timeout_ms);
        if (last && writable) last = check_writable();
        // As libpq: a server that refuses the login would do so under its other addresses.
        if (last || (!last.error().transient && last.error().code != model::ErrorCode::ReadOnly))
            return last;
    }
    return last;
}

Result<void> MigrationConnection::connect_to(const config::Upstream& upstream,
                                             const config::HostPort& host, bool tls_required,
                                             std::int64_t timeout_ms) {
    close();
    const auto parameters = parameters_of(upstream, host, tls_required);
    std::vector<const char*> keywords, values;
    for (const auto& [keyword, value] : parameters) {
        keywords.push_back(keyword.c_str());
        values.push_back(value.c_str());
    }
    keywords.push_back(nullptr);
    values.push_back(nullptr);
    connection_.reset(PQconnectStartParams(keywords.data(), values.data(), 0));
    if (!connection_) return Error(model::classify_errno(ENOMEM, model::ErrorPhase::Connect));
    PQsetErrorVerbosity(connection_.get(), PQERRORS_VERBOSE);
    PQsetNoticeReceiver(connection_.get(), &MigrationConnection::take_notice, this);

    const auto deadline = steady_clock::now() + milliseconds(timeout_ms);
    auto poll = PGRES_POLLING_WRITING;  // what the manual says to assume at first
    while (PQstatus(connection_.get()) != CONNECTION_BAD && poll != PGRES_POLLING_FAILED) {
        if (poll == PGRES_POLLING_OK) return {};
        const short events = poll == PGRES_POLLING_READING ? POLLIN : POLLOUT;
        if (!wait_for(PQsocket(connection_.get()), events, deadline)) {
            close();
            return Error(model::timed_out(timeout_ms, model::ErrorPhase::Connect));
        }
        poll = PQconnectPoll(connection_.get());
    }
    Error error = from_connect_text(PQerrorMessage(connection_.get()));
    close();
    return error;
}

Result<void> MigrationConnection::check_writable() {
    const auto reply = run("SHOW transaction_read_only");
    if (reply && reply.value() == "off") return {};
    model::ServerErrorFields fields;
    fields.sqlstate = "25006";  // what the first migration would be told
    if (!reply) fields = {.sqlstate = reply.error->sqlstate, .message = reply.error->message};
    Error error = fields.sqlstate.empty()
                      ? Error(model::connection_lost())
                      : Error(model::classify_server_error(fields, model::ErrorPhase::Statement));
    close();
    return error;
}

void MigrationConnection::take_notice(void* self, const pg_result* notice) {
    const auto& handler = static_cast<MigrationConnection*>(self)->on_notice_;
    if (!handler) return;
    handler(field(notice, PG_DIAG_SEVERITY) + ": " + field(notice, PG_DIAG_MESSAGE_PRIMARY));
}

MigrationReply MigrationConnection::run(const std::string& sql) {
    return finish(connection_ && PQsendQuery(connection_.get(), sql.c_str()) != 0);
}

MigrationReply MigrationConnection::run(const std::string& sql,
                                        const std::vector<Value>& parameters) {
    std::vector<const char*> values;
    values.reserve(parameters.size());
    for (const auto& value : parameters) values.push_back(value ? value->c_str() : nullptr);
    return finish(connection_ &&
                  PQsendQueryParams(connection_.get(), sql.c_str(), static_cast<int>(values.size()),
                                    nullptr, values.data(), nullptr, nullptr, 0) != 0);
}

MigrationReply MigrationConnection::finish(bool sent) {
    MigrationReply out;
    // The first error is the cause; behind a FATAL one comes that the connection has ended.
    while (sent) {
        const std::unique_ptr<PGresult, ResultFreer> result(PQgetResult(connection_.get()));
        if (!result) break;
        switch (PQresultStatus(result.get())) {
            case PGRES_TUPLES_OK:
            case PGRES_COMMAND_OK:
            case PGRES_EMPTY_QUERY: out.rows = rows_of(result.get()); break;
            case PGRES_COPY_IN:
            case PGRES_COPY_OUT:
            case PGRES_COPY_BOTH:
                // Only the connection's end leaves this state for certain; the server rolls back.
                close();
                out.error = no_copy();
                return out;
            default:
                if (!out.error) out.error = report_of(result.get());
                break;
        }
    }
    if (is_open()) return out;
    if (!out.error) {
        out.error.emplace();
        out.error->message = connection_ ? first_line(PQerrorMessage(connection_.get()))
                                         : "the connection is closed";
    }
    close();
    return out;
}

bool MigrationConnection::is_open() const {
    return connection_ && PQstatus(connection_.get()) == CONNECTION_OK;
}

bool MigrationConnection::in_transaction() const {
    return is_open() && PQtransactionStatus(connection_.get()) != PQTRANS_IDLE;
}

bool MigrationConnection::stay(std::int64_t ms) {
    if (!is_open()) return false;
    const auto deadline = steady_clock::now() + milliseconds(ms);
    while (wait_for(PQsocket(connection_.get()), POLLIN, deadline)) {
        if (PQconsumeInput(connection_.get()) == 0) return false;
        // Parses what came, a notice or the server's farewell.
        PQisBusy(connection_.get());
    }
    return is_open();
}

}  // namespace pgsidecar::db
