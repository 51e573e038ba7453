#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <unordered_map>

#include "protocol/messages/error_fields.hpp"
#include "proxy/core/statement_step.hpp"

namespace pgsidecar::proxy {

/// Which prepared statements one server connection has: named ones under their server_name(), at
/// most max(), and whose its unnamed one is.
///
/// How a request that uses statement S under a name is sent:
///
///     StatementStep step = StatementStep::of(S);
///     switch (statements.need(S)) {
///         case Need::CloseAndParse: statements.close(step); send a Close of S; [[fallthrough]];
///         case Need::Parse: statements.parse(step); send S->parse_message(); break;
///         case Need::Nothing: break;
///     }
///     for (step = statements.evict(); step.statement; step = statements.evict())
///         send a Close of step.statement;
///     send the request itself, renamed
///
/// Each step goes with its request into the queue of expected replies and comes back to resolve()
/// when its outcome is known, in that order. Nothing here may be called for a request that the
/// queue does not take, because the server will skip it.
///
/// Thread: the worker's. Pure.
class ServerStatements {
public:
    static constexpr std::size_t kDefaultMax = 500;

    /// What must be sent before a request can use a statement. CloseAndParse: nobody knows whether
    /// the server has it, or it has a plan of it that does not fit any more. A Close of what does
    /// not exist is no error.
    enum class Need : std::uint8_t { Nothing, Parse, CloseAndParse };

    explicit ServerStatements(std::size_t max = kDefaultMax);
    ServerStatements(const ServerStatements&) = delete;
    ServerStatements& operator=(const ServerStatements&) = delete;

    /// Number of Syncs sent: what is sent in one section is skipped together.
    std::uint32_t section() const { return section_; }
    void sync_sent() { ++section_; }

    /// Makes the statement the most recently used one. Nothing for those that are not whole().
    Need need(const PreparedStatementPtr& statement);
    /// The server has it, as far as anybody can say.
    bool knows(const PreparedStatement& statement) const {
        return !statement.whole() || entries_.contains(statement.id());
    }
    /// A Parse or Close of step.statement under its server_name() is being sent.
    void parse(StatementStep& step);
    void close(StatementStep& step);
    /// Step for the Close of the least recently used statement while there are more than max();
    /// else a step without statement. What runs already is not disturbed by it.
    StatementStep evict();

    /// The server's unnamed statement is this one, for sure.
    bool unnamed_is(const PreparedStatementPtr& statement) const;
    /// It has no unnamed statement, for sure.
    bool unnamed_is_none() const;
    /// Of the unnamed statement; step.statement may be null in a Parse that nobody can read.
    void parse_unnamed(StatementStep& step);
    void close_unnamed(StatementStep& step);
    /// A simple Query, also one of the proxy's own: it drops the unnamed statement.
    void query_sent();
    /// DEALLOCATE ALL or DISCARD ALL is being sent, in a Query or an Execute.
    void deallocate_all(StatementStep& step);

    void resolve(const StatementStep& step, StepOutcome outcome);
    /// An error that came for a request with this step says that the server's idea of the statement
    /// is not ours (see stale_statement()): the next use makes it anew. After resolve().
    void distrust(const StatementStep& step);
    /// The connection's state was thrown away (DISCARD ALL), with nothing outstanding.
    void clear();

    std::size_t size() const { return linked_; }
    std::size_t max() const { return max_; }
    /// A smaller one takes effect with the next evict().
    void set_max(std::size_t max) { max_ = max == 0 ? 1 : max; }

private:
    enum class Actual : std::uint8_t { No, Yes, Unsure };
    /// One statement that the server has, or that something sent is about.
    struct Entry {
        PreparedStatementPtr statement;
        Entry* prev = nullptr;  ///< in the order of use, while linked
        Entry* next = nullptr;
        std::uint32_t section = 0;   ///< of the last step sent
        std::uint32_t pending = 0;   ///< steps without outcome
        std::uint32_t epoch = 0;     ///< of the last step sent: DEALLOCATE ALLs before it
        bool expected = false;       ///< the server has it when all that was sent succeeds
        bool doubtful = false;       ///< expected, but in need of CloseAndParse
        Actual actual = Actual::No;  ///< whether it has it, after what was answered
        bool linked = false;
    };
    struct IdHash {
        std::size_t operator()(std::uint64_t id) const { return id; }
    };
    static constexpr std::uint64_t kAnyId = ~std::uint64_t{0};

    bool certain(const Entry& entry) const {
        return !entry.doubtful && (deallocating_ == 0 || entry.epoch == epoch_) &&
               (entry.pending == 0 || entry.section == section_);
    }
    bool unnamed_certain() const { return unnamed_pending_ == 0 || unnamed_section_ == section_; }
    Entry& entry_of(const PreparedStatementPtr& statement);
    void link_first(Entry& entry);
    void unlink(Entry& entry);
    void settle(Entry& entry);
    void deallocated_all(StepOutcome outcome);
    Entry& touch(const PreparedStatementPtr& statement);
    void unnamed_step(StatementStep& step, StatementStep::Change change, std::uint64_t id);

    std::size_t max_;
    std::size_t linked_ = 0;
    std::unordered_map<std::uint64_t, Entry, IdHash> entries_;
    Entry* first_ = nullptr;  ///< used last
    Entry* last_ = nullptr;
    std::uint64_t unnamed_ = 0;  ///< id of the unnamed statement; 0: none, kAnyId: not known
    std::uint32_t unnamed_pending_ = 0;
    std::uint32_t unnamed_section_ = 0;
    std::uint32_t section_ = 0;
    std::uint32_t epoch_ = 0;         ///< DEALLOCATE ALLs sent
    std::uint32_t deallocating_ = 0;  ///< of them, without outcome
};

/// What an ErrorResponse says of the prepared statement that its request used.
enum class StaleStatement : std::uint8_t {
    No,
    ResultChanged,  ///< 0A000 "cached plan must not change result type", after a schema change
    Missing,        ///< 26000: somebody has deallocated it
    Duplicate,      ///< 42P05: the server has one that we did not know of
};

/// Anything but No: call distrust() with the failed request's step, and pass the error on. The
/// words may be in any language, so 0A000, which has many meanings, is told by the routine that
/// raised it, and by the words where a server sends no routine.
StaleStatement stale_statement(const protocol::ErrorFields& error);

}  // namespace pgsidecar::proxy
