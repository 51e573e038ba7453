#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/upstream.hpp"
#include "db/error.hpp"
#include "db/rows.hpp"

struct pg_conn;    // libpq's PGconn
struct pg_result;  // libpq's PGresult

namespace pgsidecar::db {

/// What the server wrote of a failed statement, for the person who wrote the statement: it may
/// quote values.
struct ServerReport {
    std::string sqlstate;  ///< empty: the connection was lost
    std::string message, detail, hint, context;
    int position = 0;  ///< in the statement, characters from 1; 0: not said
};

struct MigrationReply {
    Rows rows;
    std::optional<ServerReport> error;

    explicit operator bool() const { return !error; }
    /// The field of the first row; empty when there is none or it is NULL.
    std::string value(std::size_t column = 0) const;
};

/// One libpq connection for a command that does nothing else: its calls block.
///
/// Apart from PgSession because a migration's author needs the error's position, detail and the
/// notices, all of which PgSession leaves out on purpose, and because there is no event loop here.
/// A server that falls silent is noticed by TCP keep-alives. Thread: one.
class MigrationConnection {
public:
    using OnNotice = std::function<void(const std::string& text)>;

    MigrationConnection();
    ~MigrationConnection();
    MigrationConnection(const MigrationConnection&) = delete;
    MigrationConnection& operator=(const MigrationConnection&) = delete;

    /// Hosts are tried in order; writable: those that are read-only are passed over.
    Result<void> connect(const config::Upstream& upstream, bool tls_required,
                         std::int64_t timeout_ms, bool writable);

    /// The simple protocol: our own text of several statements, or one statement of a migration.
    MigrationReply run(const std::string& sql);
    /// One statement with $1, $2, ...
    MigrationReply run(const std::string& sql, const std::vector<Value>& parameters);

    bool is_open() const;
    bool in_transaction() const;
    /// Waits so long, or until the connection ends. False: it has ended.
    bool stay(std::int64_t milliseconds);
    /// Gets the server's notices and warnings from now on; empty: nobody does.
    void on_notice(OnNotice handler) { on_notice_ = std::move(handler); }
    void close() { connection_.reset(); }

private:
    struct Closer {
        void operator()(pg_conn* connection) const;
    };

    static void take_notice(void* self, const pg_result* notice);
    Result<void> connect_to(const config::Upstream& upstream, const config::HostPort& host,
                            bool tls_required, std::int64_t timeout_ms);
    Result<void> check_writable();
    MigrationReply finish(bool sent);

    std::unique_ptr<pg_conn, Closer> connection_;
    OnNotice on_notice_;
};

}  // namespace pgsidecar::db
