#include <algorithm>

#include "model/error_text.hpp"
#include "protocol/messages/sqlstate.hpp"
#include "proxy/core/client_login.hpp"
#include "proxy/core/plane.hpp"
#include "proxy/core/pool.hpp"
#include "proxy/core/session.hpp"
#include "proxy/core/standin.hpp"
#include "proxy/core/upstream.hpp"

// What a client is told when its server connection is lost, and how it goes on (design, part 6).

namespace pgsidecar::proxy {

using model::StatementKind;
using model::TransactionVerb;
using protocol::ReplyKind;
using protocol::TransactionStatus;

namespace {

/// State of a session that no other server connection can be given.
constexpr std::uint16_t kUnrestorable =
    model::session_effect::kListens | model::session_effect::kTempTable |
    model::session_effect::kAdvisoryLock | model::session_effect::kHoldCursor |
    model::session_effect::kSqlPrepare | model::session_effect::kUnknownSetting |
    model::session_effect::kLoads;

std::string named(std::uint16_t effects) {
    using namespace model::session_effect;
    if ((effects & kListens) != 0) return "its LISTEN registrations";
    if ((effects & kTempTable) != 0) return "its temporary tables";
    if ((effects & kAdvisoryLock) != 0) return "its advisory locks";
    if ((effects & kHoldCursor) != 0) return "its cursors WITH HOLD";
    if ((effects & kUnknownSetting) != 0) return "settings whose names only the server knew";
    if ((effects & kLoads) != 0) return "the library it had loaded";
    return "what it had prepared with PREPARE";
}

bool only_reads(const Expected& expected) {
    if (!expected.all) return expected.shape && expected.shape->read_only;
    // One simple Query is one transaction: a write that is done already may not be committed.
    return std::all_of(expected.all->begin(), expected.all->end(),
                       [](const auto& shape) { return shape->read_only; });
}

bool ends_exchange(ReplyKind kind) {
    return kind == ReplyKind::Query || kind == ReplyKind::Sync || kind == ReplyKind::FunctionCall;
}

bool runs(ReplyKind kind) {
    return kind == ReplyKind::Query || kind == ReplyKind::Execute ||
           kind == ReplyKind::FunctionCall;
}

/// What a request does to a transaction: of a Query with several statements, what the last of those
/// does that say something, and a COMMIT before all others.
TransactionVerb verb_of(const Expected& expected) {
    if (!expected.all) return expected.shape ? expected.shape->verb : TransactionVerb::None;
    TransactionVerb verb = TransactionVerb::None;
    for (const auto& shape : *expected.all) {
        if (shape->verb == TransactionVerb::Commit) return shape->verb;
        if (shape->verb == TransactionVerb::Rollback) verb = shape->verb;
    }
    return verb;
}

/// How much a request may have done that cannot be taken back.
int weight(ReplyKind kind, const Expected& expected) {
    if (!runs(kind) || only_reads(expected)) return 0;
    switch (verb_of(expected)) {
        case TransactionVerb::Begin:
        case TransactionVerb::Rollback: return expected.all ? 2 : 1;
        case TransactionVerb::Commit: return 3;
        default: return 2;
    }
}

/// Of the exchange that item i belongs to: the request whose fate the client must be told.
std::size_t decisive(ReplyQueue& replies, std::size_t i) {
    std::size_t found = i;
    for (; i < replies.size(); ++i) {
        auto &item = replies.at(i), &best = replies.at(found);
        if (weight(item.kind, item.payload) > weight(best.kind, best.payload)) found = i;
        if (ends_exchange(item.kind)) break;
    }
    return found;
}

}  // namespace

LocalError Session::lost_error(const UpstreamLoss& loss) const {
    model::ErrorInfo info = plane_.classify(loss.closed, {});
    LocalError error;
    error.sqlstate = protocol::sqlstate::kConnectionFailure;
    error.message = info.message;
    error.detail = loss.server_words.empty()
                       ? "The connection to the server ended: " + loss.closed.detail + "."
                       : "The server ended the connection: " + loss.server_words + ".";
    error.hint = info.resolution;
    return error;
}

bool Session::send_again(Upstream& upstream, const UpstreamLoss& loss, const base::Now& now) {
    // A message that has come in part must not be torn apart by what is put in front of it.
    if (!upstream.resend().possible() || !put_back_.empty() || !reader_.at_boundary()) return false;
    if (transaction_ != TransactionStatus::Idle || pool_->refusal(now)) return false;
    if (retries_ >= plane_.settings().database.max_retries || terminating_) return false;
    ++retries_;
    // The words of pg_terminate_backend() are those of a shutdown.
    if (loss.sqlstate == protocol::sqlstate::kAdminShutdown)
        doubt_ = std::make_unique<Doubt>(
            Doubt{lost_error(loss), pool_->failures_total(), plane_.outages()});
    plane_.shard().reads_retried.add();
    names_.transaction_over();
    exchange_open_ = false;
    std::string messages = upstream.resend().take();
    forget_parsed(messages);
    held_.insert(0, messages);
    // Not at once: the pool's idle connections may be as dead as this one, and not known to be.
    stop_ = Stop::Retry;
    plane_.wait_for_tick(*this);
    return true;
}

void Session::try_again(const base::Now& now) {
    if (stop_ != Stop::Retry) return;
    stop_ = Stop::None;
    set_reading(true);
    consume_held(now);
}

bool Session::doubt_confirmed(const base::Now& now) {
    auto doubt = std::move(doubt_);
    if (!doubt || !pending_ || pool_->failures_total() != doubt->failures_before ||
        plane_.outages() != doubt->outages_before)
        return false;
    auto pending = take_pending();
    plane_.recorder().lost(pending->expected, source_, doubt->error, now);
    refuse_exchange(pending->frame.type, !pending->frame.last, doubt->error);
    return true;
}

bool Session::loses_state(LocalError& error) const {
    const auto left = static_cast<std::uint16_t>(effects_ | asked_);
    if ((!keeps_connection() && !watches_pins()) || (left & kUnrestorable) == 0) return false;
    error.detail += " The session cannot go on without " + named(left) + ".";
    return true;
}

void Session::upstream_lost(Upstream& upstream, const UpstreamLoss& loss, const base::Now& now) {
    if (state_ == State::Closed) return;
    plane_.shard().clients_active.add(-1);
    upstream_ = nullptr;
    for (std::size_t i = 0; i < upstream.replies().size(); ++i) {
        auto& item = upstream.replies().at(i);
        if (item.payload.owner == this) names_.resolve(item.payload.step, StepOutcome::Skipped);
    }
    if (stop_ == Stop::Settle) stop_ = Stop::None;
    restores_in_flight_ = settings_asked_ = 0;
    restoring_.clear();
    restoring_all_ = false;
    LocalError error = lost_error(loss);
    restores_ = keeps_connection() && names_.size() > 0;
    if (own_upstream_ || upstream.mid_message() ||
        (loss.protocol_broken && state_ == State::Ready)) {
        // Its own login cannot be done again; within a message an error would be read as part of
        // it; and after nonsense nobody knows where the client stands.
        record_lost(upstream, error, now);
        bool silent = upstream.mid_message() || !loss.sqlstate.empty();
        if (own_upstream_) plane_.bury(std::move(own_upstream_));
        return silent ? close_channel() : end(error.fatal(), now);
    }
    if (state_ == State::LoggingIn) return login_->upstream_lost(error, now);
    if (send_again(upstream, loss, now)) return;
    record_lost(upstream, error, now);
    bool was_failed = transaction_ == TransactionStatus::Failed;
    names_.transaction_over();
    bool told = answer_lost(upstream, error);
    if (terminating_) return close_channel();
    if (loses_state(error)) return end(error.fatal(), now);
    bypass_ = false;
    // What the stand-in has of a transaction does not concern this connection.
    bool begun_here = standin_ && standin_->engaged();
    if (transaction_ != TransactionStatus::Idle && !begun_here) {
        deferred_begin_.clear();
        plane_.shard().transactions_lost.add();
        transaction_ = TransactionStatus::Failed;
        bool known = told || was_failed;
        standin().transaction_lost(known ? nullptr
                                         : std::make_unique<LocalError>(rolled_back(error)));
    }
    set_reading(true);
    if (draining_) return drain(now);
    consume_held(now);
}

LocalError Session::rolled_back(LocalError error) {
    std::string reason = error.message;
    while (!reason.empty() && reason.back() == '.') reason.pop_back();
    error.message = "Transaction failed and was rolled back: " + reason;
    return error;
}

LocalError Session::fate_of(ReplyKind kind, const Expected& expected,
                            const LocalError& error) const {
    bool open = transaction_ != TransactionStatus::Idle;
    // A COMMIT may have been answered already, and only the end of its exchange be missing.
    bool commits =
        verb_of(expected) == TransactionVerb::Commit || (kind == ReplyKind::Sync && committed_);
    bool may_have_run = runs(kind) ? !only_reads(expected) : kind == ReplyKind::Sync && wrote_;
    if (!may_have_run && !open) return error;
    if (open && !commits) return rolled_back(error);
    if (runs(kind) && weight(kind, expected) < 2) return error;
    LocalError unknown = error;
    unknown.sqlstate = protocol::sqlstate::kTransactionResolutionUnknown;
    unknown.detail += " Whether the statement took effect is not known.";
    unknown.hint = "Look for its effect before you send it again.";
    return unknown;
}

bool Session::answer_lost(Upstream& upstream, const LocalError& error) {
    auto& replies = upstream.replies();
    bool told = false;
    bool failed =
        replies.skipping();  // the server has answered this exchange with an error already
    for (std::size_t i = 0; i < replies.size(); ++i) {
        auto& item = replies.at(i);
        if (item.payload.owner != this) continue;
        if (!failed && !item.failed) {
            auto& teller = replies.at(decisive(replies, i));
            send_error(fate_of(teller.kind, teller.payload, error));
            told = true;
        }
        failed = true;
        // A COMMIT or ROLLBACK ends the transaction, whatever became of it.
        TransactionVerb verb = runs(item.kind) ? verb_of(item.payload) : TransactionVerb::None;
        bool over = verb == TransactionVerb::Commit || verb == TransactionVerb::Rollback ||
                    (item.kind == ReplyKind::Sync && committed_);
        if (transaction_ != TransactionStatus::Idle)
            transaction_ = over ? TransactionStatus::Idle : TransactionStatus::Failed;
        if (!ends_exchange(item.kind)) continue;
        send_ready();
        failed = false;
    }
    if (reader_.in_pieces()) dropping_pieces_ = true;
    if (std::exchange(exchange_open_, false)) {
        // Its Sync is still to come; what was answered of it so far is void.
        if (!failed)
            send_error(transaction_ == TransactionStatus::Idle ? error : rolled_back(error));
        told = discarding_ = true;
        if (transaction_ != TransactionStatus::Idle) transaction_ = TransactionStatus::Failed;
    }
    return told;
}

void Session::record_lost(Upstream& upstream, const LocalError& error, const base::Now& now) {
    auto& replies = upstream.replies();
    for (std::size_t i = 0; i < replies.size(); ++i) {
        auto& item = replies.at(i);
        if (!runs(item.kind) || item.payload.owner != this || item.failed) continue;
        LocalError fate = fate_of(item.kind, item.payload, error);
        if (fate.sqlstate == protocol::sqlstate::kTransactionResolutionUnknown) {
            plane_.recorder().unknown(item.payload, source_,
                                      "the connection to the database was lost", now);
        } else {
            plane_.recorder().lost(item.payload, source_, fate, now);
        }
    }
}

}  // namespace pgsidecar::proxy
