#include "proxy/core/server_statements.hpp"

#include "base/assert.hpp"
#include "protocol/messages/sqlstate.hpp"

namespace pgsidecar::proxy {

ServerStatements::ServerStatements(std::size_t max) : max_(max == 0 ? 1 : max) {}

// ---- named statements

ServerStatements::Need ServerStatements::need(const PreparedStatementPtr& statement) {
    if (!statement->whole()) return Need::Nothing;
    auto it = entries_.find(statement->id());
    if (it == entries_.end()) return Need::Parse;
    Entry& entry = it->second;
    if (!certain(entry)) return Need::CloseAndParse;
    if (!entry.expected) return Need::Parse;
    link_first(entry);
    return Need::Nothing;
}

void ServerStatements::parse(StatementStep& step) {
    step.change = StatementStep::Change::Parse;
    if (!step.statement->whole()) return;
    Entry& entry = touch(step.statement);
    entry.expected = true;
    link_first(entry);
}

void ServerStatements::close(StatementStep& step) {
    step.change = StatementStep::Change::Close;
    if (!step.statement->whole()) return;
    Entry& entry = touch(step.statement);
    entry.expected = false;
    unlink(entry);
}

StatementStep ServerStatements::evict() {
    if (linked_ <= max_) return {};
    StatementStep step = StatementStep::of(last_->statement);
    close(step);
    return step;
}

ServerStatements::Entry& ServerStatements::touch(const PreparedStatementPtr& statement) {
    Entry& entry = entry_of(statement);
    entry.doubtful = false;
    entry.section = section_;
    entry.epoch = epoch_;
    ++entry.pending;
    return entry;
}

ServerStatements::Entry& ServerStatements::entry_of(const PreparedStatementPtr& statement) {
    Entry& entry = entries_[statement->id()];
    entry.statement = statement;
    return entry;
}

void ServerStatements::link_first(Entry& entry) {
    if (first_ == &entry) return;
    unlink(entry);
    entry.next = first_;
    if (first_ != nullptr) first_->prev = &entry;
    if (last_ == nullptr) last_ = &entry;
    first_ = &entry;
    entry.linked = true;
    ++linked_;
}

void ServerStatements::unlink(Entry& entry) {
    if (!entry.linked) return;
    (entry.prev != nullptr ? entry.prev->next : first_) = entry.next;
    (entry.next != nullptr ? entry.next->prev : last_) = entry.prev;
    entry.prev = entry.next = nullptr;
    entry.linked = false;
    --linked_;
}

void ServerStatements::settle(Entry& entry) {
    if (entry.pending != 0) return;
    entry.doubtful = entry.actual == Actual::Unsure;
    entry.expected = entry.actual != Actual::No;
    if (entry.expected) {
        // A Close that was skipped: the server has it still.
        if (!entry.linked) link_first(entry);
        return;
    }
    unlink(entry);
    entries_.erase(entry.statement->id());
}

// ---- the unnamed statement

bool ServerStatements::unnamed_is(const PreparedStatementPtr& statement) const {
    return unnamed_ == statement->id() && unnamed_certain();
}

bool ServerStatements::unnamed_is_none() const { return unnamed_ == 0 && unnamed_certain(); }

void ServerStatements::parse_unnamed(StatementStep& step) {
    unnamed_step(step, StatementStep::Change::Parse,
                 step.statement ? step.statement->id() : kAnyId);
}

void ServerStatements::close_unnamed(StatementStep& step) {
    unnamed_step(step, StatementStep::Change::Close, 0);
}

void ServerStatements::unnamed_step(StatementStep& step, StatementStep::Change change,
                                    std::uint64_t id) {
    step.change = change;
    step.unnamed = true;
    unnamed_ = id;
    unnamed_section_ = section_;
    ++unnamed_pending_;
}

void ServerStatements::query_sent() {
    // An error before it can still make the server skip it.
    unnamed_ = kAnyId;
}

// ---- outcomes

void ServerStatements::deallocate_all(StatementStep& step) {
    step.change = StatementStep::Change::DeallocateAll;
    ++epoch_;
    ++deallocating_;
}

void ServerStatements::resolve(const StatementStep& step, StepOutcome outcome) {
    using Change = StatementStep::Change;
    if (step.change == Change::None) return;
    if (step.change == Change::DeallocateAll) return deallocated_all(outcome);
    if (step.unnamed) {
        --unnamed_pending_;
        if (outcome != StepOutcome::Done && unnamed_pending_ == 0) unnamed_ = kAnyId;
        return;
    }
    if (!step.statement->whole()) return;
    auto it = entries_.find(step.statement->id());
    PGS_CHECK(it != entries_.end() && it->second.pending != 0);
    Entry& entry = it->second;
    --entry.pending;
    if (outcome == StepOutcome::Done)
        entry.actual = step.change == Change::Parse ? Actual::Yes : Actual::No;
    settle(entry);
}

void ServerStatements::deallocated_all(StepOutcome outcome) {
    --deallocating_;
    if (outcome == StepOutcome::Skipped) return;
    if (outcome == StepOutcome::Failed) {
        // One statement of several has failed, perhaps after this one.
        for (auto& [id, entry] : entries_) {
            if (entry.actual == Actual::Yes) entry.actual = Actual::Unsure;
            entry.doubtful = entry.doubtful || entry.pending == 0;
        }
        return;
    }
    for (auto it = entries_.begin(); it != entries_.end();) {
        Entry& entry = it->second;
        entry.actual = Actual::No;
        if (entry.pending != 0) {
            ++it;
            continue;
        }
        unlink(entry);
        it = entries_.erase(it);
    }
}

void ServerStatements::distrust(const StatementStep& step) {
    if (!step.statement) return;
    if (step.unnamed) {
        unnamed_ = kAnyId;
        return;
    }
    if (!step.statement->whole()) return;
    Entry& entry = entry_of(step.statement);
    entry.actual = Actual::Unsure;
    entry.doubtful = true;
    settle(entry);
}

void ServerStatements::clear() {
    entries_.clear();
    first_ = last_ = nullptr;
    linked_ = 0;
    unnamed_ = kAnyId;
    unnamed_pending_ = deallocating_ = 0;
}

StaleStatement stale_statement(const protocol::ErrorFields& error) {
    namespace state = protocol::sqlstate;
    if (error.sqlstate == state::kInvalidStatementName) return StaleStatement::Missing;
    if (error.sqlstate == state::kDuplicateStatement) return StaleStatement::Duplicate;
    if (error.sqlstate != state::kFeatureNotSupported) return StaleStatement::No;
    bool changed = error.routine.empty()
                       ? error.message == "cached plan must not change result type"
                       : error.routine == "RevalidateCachedQuery";
    return changed ? StaleStatement::ResultChanged : StaleStatement::No;
}

}  // namespace pgsidecar::proxy
