#pragma once

#include <cstdint>
#include <utility>

#include "proxy/core/prepared_statements.hpp"

namespace pgsidecar::proxy {

/// What became of a request that was sent: its answer came, an error came for it, or an error
/// before it made the server skip it ("reads and discards messages until a Sync").
enum class StepOutcome : std::uint8_t { Done, Failed, Skipped };

class StatementSlot;

/// What a request does to prepared statements; travels with the request in the queue of expected
/// replies until its outcome is known, which is then told to ServerStatements and ClientStatements:
///
///     StepDone, a completed Local, ReadyForQuery for a Query without error   Done
///     undo(item, skipped) of ReplyQueue::on_backend()                        Failed or Skipped
///     ReadyForQuery for a Query with an error                                Failed
///     the connection is lost                                                 Skipped (client only)
///
/// A step of the proxy's own belongs to the session all the same: its success is swallowed, but its
/// ErrorResponse is the client's, whose next request fails for that reason and gets no other.
struct StatementStep {
    enum class Change : std::uint8_t { None, Parse, Close, DeallocateAll };
    Change change = Change::None;    ///< at the server
    bool unnamed = false;            ///< it is about the unnamed statement
    bool closes = false;             ///< the client's name stands for nothing afterwards
    PreparedStatementPtr statement;  ///< parsed, closed or (Bind, Describe) used
    StatementSlot* slot = nullptr;   ///< the client's name that changes; null: the proxy's own step
    PreparedStatementPtr before;     ///< what the name stood for

    static StatementStep of(PreparedStatementPtr statement) {
        StatementStep step;
        step.statement = std::move(statement);
        return step;
    }
};

/// What one name of a client stands for, in the client's own order of requests.
///
/// A request counts as done as soon as it is sent; when the server fails or skips it, the name
/// stands again for what it stood for. `section`: the number of Syncs sent so far. An error undoes
/// whole sections, so what was sent in the current one is certain for what follows in it.
class StatementSlot {
public:
    const PreparedStatementPtr& statement() const { return statement_; }
    /// False: it depends on the outcome of an earlier section; wait for it before using the name.
    bool settled(std::uint32_t section) const {
        return pending_ == 0 || (holds_past_ == 0 && section_ == section);
    }
    bool idle() const { return pending_ == 0; }

    void sent(StatementStep& step, std::uint32_t section) {
        step.slot = this;
        if (holds_past_ == 0) step.before = std::exchange(statement_, value_of(step));
        section_ = section;
        ++pending_;
    }
    void resolve(const StatementStep& step, StepOutcome outcome) {
        --pending_;
        // Parse and Query drop the unnamed statement before they look at the text.
        if (step.unnamed && outcome == StepOutcome::Failed) {
            statement_ = none();
            holds_past_ = 1;
        } else if (outcome == StepOutcome::Done) {
            if (holds_past_ != 0) statement_ = value_of(step);
        } else if (holds_past_ == 0) {
            statement_ = step.before;
            holds_past_ = 1;
        }
        if (pending_ == 0) holds_past_ = 0;
    }
    /// The server has dropped it, as the answer that has just come says (DEALLOCATE ALL).
    void dropped() {
        statement_ = none();
        holds_past_ = pending_ != 0 ? 1 : 0;
    }

private:
    static PreparedStatementPtr none() { return {}; }
    static PreparedStatementPtr value_of(const StatementStep& step) {
        return step.closes ? none() : step.statement;
    }

    /// What it stands for when everything sent succeeds; with holds_past_, after something did not,
    /// what it stands for after all that was answered.
    PreparedStatementPtr statement_;
    std::uint32_t section_ = 0;  ///< of the last step sent
    std::uint32_t pending_ : 31 = 0;
    std::uint32_t holds_past_ : 1 = 0;
};

}  // namespace pgsidecar::proxy
