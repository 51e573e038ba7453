#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "model/outage_policy.hpp"
#include "model/spool_entry.hpp"
#include "protocol/framing/frame_reader.hpp"
#include "proxy/core/local_error.hpp"
#include "proxy/core/prepared_statements.hpp"

namespace pgsidecar::proxy {

class Plane;
class Session;

/// Answers one client in the server's place while the server is away (design, part 6).
///
/// Takes exchanges that consist of queueable writes and transaction control alone, collects the
/// writes and hands them to the spool as one entry; the client is answered when they are stored. An
/// exchange with anything else is given back whole, to wait for the server. Also answers 25P02 for
/// a transaction that was lost with its server connection.
///
/// What COMMIT has ended is stored whatever follows it in the same exchange, and before the client
/// hears of it, also when it asks with Flush. Statements outside a transaction are one entry per
/// Sync, as they are one transaction to the server.
///
/// Owned by its session, made at the first need. Thread: the worker's. Memory: what a transaction
/// or an exchange brings and is answered, at most twice outage.max_entry_bytes.
class Standin {
public:
    Standin(Session& session, Plane& plane);

    /// True while a transaction or an exchange is its own: it must then see every message.
    bool engaged() const;
    /// One whole message of the client.
    void on_frame(const protocol::Frame& frame, const base::Now& now);
    /// A message that does not come whole, so that it cannot be kept; its pieces are dropped.
    void too_long(char type, const base::Now& now);
    void stored(const model::SpoolVerdict& verdict, const base::Now& now);

    /// The server's transaction is gone; untold: what the next statement is answered.
    void transaction_lost(std::unique_ptr<LocalError> untold);
    /// The statement that a transaction begun here waited with was refused.
    void fail_transaction();

private:
    enum class Transaction : std::uint8_t { None, Open, Failed };
    /// What a statement is to the stand-in.
    enum class Role : std::uint8_t { Begin, Commit, Rollback, Write, Server };

    struct Portal {
        PreparedStatementPtr statement;
        std::string parameters;
    };
    struct Plan {
        Role role = Role::Server;
        model::OutageClass outage_class = model::OutageClass::Hold;
        std::string sql;
        std::string table;
        std::int64_t rows = 1;
        std::size_t begin = 0;  ///< where it stands in its Query
        std::string why_not;    ///< Server: why it cannot be answered here
    };

    Plan plan(const model::StatementShapePtr& shape, std::string_view sql,
              std::uint32_t rows) const;
    Plan plan(const PreparedStatement& statement) const;
    void begin_exchange(const base::Now& now);
    void on_query(const protocol::Frame& frame, const base::Now& now);
    /// The first of them that cannot be answered here.
    bool server_needed(const std::vector<Plan>& plans, Plan& which) const;
    static Plan because(std::string why_not);
    void on_parse(const protocol::Frame& frame, const base::Now& now);
    void on_bind(const protocol::Frame& frame, const base::Now& now);
    void on_describe(const protocol::Frame& frame, const base::Now& now);
    void on_execute(const protocol::Frame& frame, const base::Now& now);
    void on_close(const protocol::Frame& frame);
    void on_sync(const base::Now& now);
    /// The statement's part of the answer; false: an error was put there.
    bool run(const Plan& plan, std::vector<std::uint32_t> types, std::string parameters,
             const base::Now& now);
    bool commit(const base::Now& now);
    void needs_server(const Plan& plan, const base::Now& now);
    void give_back(const base::Now& now);
    /// The failed transaction was ended, and the exchange goes on: what follows, and what is left
    /// of its Query, is a beginning of its own, which may go to the server.
    void begin_again(std::string rest, const base::Now& now);
    void fail(const LocalError& error);
    LocalError failed_transaction();
    void add_notice();
    void rollback();
    void drop_uncommitted();
    void on_flush(const base::Now& now);
    /// Too many messages without an end, be they statements or not.
    void check_size(char type);
    /// Hands over so many statements, which are complete; stored() goes on.
    void store(std::size_t count, const base::Now& now);
    void finish_exchange(const base::Now& now);
    void finish(const base::Now& now);
    void reset_exchange();

    Session& session_;
    Plane& plane_;
    Transaction transaction_ = Transaction::None;
    std::string begin_text_;
    std::unique_ptr<LocalError> untold_;
    model::SpoolEntry entry_;  ///< of the open transaction, or of this exchange
    std::size_t entry_bytes_ = 0;
    std::size_t committed_ = 0;        ///< statements of entry_ that a COMMIT has ended
    std::size_t writes_in_entry_ = 0;  ///< of the one that is being stored
    std::size_t taken_bytes_ = 0;      ///< of the messages since the transaction began
    bool committing_ = false;          ///< entry_ must be stored before the answer

    // This exchange.
    bool in_exchange_ = false;
    bool skipping_ = false;      ///< an error was given: up to Sync
    bool flushing_ = false;      ///< what is being stored ends with Flush, not with Sync
    bool wrote_before_ = false;  ///< entry_ was begun by an earlier exchange
    std::string begin_before_;   ///< of the transaction that was open when the exchange began
    bool told_ = false;          ///< some of the answer is out: it cannot be given back any more
    bool noticed_ = false;
    std::string collected_;  ///< its messages
    std::string out_;        ///< its answer
    std::int64_t started_ns_ = 0, started_us_ = 0;
    std::map<std::string, Portal, std::less<>> portals_;
    std::vector<model::StatementShapePtr> ran_;  ///< to be recorded when it is stored
};

}  // namespace pgsidecar::proxy
