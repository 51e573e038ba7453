#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "tests/support/pq.hpp"

namespace pgsidecar::test::soak {

/// What came back for what was sent, up to ReadyForQuery or the end of the connection.
struct Reply {
    bool lost = false;    ///< the connection ended
    bool silent = false;  ///< nothing came before the deadline
    bool failed = false;
    std::string sqlstate;  ///< of the first error; empty when it is libpq's own
    std::string text;
    std::string tag;    ///< of the last command
    std::string value;  ///< first column of the last row

    /// Answered without an error, and whole.
    bool good() const { return !lost && !silent && !failed; }
    std::string in_words() const;
};

enum class Format : bool { Text, Binary };

/// One writer's connection: the ways in which drivers send an INSERT, each waited for with a
/// deadline.
class Session {
public:
    /// Nothing when the login fails, or takes longer than an outage may; `why` says what happened.
    static std::optional<Session> connect(const std::string& conninfo, std::string& why);

    Reply simple(const std::string& sql);
    Reply insert_simple(int client, int number);
    /// `typed`: the parameter types are given, as JDBC does; else the server is to find them out.
    Reply insert_parameters(int client, int number, Format format, bool typed);
    /// Parse once per connection under a name, then Bind and Execute; `describe`: as drivers do
    /// that ask for the parameter types. False in `reached` when the INSERT itself was not sent.
    Reply insert_prepared(int client, int number, Format format, bool describe, bool& reached);
    /// Several INSERTs, one Sync: one implicit transaction.
    Reply insert_pipeline(int client, int first, int count, Format format);

    static std::string insert_text(int client, int number);
    bool in_transaction() const { return PQtransactionStatus(connection_.get()) != PQTRANS_IDLE; }

private:
    Reply collect();
    Reply collect_pipeline();
    enum class Taken : std::uint8_t { Nothing, Result, Sync, Silence };
    /// Adds the next result to `reply`.
    Taken take(Reply& reply);

    struct Finish {
        void operator()(PGconn* c) const { PQfinish(c); }
    };
    explicit Session(PGconn* connection) : connection_(connection) {}
    bool connected() const { return PQstatus(connection_.get()) == CONNECTION_OK; }
    /// False when nothing came before the deadline.
    bool answered();

    std::unique_ptr<PGconn, Finish> connection_;
    bool prepared_ = false;
};

}  // namespace pgsidecar::test::soak
