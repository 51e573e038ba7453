#include "tests/integration/support/transcript.hpp"

#include <array>
#include <sstream>
#include <utility>

namespace pgsidecar::test {

namespace {

std::string error_fields(const PGresult* result) {
    static constexpr std::array kFields{PG_DIAG_SEVERITY,           PG_DIAG_SEVERITY_NONLOCALIZED,
                                        PG_DIAG_SQLSTATE,           PG_DIAG_MESSAGE_PRIMARY,
                                        PG_DIAG_MESSAGE_DETAIL,     PG_DIAG_MESSAGE_HINT,
                                        PG_DIAG_STATEMENT_POSITION, PG_DIAG_INTERNAL_POSITION,
                                        PG_DIAG_INTERNAL_QUERY,     PG_DIAG_CONTEXT,
                                        PG_DIAG_SCHEMA_NAME,        PG_DIAG_TABLE_NAME,
                                        PG_DIAG_COLUMN_NAME,        PG_DIAG_DATATYPE_NAME,
                                        PG_DIAG_CONSTRAINT_NAME,    PG_DIAG_SOURCE_FILE,
                                        PG_DIAG_SOURCE_LINE,        PG_DIAG_SOURCE_FUNCTION};
    std::string out;
    for (int code : kFields) {
        const char* value = PQresultErrorField(result, code);
        if (value != nullptr) out += std::string(" ") + static_cast<char>(code) + "=" + value;
    }
    return out;
}

void write_notice(void* to, const PGresult* result) {
    static_cast<Transcript*>(to)->keep_notice("notice" + error_fields(result));
}

std::string rows(const PGresult* result) {
    std::string out;
    for (int c = 0; c < PQnfields(result); ++c) {
        const char* name = PQfname(result, c);  // null in a COPY
        out += " " + std::string(name != nullptr ? name : "") + ":" +
               std::to_string(PQftype(result, c)) + "/" + std::to_string(PQfmod(result, c)) + "/" +
               std::to_string(PQfformat(result, c));
    }
    for (int r = 0; r < PQntuples(result); ++r) {
        out += "\n ";
        for (int c = 0; c < PQnfields(result); ++c) {
            auto size = static_cast<std::size_t>(PQgetlength(result, r, c));
            out += " |";
            if (PQgetisnull(result, r, c) == 0)
                out += std::string(PQgetvalue(result, r, c), size);
            else
                out += "(null)";
        }
    }
    return out;
}

}  // namespace

Transcript::Transcript(PGconn* connection) : connection_(connection) {
    PQsetNoticeReceiver(connection, write_notice, this);
}

bool Transcript::take(PGresult* result) {
    if (result == nullptr) return false;
    note(std::string(PQresStatus(PQresultStatus(result))) + " [" + PQcmdStatus(result) + "] tx" +
         std::to_string(PQtransactionStatus(connection_)) + error_fields(result) + rows(result));
    PQclear(result);
    return true;
}

void Transcript::drain_copy(ExecStatusType direction) {
    if (direction == PGRES_COPY_IN) PQputCopyEnd(connection_, "nobody had data for this");
    char* row = nullptr;
    int n = direction == PGRES_COPY_OUT ? PQgetCopyData(connection_, &row, 0) : 0;
    for (; n > 0; n = PQgetCopyData(connection_, &row, 0)) {
        note("copied " + std::string(row, static_cast<std::size_t>(n)));
        PQfreemem(row);
    }
}

void Transcript::take_all() {
    while (PGresult* result = PQgetResult(connection_)) {
        auto status = PQresultStatus(result);
        take(result);
        // libpq repeats a COPY's result for ever until the copying is done.
        if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT) drain_copy(status);
    }
    note(std::exchange(notices_, {}) + "tx" + std::to_string(PQtransactionStatus(connection_)));
}

void Transcript::query(const std::string& sql) {
    note("> " + sql);
    if (PQsendQuery(connection_, sql.c_str()) != 1)
        note(std::string("cannot send: ") + PQerrorMessage(connection_));
    take_all();
}

std::string difference(const std::string& expected, const std::string& actual) {
    if (expected == actual) return "";
    std::istringstream left(expected), right(actual);
    std::string a, b, before;
    while (true) {
        bool more_left = static_cast<bool>(std::getline(left, a));
        bool more_right = static_cast<bool>(std::getline(right, b));
        if (!more_left) a = "(nothing more)";
        if (!more_right) b = "(nothing more)";
        if (a != b || !more_left || !more_right) {
            return "\nafter:    " + before + "\nexpected: " + a.substr(0, 500) +
                   "\nactual:   " + b.substr(0, 500);
        }
        before = a.substr(0, 200);
    }
}

}  // namespace pgsidecar::test
