#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "protocol/session/ring.hpp"

namespace pgsidecar::protocol {

/// Frontend messages that make the server answer.
enum class ReplyKind : std::uint8_t {
    Query,
    Parse,
    Bind,
    Describe,
    Execute,
    Close,
    Sync,
    FunctionCall,
    Local  ///< nothing was sent: we answer it ourselves when all before it is answered
};

/// What a backend message means for the head of the queue.
enum class ReplyEffect : std::uint8_t {
    Relay,     ///< part of an answer that goes on
    Async,     ///< ParameterStatus, NoticeResponse, NotificationResponse: belongs to no request
    StepDone,  ///< Parse, Bind, Describe or Close is answered and popped
    StatementDone,  ///< a statement ended: CommandComplete, EmptyQueryResponse, PortalSuspended
    Failed,         ///< ErrorResponse for the head
    Unsolicited,    ///< ErrorResponse with nothing outstanding: the server is about to hang up
    ExchangeDone,   ///< ReadyForQuery: the head, popped, is answered for good
    Desync,         ///< cannot follow: this connection must not be used again
};

/// The queue of expected replies of one upstream connection (manual, "Message Flow").
///
/// push() for each request sent, on_backend() for each message received; head() is whom an answer
/// belongs to. Knows the rules that make a plain count wrong: an error skips to the next Sync, Sync
/// and Flush are ignored while the server reads COPY data, a simple Query answers several
/// statements.
///
/// Thread: its owner's. Sans-I/O. Payload: what the owner wants back with the reply; movable.
template <class Payload>
class ReplyQueue {
public:
    struct Item {
        ReplyKind kind = ReplyKind::Sync;
        bool after_copy_end = false;  ///< Sync only: a CopyDone or CopyFail went before it
        bool copy_ended = false;      ///< Query, Execute: so did its CopyDone or CopyFail already
        bool failed = false;          ///< its ErrorResponse has come; ReadyForQuery is to follow
        Payload payload{};
    };

    bool empty() const { return items_.empty(); }
    std::size_t size() const { return items_.size(); }
    Item& head() { return items_.front(); }
    Item& at(std::size_t i) { return items_.at(i); }
    /// True while the server reads COPY data from the client.
    bool copy_in() const { return copy_in_; }
    /// True while the server discards everything up to the next Sync.
    bool skipping() const { return skipping_; }
    /// The connection may speak the replication protocol.
    void allow_replication() { replication_ = true; }

    /// A request is on its way to the server. False: the server will not answer it, nothing was
    /// queued.
    bool push(ReplyKind kind, Payload payload) {
        // While COPY data is read any other request is an error, which the server must see.
        if (kind == ReplyKind::Local && copy_in_) return false;
        if (kind == ReplyKind::Sync) {
            if (copy_in_) return false;
            skipping_ = false;
        } else if (skipping_) {
            return false;
        }
        if (kind == ReplyKind::Execute || kind == ReplyKind::Query) copy_ended_ = false;
        Item item;
        item.kind = kind;
        item.after_copy_end = copy_ended_;
        item.payload = std::move(payload);
        items_.push_back(std::move(item));
        return true;
    }

    /// The client has sent CopyDone or CopyFail.
    void on_copy_end() {
        copy_in_ = false;
        copy_ended_ = true;
        for (std::size_t i = items_.size(); i-- > 0;) {
            ReplyKind kind = items_.at(i).kind;
            if (kind != ReplyKind::Query && kind != ReplyKind::Execute) continue;
            items_.at(i).copy_ended = true;
            return;
        }
    }

    /// Where a message of this type leaves the queue. The item that an answer belonged to:
    /// answered().
    ReplyEffect on_backend(char type) {
        return on_backend(type, [](Item&, bool) {});
    }
    /// The same; an ErrorResponse that takes requests out of the queue calls undo(item, skipped)
    /// for each of them in order: first the one that failed, then those that the server skips
    /// because of it. It must leave the queue alone.
    template <class Undo>
    ReplyEffect on_backend(char type, Undo&& undo);

    /// A Local item is at the head: complete_locals() has something to do.
    bool local_is_due() { return head_is(ReplyKind::Local); }
    /// Takes the Local items that have come to the head out and gives them to complete(item), to be
    /// answered now. To be called after push() of one and after every on_backend().
    template <class Complete>
    void complete_locals(Complete&& complete) {
        while (head_is(ReplyKind::Local)) {
            Item item = std::move(items_.front());
            items_.pop_front();
            complete(item);
        }
    }

    /// Set by StepDone, StatementDone, Failed and ExchangeDone; valid until the next call.
    Item& answered() { return answered_in_queue_ ? items_.front() : answered_; }

    void clear() {
        while (!items_.empty()) items_.pop_front();
        copy_in_ = copy_ended_ = skipping_ = false;
    }

private:
    bool head_is(ReplyKind kind) { return !items_.empty() && items_.front().kind == kind; }
    bool head_runs() { return head_is(ReplyKind::Execute) || head_is(ReplyKind::Query); }

    ReplyEffect step(ReplyKind kind) {
        if (!head_is(kind)) return ReplyEffect::Desync;
        pop();
        return ReplyEffect::StepDone;
    }
    void pop() {
        answered_ = std::move(items_.front());
        items_.pop_front();
        answered_in_queue_ = false;
    }
    ReplyEffect statement_done() {
        if (!head_runs()) return ReplyEffect::Desync;
        copy_in_ = false;
        if (items_.front().kind == ReplyKind::Execute) {
            pop();
        } else {
            answered_in_queue_ = true;
        }
        return ReplyEffect::StatementDone;
    }
    ReplyEffect copy_in_starts() {
        if (!head_runs()) return ReplyEffect::Desync;
        copy_in_ = !items_.front().copy_ended;
        // "The backend will ignore Flush and Sync messages received during copy-in mode."
        for (std::size_t i = 1; i < items_.size(); ++i) {
            Item& item = items_.at(i);
            if (item.kind == ReplyKind::Local) continue;
            if (item.kind != ReplyKind::Sync || item.after_copy_end) break;
            for (std::size_t j = i; j > 1; --j) items_.at(j) = std::move(items_.at(j - 1));
            items_.erase_second();
            --i;
        }
        return ReplyEffect::Relay;
    }
    template <class Undo>
    ReplyEffect failed(Undo&& undo) {
        copy_in_ = false;
        if (items_.empty()) return ReplyEffect::Unsolicited;
        ReplyKind kind = items_.front().kind;
        answered_in_queue_ = true;
        if (kind == ReplyKind::Query || kind == ReplyKind::FunctionCall ||
            kind == ReplyKind::Sync) {
            items_.front().failed = true;
            return ReplyEffect::Failed;
        }
        pop();
        undo(answered_, false);
        while (!items_.empty() && items_.front().kind != ReplyKind::Sync) {
            undo(items_.front(), true);
            items_.pop_front();
        }
        skipping_ = items_.empty();
        if (!skipping_) items_.front().failed = true;
        return ReplyEffect::Failed;
    }
    ReplyEffect ready() {
        if (!head_is(ReplyKind::Sync) && !head_is(ReplyKind::Query) &&
            !head_is(ReplyKind::FunctionCall)) {
            return ReplyEffect::Desync;
        }
        copy_in_ = false;
        pop();
        return ReplyEffect::ExchangeDone;
    }

    Ring<Item> items_;
    Item answered_;
    bool answered_in_queue_ = false;
    bool replication_ = false;
    bool copy_in_ = false;
    bool copy_ended_ = false;
    bool skipping_ = false;
};

template <class Payload>
template <class Undo>
ReplyEffect ReplyQueue<Payload>::on_backend(char type, Undo&& undo) {
    switch (type) {
        case 'N':
        case 'A':
        case 'S': return ReplyEffect::Async;
        case 'D':
        case 'd':
        case 'c':
        case 'H': return head_runs() ? ReplyEffect::Relay : ReplyEffect::Desync;
        case 'W':  // only replication answers so, which cannot be shared
            return replication_ && head_runs() ? ReplyEffect::Relay : ReplyEffect::Desync;
        case 'T':
            if (head_is(ReplyKind::Describe)) return step(ReplyKind::Describe);
            return head_runs() ? ReplyEffect::Relay : ReplyEffect::Desync;
        case 't': return head_is(ReplyKind::Describe) ? ReplyEffect::Relay : ReplyEffect::Desync;
        case 'n': return step(ReplyKind::Describe);
        case '1': return step(ReplyKind::Parse);
        case '2': return step(ReplyKind::Bind);
        case '3': return step(ReplyKind::Close);
        case 'C':
        case 'I':
        case 's': return statement_done();
        case 'G': return copy_in_starts();
        case 'V':
            return head_is(ReplyKind::FunctionCall) ? ReplyEffect::Relay : ReplyEffect::Desync;
        case 'E': return failed(undo);
        case 'Z': return ready();
        default: return ReplyEffect::Desync;
    }
}

}  // namespace pgsidecar::protocol
