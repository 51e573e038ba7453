#pragma once

#include <libpq-fe.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/deadline.hpp"

namespace pgsidecar::test {

struct PqResultDeleter {
    void operator()(PGresult* r) const { PQclear(r); }
};

/// A libpq result that owns itself.
class PqResult {
public:
    explicit PqResult(PGresult* result) : result_(result) {}

    PGresult* get() const { return result_.get(); }
    ExecStatusType status() const { return PQresultStatus(get()); }
    bool ok() const { return status() == PGRES_TUPLES_OK || status() == PGRES_COMMAND_OK; }
    std::string value(int row = 0, int column = 0) const { return PQgetvalue(get(), row, column); }
    std::string sqlstate() const { return field(PG_DIAG_SQLSTATE); }
    std::string field(int code) const;
    std::string message() const { return PQresultErrorMessage(get()); }

private:
    std::unique_ptr<PGresult, PqResultDeleter> result_;
};

/// A libpq connection; throws std::runtime_error where a test could not go on.
class PqConnection {
public:
    /// Throws with libpq's message when the login fails; see try_connect for tests that want it to.
    explicit PqConnection(const std::string& conninfo);
    static PqConnection try_connect(const std::string& conninfo);

    PGconn* get() const { return connection_.get(); }
    bool connected() const { return PQstatus(get()) == CONNECTION_OK; }
    std::string error() const { return PQerrorMessage(get()); }

    PqResult query(const std::string& sql) { return PqResult(PQexec(get(), sql.c_str())); }
    PqResult query(const std::string& sql, const std::vector<std::string>& parameters);
    /// The first value of a query that must succeed.
    std::string scalar(const std::string& sql);
    /// A statement that must succeed.
    void run(const std::string& sql) { scalar_or_nothing(sql); }
    /// Sends without waiting.
    void send(const std::string& sql);
    /// True when a result can be had without blocking before the deadline.
    bool answered(Deadline deadline);
    /// The next result, then drains the rest; throws when the deadline passes.
    PqResult finish(Deadline deadline);
    /// The notices since the last call, message texts only.
    std::vector<std::string> take_notices() { return std::exchange(*notices_, {}); }
    void close() { connection_.reset(); }

private:
    struct Deleter {
        void operator()(PGconn* c) const { PQfinish(c); }
    };
    explicit PqConnection(PGconn* connection);
    std::string scalar_or_nothing(const std::string& sql);

    std::unique_ptr<std::vector<std::string>> notices_;
    std::unique_ptr<PGconn, Deleter> connection_;
};

}  // namespace pgsidecar::test
