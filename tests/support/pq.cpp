#include "tests/support/pq.hpp"

#include <poll.h>

#include <stdexcept>
#include <utility>

namespace pgsidecar::test {

namespace {

void keep_notice(void* to, const PGresult* result) {
    const char* text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    static_cast<std::vector<std::string>*>(to)->emplace_back(text != nullptr ? text : "");
}

}  // namespace

std::string PqResult::field(int code) const {
    const char* text = PQresultErrorField(get(), code);
    return text != nullptr ? text : "";
}

PqConnection::PqConnection(PGconn* connection)
    : notices_(std::make_unique<std::vector<std::string>>()), connection_(connection) {
    PQsetNoticeReceiver(connection, keep_notice, notices_.get());
}

PqConnection::PqConnection(const std::string& conninfo)
    : PqConnection(PQconnectdb(conninfo.c_str())) {
    if (!connected()) throw std::runtime_error("cannot connect: " + error());
}

PqConnection PqConnection::try_connect(const std::string& conninfo) {
    return PqConnection(PQconnectdb(conninfo.c_str()));
}

PqResult PqConnection::query(const std::string& sql, const std::vector<std::string>& parameters) {
    std::vector<const char*> values;
    for (const auto& p : parameters) values.push_back(p.c_str());
    return PqResult(PQexecParams(get(), sql.c_str(), static_cast<int>(values.size()), nullptr,
                                 values.data(), nullptr, nullptr, 0));
}

std::string PqConnection::scalar_or_nothing(const std::string& sql) {
    PqResult result = query(sql);
    if (!result.ok()) throw std::runtime_error(sql + ": " + error());
    return PQntuples(result.get()) > 0 ? result.value() : "";
}

std::string PqConnection::scalar(const std::string& sql) {
    PqResult result = query(sql);
    if (result.status() != PGRES_TUPLES_OK || PQntuples(result.get()) == 0) {
        throw std::runtime_error(sql + " gave no value: " + error());
    }
    return result.value();
}

void PqConnection::send(const std::string& sql) {
    if (PQsendQuery(get(), sql.c_str()) != 1) throw std::runtime_error("cannot send: " + error());
}

bool PqConnection::answered(Deadline deadline) {
    while (PQisBusy(get()) == 1) {
        pollfd p{PQsocket(get()), POLLIN, 0};
        if (::poll(&p, 1, deadline.poll_ms()) <= 0) return false;
        if (PQconsumeInput(get()) != 1) return true;
    }
    return true;
}

PqResult PqConnection::finish(Deadline deadline) {
    if (!answered(deadline)) throw std::runtime_error("no result before the deadline");
    PqResult first(PQgetResult(get()));
    while (answered(deadline)) {
        PGresult* next = PQgetResult(get());
        if (next == nullptr) break;
        PQclear(next);
    }
    return first;
}

}  // namespace pgsidecar::test
