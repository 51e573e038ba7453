#include "proxy/core/session.hpp"

#include <algorithm>

#include "protocol/messages/backend_encode.hpp"
#include "protocol/messages/frontend_decode.hpp"
#include "protocol/messages/frontend_rewrite.hpp"
#include "protocol/messages/sqlstate.hpp"
#include "proxy/core/client_login.hpp"
#include "proxy/core/console_link.hpp"
#include "proxy/core/plane.hpp"
#include "proxy/core/pool.hpp"
#include "proxy/core/standin.hpp"
#include "proxy/core/upstream.hpp"

namespace pgsidecar::proxy {

using protocol::Frame;
using protocol::FrameOutcome;
using protocol::FrameReader;
using protocol::ReplyKind;
using protocol::TransactionStatus;

namespace {

// Messages that mean nothing without a running exchange: what is left of a COPY that failed, and
// Flush.
bool is_leftover(char type) { return type == 'd' || type == 'c' || type == 'f' || type == 'H'; }

// True when sending the message twice is as good as sending it once.
bool changes_nothing(char type, const Expected& expected) {
    switch (type) {
        case 'Q':
            if (expected.all) {
                return std::all_of(expected.all->begin(), expected.all->end(),
                                   [](const auto& shape) { return shape->read_only; });
            }
            return expected.shape && expected.shape->read_only;
        case 'E': return expected.shape && expected.shape->read_only;
        case 'P':
        case 'B':
        case 'D':
        case 'C':
        case 'S': return true;  // not Flush: its client wants to see what comes before the rows
        default: return false;
    }
}

}  // namespace

Session::Session(Plane& plane, Channel& channel, bool local_peer, const base::Now& now)
    : plane_(plane),
      seat_(*plane.options().census),
      channel_(&channel),
      login_(std::make_unique<ClientLogin>(*this)),
      reader_(FrameReader::Direction::Frontend,
              {static_cast<std::uint32_t>(plane.settings().limits.max_prelogin_message_bytes),
               static_cast<std::uint32_t>(plane.settings().limits.max_prelogin_message_bytes)}),
      settings_(plane.gucs().none()),
      id_(plane.next_client_id()),
      opened_ns_(now.mono_ns),
      local_peer_(local_peer) {}

Session::~Session() = default;

// ---- bytes from the client

void Session::on_bytes(base::Bytes bytes, const base::Now& now) {
    plane_.shard().client_bytes_in.add(bytes.size());
    clock_.heard();
    if (state_ == State::LoggingIn) login_->on_bytes(bytes, now);
    if (state_ == State::Ready && !bytes.empty()) consume(bytes, now);
}

void Session::consume(base::Bytes bytes, const base::Now& now) {
    consuming_ = true;
    Frame frame;
    std::string again;
    while (state_ == State::Ready) {
        if (!put_back_.empty()) {
            std::string messages = std::exchange(put_back_, {});
            messages.append(base::as_text(bytes));
            again = std::move(messages);
            bytes = base::as_bytes(again);
        }
        if (stopped()) {
            hold(bytes);
            break;
        }
        FrameOutcome outcome = reader_.next(bytes, frame);
        if (outcome == FrameOutcome::Need) break;
        if (outcome == FrameOutcome::Bad) {
            protocol_violation(reader_.error() == protocol::FrameError::UnknownType
                                   ? "a message type that no client sends"
                                   : "a message length that is not allowed",
                               now);
            break;
        }
        on_frame(frame, now);
    }
    consuming_ = false;
}

void Session::put_back(const Frame& frame) { put_back_.assign(base::as_text(frame.wire)); }

void Session::hold(base::Bytes bytes) {
    held_.append(base::as_text(bytes));
    if (held_.size() > plane_.buffer_limit() || terminating_) set_reading(false);
}

void Session::consume_held(const base::Now& now) {
    if (consuming_ || held_.empty() || stopped()) return;
    std::string bytes;
    bytes.swap(held_);
    consume(base::as_bytes(bytes), now);
}

void Session::on_frame(const Frame& frame, const base::Now& now) {
    if (console_) return console_->on_frame(frame, now);
    if (!frame.first) {
        if (dropping_pieces_) {
            dropping_pieces_ = !frame.last;
        } else if (upstream_ != nullptr) {
            upstream_->forward(frame.wire);
            if (frame.last) release_if_done(now);
        }
        return;
    }
    if (answered_locally(frame, now)) return;
    if ((upstream_ == nullptr || plane_.writes_wait() || plane_.mock()) && outage_takes(frame, now))
        return;
    if (upstream_ == nullptr) return ask_for_upstream(frame, now);
    if (settles_first(frame, now)) return put_back(frame);
    if (!deferred_begin_.empty())
        upstream_->ask(Purpose::Begin, std::exchange(deferred_begin_, {}), now);
    Expected expected = describe(frame, now);
    if (!refused_by_mode(frame, expected)) send_on(frame, std::move(expected));
}

bool Session::answered_locally(const Frame& frame, const base::Now& now) {
    if (frame.type == 'X') {
        if (upstream_ != nullptr && !upstream_->replies().empty()) {
            terminating_ = true;  // the server would finish these first, and so do we
        } else {
            detach(now, false);
            close_channel();
        }
        return true;
    }
    if (frame.type == 'p') {
        protocol_violation("a password outside a login", now);
        return true;
    }
    if (!discarding_ && standin_ && standin_->engaged()) {
        dropping_pieces_ = !frame.last;
        if (frame.whole()) {
            standin_->on_frame(frame, now);
        } else if (!is_leftover(frame.type)) {
            standin_->too_long(frame.type, now);
        }
        return true;
    }
    bool alone = upstream_ == nullptr;
    if (discarding_ || (alone && (frame.type == 'S' || is_leftover(frame.type)))) {
        if (frame.type == 'S') {
            discarding_ = false;
            send_ready();
        }
        dropping_pieces_ = !frame.last;
        return true;
    }
    return false;
}

// ---- a statement on its way to the server

void Session::send_on(const Frame& frame, Expected expected) {
    const base::Now sent_at{expected.start_mono_ns, expected.start_wall_us};
    expected.pool_wait_ns = std::exchange(pool_wait_ns_, 0);
    bool harmless = changes_nothing(frame.type, expected);
    exchange_begins_ = !exchange_open_;
    if (frame.type != 'd' && frame.type != 'c' && frame.type != 'f')
        exchange_open_ = frame.type != 'Q' && frame.type != 'S' && frame.type != 'F';
    wrote_ = wrote_ || !harmless;
    committed_ = committed_ || (frame.type == 'E' && expected.shape &&
                                expected.shape->verb == model::TransactionVerb::Commit);
    begin_with_own_sequences(expected);
    upstream_->resend().add(frame.wire, harmless && frame.whole());
    if (!upstream_->resend().possible() && upstream_->resend().withholds()) {
        std::string early = upstream_->resend().take_withheld();
        relay(base::as_bytes(early));
    }
    if (shares()) {
        send_shared(frame, std::move(expected));
    } else {
        note_names(frame, expected);
        send_plain(frame, std::move(expected));
    }
    if (upstream_ == nullptr) return;
    if (restores() && !exchange_open_ && (frame.type == 'Q' || frame.type == 'S'))
        send_restores(sent_at);
    if (reading_ && upstream_->replies().size() >
                        static_cast<std::size_t>(plane_.settings().limits.max_pipeline)) {
        set_reading(false);
        // Without a Sync the server keeps the last answers back, and we would wait for them.
        if (frame.last) upstream_->forward(base::as_bytes(protocol::kFlushMessage));
    }
}

void Session::send_plain(const Frame& frame, Expected expected) {
    switch (frame.type) {
        case 'Q': upstream_->expect(ReplyKind::Query, std::move(expected)); break;
        case 'P': upstream_->expect(ReplyKind::Parse, std::move(expected)); break;
        case 'B': upstream_->expect(ReplyKind::Bind, std::move(expected)); break;
        case 'D': upstream_->expect(ReplyKind::Describe, std::move(expected)); break;
        case 'E': upstream_->expect(ReplyKind::Execute, std::move(expected)); break;
        case 'C': upstream_->expect(ReplyKind::Close, std::move(expected)); break;
        case 'S': upstream_->expect(ReplyKind::Sync, std::move(expected)); break;
        case 'F': upstream_->expect(ReplyKind::FunctionCall, std::move(expected)); break;
        case 'c':
        case 'f': upstream_->replies().on_copy_end(); break;
        default: break;  // CopyData and Flush have no reply of their own
    }
    upstream_->forward(frame.wire);
}

void Session::ask_for_upstream(const Frame& frame, const base::Now& now) {
    if (auto refusal = pool_->refusal(now)) {
        plane_.reject(metrics::RejectReason::UpstreamDown);
        return refuse_exchange(frame.type, !frame.last, *refusal);
    }
    if (auto refusal = plane_.no_room_to_hold(*pool_)) {
        return refuse_exchange(frame.type, !frame.last, *refusal);
    }
    Expected expected = describe(frame, now);
    if (refused_by_mode(frame, expected)) return;
    Upstream* upstream = pool_->request(*this, now);
    if (upstream != nullptr && !doubt_) {
        attached(*upstream, now);
        if (upstream_ == nullptr) return;
        if (settles_first(frame, now)) return put_back(frame);
        send_on(frame, std::move(expected));
        return;
    }
    pending_ = std::make_unique<Pending>();
    pending_->bytes.assign(base::as_text(frame.wire));
    pending_->frame = frame;
    pending_->frame.wire = base::as_bytes(pending_->bytes);
    pending_->frame.payload =
        pending_->frame.wire.subspan(frame.wire.size() - frame.payload.size());
    pending_->expected = std::move(expected);
    plane_.held_bytes += static_cast<std::int64_t>(pending_->bytes.size());
    if (upstream != nullptr) attached(*upstream, now);
}

std::unique_ptr<Session::Pending> Session::take_pending() {
    if (pending_) plane_.held_bytes -= static_cast<std::int64_t>(pending_->bytes.size());
    return std::move(pending_);
}

void Session::attached(Upstream& upstream, const base::Now& now) {
    upstream_ = &upstream;
    upstream.attach(this);
    start_afresh(deferred_begin_.empty());
    plane_.shard().clients_active.add(1);
    if (state_ == State::LoggingIn) return login_->attached(upstream, now);
    if (doubt_ && doubt_confirmed(now)) {
        detach(now, false);
        set_reading(true);
        return consume_held(now);
    }
    if (upstream.settings() != settings_) upstream.apply(settings_, Purpose::ApplySettings, now);
    if (std::exchange(restores_, false)) upstream.prepare_again(names_, now);
    if (!deferred_begin_.empty())
        upstream.ask(Purpose::Begin, std::exchange(deferred_begin_, {}), now);
    if (!pending_) return;
    auto pending = take_pending();
    pool_wait_ns_ = now.mono_ns - pending->expected.start_mono_ns;
    plane_.shard().pool_wait.observe(pool_wait_ns_);
    pending->expected.start_mono_ns = now.mono_ns;
    pending->expected.start_wall_us = now.wall_us;
    if (settles_first(pending->frame, now)) {
        held_.insert(0, pending->bytes);
    } else {
        send_on(pending->frame, std::move(pending->expected));
    }
    if (held_.size() <= plane_.buffer_limit()) set_reading(true);
    consume_held(now);
}

void Session::refused(const LocalError& error, const base::Now& now) {
    if (state_ == State::LoggingIn) return login_->refused(error, now);
    auto pending = take_pending();
    if (pending) refuse_exchange(pending->frame.type, !pending->frame.last, error);
    set_reading(true);
    consume_held(now);
}

void Session::refuse_exchange(char type, bool in_pieces, const LocalError& error) {
    plane_.shard().statements_refused.add();
    if (!deferred_begin_.empty()) {
        // It was told BEGIN; what it gets now is that transaction's error.
        deferred_begin_.clear();
        transaction_ = TransactionStatus::Failed;
        standin().fail_transaction();
    }
    LocalError told = error;
    if (std::string why = std::exchange(why_not_queued_, {}); !why.empty())
        told.detail += " It was not queued: " + why + ".";
    send_error(told);
    bypass_ = false;
    doubt_.reset();
    dropping_pieces_ = in_pieces;
    if (type == 'Q' || type == 'F') {
        send_ready();
    } else {
        discarding_ = true;
    }
}

// ---- replies

void Session::relay(base::Bytes wire) {
    if (channel_ == nullptr) return;
    plane_.shard().client_bytes_out.add(wire.size());
    std::size_t unsent = 0;
    if (record_awaited_ != 0) {
        held_answer_.append(base::as_text(wire));
        unsent = held_answer_.size();
    } else {
        channel_->send(wire);
        unsent = channel_->unsent();
    }
    if (unsent <= plane_.buffer_limit()) return;
    if (upstream_ != nullptr) {
        upstream_->set_reading(false);
    } else {
        set_reading(false);
        own_answers_wait_ = true;
    }
}

void Session::on_drained(const base::Now& now) {
    if (console_) return console_->drained(now);
    if (upstream_ != nullptr) upstream_->set_reading(true);
    // It may have got a connection since; where it is stopped, the end of that reads on.
    if (std::exchange(own_answers_wait_, false) && !stopped()) set_reading(true);
}

void Session::server_took_all() {
    if (reading_ || stopped()) return;
    // However fast it takes them, what it has not answered stays bounded.
    const auto most = static_cast<std::size_t>(plane_.settings().limits.max_pipeline);
    if (upstream_ == nullptr || upstream_->replies().size() <= most) set_reading(true);
}

void Session::set_reading(bool on) {
    if (reading_ == on || channel_ == nullptr) return;
    reading_ = on;
    channel_->set_reading(on);
}

void Session::setting_reported(std::string_view name, std::string_view value) {
    if (!is_settable_reported(name) || upstream_ == nullptr) return;
    settings_ = plane_.gucs().with(*settings_, name, value);
    // What else is in force there may be known to nobody.
    if (const GucSetPtr there = upstream_->settings())
        upstream_->set_settings(plane_.gucs().with(*there, name, value));
}

void Session::exchange_done(TransactionStatus status, const base::Now& now) {
    transaction_ = status;
    clock_.statement_over();
    if (upstream_->replies().empty()) start_afresh(status == TransactionStatus::Idle);
    bypass_ = false;
    retries_ = 0;
    if (!why_not_queued_.empty()) why_not_queued_.clear();
    if (status == TransactionStatus::Idle) {
        parses_locally_ = false;
        plane_.shard().transactions.add();
        clock_.transaction_over();
        names_.transaction_over();
        sequences_since_ns_ = now.mono_ns;
        if (!std::exchange(sequences_touched_, false))
            effects_ &= static_cast<std::uint16_t>(~model::session_effect::kSequenceState);
        const bool answered = upstream_->replies().empty();
        if (answered && (dirty_settings_ || resets_all_)) settle_settings(now);
    }
    if (!reading_ && upstream_->replies().size() <
                         static_cast<std::size_t>(plane_.settings().limits.max_pipeline) / 2) {
        server_took_all();
    }
    release_if_done(now);
}

void Session::start_afresh(bool outside_transaction) {
    upstream_->resend().begin(outside_transaction);
    sequences_begun_ = false;
    wrote_ = false;
    committed_ = false;
}

}  // namespace pgsidecar::proxy
