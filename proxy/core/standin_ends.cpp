#include <iterator>
#include <utility>

#include "protocol/messages/backend_encode.hpp"
#include "protocol/messages/sqlstate.hpp"
#include "proxy/core/plane.hpp"
#include "proxy/core/session.hpp"
#include "proxy/core/standin.hpp"
#include "proxy/core/standin_texts.hpp"

// How the stand-in's exchanges and transactions end.

namespace pgsidecar::proxy {

using protocol::TransactionStatus;

void Standin::drop_uncommitted() {
    entry_.statements.resize(committed_);
    if (committed_ == 0) entry_ = {};
    committing_ = committed_ > 0;
    entry_bytes_ = 0;
}

LocalError Standin::failed_transaction() {
    if (untold_) {
        LocalError told = std::move(*untold_);
        untold_.reset();
        return told;
    }
    LocalError error;
    error.sqlstate = protocol::sqlstate::kInFailedTransaction;
    error.message =
        "current transaction is aborted, commands ignored until end of transaction block";
    return error;
}

void Standin::fail(const LocalError& error) {
    drop_uncommitted();
    if (transaction_ == Transaction::Open) transaction_ = Transaction::Failed;
    protocol::append_error_response(out_, error.fields());
    skipping_ = true;
}

void Standin::needs_server(const Plan& plan, const base::Now& now) {
    if (transaction_ == Transaction::Failed) return fail(failed_transaction());
    if (plan.outage_class == model::OutageClass::Reject && session_.away()) {
        plane_.shard().statements_refused.add();
        return fail(session_.unavailable(now));
    }
    if (!told_ && !wrote_before_) {
        session_.why_not_queued(plan.why_not);
        return give_back(now);
    }
    plane_.shard().statements_refused.add();
    fail(mixed_transaction(plan.why_not));
}

void Standin::give_back(const base::Now& now) {
    std::string messages = std::move(collected_);
    // A BEGIN of this exchange is among the messages.
    std::string begin = std::move(begin_before_);
    transaction_ = Transaction::None;
    entry_ = {};
    entry_bytes_ = 0;
    reset_exchange();
    session_.wait_for_server(std::move(messages), std::move(begin), now);
}

void Standin::begin_again(std::string rest, const base::Now& now) {
    std::string answer = std::move(out_);
    auto ran = std::move(ran_);
    std::int64_t started_ns = started_ns_, started_us = started_us_;
    reset_exchange();
    session_.rolled_back_here(answer, std::move(rest));
    for (const auto& shape : ran) session_.record_local(shape, started_ns, started_us, now);
}

void Standin::finish_exchange(const base::Now& now) {
    if (!committing_) return finish(now);
    store(entry_.statements.size(), now);
}

void Standin::on_flush(const base::Now& now) {
    if (committed_ > 0) {
        flushing_ = true;
        return store(committed_, now);
    }
    told_ = told_ || !out_.empty();
    session_.relay(base::as_bytes(out_));
    out_.clear();
}

void Standin::store(std::size_t count, const base::Now& now) {
    auto end = entry_.statements.begin() + static_cast<std::ptrdiff_t>(count);
    model::SpoolEntry entry;
    entry.outage_class = entry_.outage_class;
    entry.context = session_.spool_context();
    entry.statements.assign(std::make_move_iterator(entry_.statements.begin()),
                            std::make_move_iterator(end));
    entry_.statements.erase(entry_.statements.begin(), end);
    writes_in_entry_ = count;
    committed_ = 0;
    committing_ = !entry_.statements.empty();
    if (!committing_) entry_bytes_ = 0;
    session_.spool(std::move(entry), now);
}

void Standin::stored(const model::SpoolVerdict& verdict, const base::Now& now) {
    if (verdict.stored()) {
        plane_.shard().statements_queued.add(writes_in_entry_);
    } else {
        plane_.shard().statements_refused.add();
        out_.clear();  // COMMIT may be in it
        protocol::append_error_response(out_, not_stored(verdict).fields());
        ran_.clear();
        drop_uncommitted();
        skipping_ = true;
    }
    if (!flushing_) return finish(now);
    flushing_ = false;
    told_ = true;
    session_.relay(base::as_bytes(std::exchange(out_, {})));
}

void Standin::finish(const base::Now& now) {
    TransactionStatus status = transaction_ == Transaction::None ? TransactionStatus::Idle
                               : transaction_ == Transaction::Open
                                   ? TransactionStatus::InTransaction
                                   : TransactionStatus::Failed;
    protocol::append_ready_for_query(out_, status);
    std::string answer = std::move(out_);
    auto ran = std::move(ran_);
    std::int64_t started_ns = started_ns_, started_us = started_us_;
    reset_exchange();
    session_.stood_in(status, answer, now);
    for (const auto& shape : ran) session_.record_local(shape, started_ns, started_us, now);
}

void Standin::reset_exchange() {
    in_exchange_ = skipping_ = told_ = noticed_ = committing_ = flushing_ = wrote_before_ = false;
    committed_ = 0;
    collected_.clear();
    out_.clear();
    ran_.clear();
    if (transaction_ == Transaction::Open) return;
    portals_.clear();
    taken_bytes_ = 0;
}

void Standin::transaction_lost(std::unique_ptr<LocalError> untold) {
    reset_exchange();
    entry_ = {};
    entry_bytes_ = 0;
    transaction_ = Transaction::Failed;
    untold_ = std::move(untold);
}

void Standin::fail_transaction() {
    reset_exchange();
    transaction_ = Transaction::Failed;
}

}  // namespace pgsidecar::proxy
