#pragma once

#include <libpq-fe.h>

#include <string>

namespace pgsidecar::test {

/// Everything a libpq client can see of a conversation, as text, so that two ways to the same
/// server can be compared: results with types, all error fields, notices in order, transaction
/// status.
class Transcript {
public:
    explicit Transcript(PGconn* connection);

    PGconn* connection() const { return connection_; }
    void note(const std::string& line) { text_ += line + "\n"; }
    /// libpq hands notices over when it happens to read them, so they come after the results of
    /// their Query.
    void keep_notice(const std::string& line) { notices_ += line + "\n"; }
    /// Writes down one result and frees it; false for none.
    bool take(PGresult* result);
    /// PQgetResult until there is none; a COPY on the way is taken as well.
    void take_all();
    /// Sends and takes all results of a simple Query.
    void query(const std::string& sql);
    const std::string& text() const { return text_; }

private:
    void drain_copy(ExecStatusType direction);

    PGconn* connection_;
    std::string text_, notices_;
};

/// Empty when equal, else the first line that differs with a little before it.
std::string difference(const std::string& expected, const std::string& actual);

}  // namespace pgsidecar::test
