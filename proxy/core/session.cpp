#include "proxy/core/session.hpp"

#include "protocol/messages/backend_encode.hpp"
#include "protocol/messages/frontend_decode.hpp"
#include "protocol/messages/sqlstate.hpp"
#include "proxy/core/client_login.hpp"
#include "proxy/core/plane.hpp"
#include "proxy/core/pool.hpp"
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

}  // namespace

Session::Session(Plane& plane, Channel& channel, bool local_peer, const base::Now& now)
    : plane_(plane),
      channel_(&channel),
      login_(std::make_unique<ClientLogin>(*this)),
      reader_(FrameReader::Direction::Frontend,
              {static_cast<std::uint32_t>(plane.settings().limits.max_prelogin_message_bytes),
               static_cast<std::uint32_t>(plane.settings().limits.max_prelogin_message_bytes)}),
      settings_(plane.gucs().none()),
      opened_ns_(now.mono_ns),
      local_peer_(local_peer) {}

Session::~Session() = default;

// ---- bytes from the client

void Session::on_bytes(base::Bytes bytes, const base::Now& now) {
    plane_.shard().client_bytes_in.add(bytes.size());
    if (state_ == State::LoggingIn) login_->on_bytes(bytes, now);
    if (state_ == State::Ready && !bytes.empty()) consume(bytes, now);
}

void Session::consume(base::Bytes bytes, const base::Now& now) {
    consuming_ = true;
    Frame frame;
    while (state_ == State::Ready) {
        if (waiting_since_ns >= 0 || terminating_) {
            held_.append(base::as_text(bytes));
            if (held_.size() > plane_.buffer_limit() || terminating_) set_reading(false);
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

void Session::consume_held(const base::Now& now) {
    if (consuming_ || held_.empty()) return;
    std::string bytes;
    bytes.swap(held_);
    consume(base::as_bytes(bytes), now);
}

void Session::on_frame(const Frame& frame, const base::Now& now) {
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
    if (upstream_ == nullptr) return ask_for_upstream(frame, now);
    send_on(frame, describe(frame, now));
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

Expected Session::describe(const Frame& frame, const base::Now& now) {
    Expected expected;
    expected.owner = this;
    expected.start_mono_ns = now.mono_ns;
    expected.start_wall_us = now.wall_us;
    switch (frame.type) {
        case 'Q': {
            std::string_view text = base::as_text(frame.payload);
            auto shapes = plane_.classify(text.substr(0, text.find('\0')));
            if (!shapes.empty()) expected.shape = shapes[0];
            if (shapes.size() > 1) {
                expected.all = std::make_shared<const std::vector<model::StatementShapePtr>>(
                    shapes.begin(), shapes.end());
            }
            break;
        }
        case 'P':
        case 'B':
        case 'D':
        case 'C':
        case 'E': name_statement(frame, expected); break;
        default: break;
    }
    return expected;
}

void Session::name_statement(const Frame& frame, Expected& expected) {
    switch (frame.type) {
        case 'P':
            if (auto parse = protocol::decode_parse_head(frame.payload)) {
                auto shapes = plane_.classify(parse->query);
                if (!shapes.empty()) expected.shape = shapes[0];
                names_.parsed(parse->name, expected.shape);
            }
            break;
        case 'B':
            if (auto bind = protocol::decode_bind_head(frame.payload)) {
                names_.bound(bind->portal, bind->statement);
                expected.shape = names_.portal(bind->portal);
            }
            break;
        case 'D':
        case 'C':
            if (auto target = protocol::decode_target(frame.payload)) {
                bool statement = target->kind == protocol::TargetKind::Statement;
                expected.shape =
                    statement ? names_.statement(target->name) : names_.portal(target->name);
                if (frame.type == 'C') names_.closed(statement ? 'S' : 'P', target->name);
            }
            break;
        case 'E':
            if (auto execute = protocol::decode_execute(frame.payload))
                expected.shape = names_.portal(execute->portal);
            break;
        default: break;
    }
}

void Session::send_on(const Frame& frame, Expected expected) {
    expected.pool_wait_ns = std::exchange(pool_wait_ns_, 0);
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
    if (upstream_ == nullptr) return;
    if (upstream_->replies().size() >
        static_cast<std::size_t>(plane_.settings().limits.max_pipeline))
        set_reading(false);
}

void Session::ask_for_upstream(const Frame& frame, const base::Now& now) {
    if (auto refusal = pool_->refusal(now)) {
        plane_.reject(metrics::RejectReason::UpstreamDown);
        return refuse_exchange(frame.type, !frame.last, *refusal);
    }
    Expected expected = describe(frame, now);
    if (Upstream* upstream = pool_->request(*this, now)) {
        attached(*upstream, now);
        if (upstream_ != nullptr) send_on(frame, std::move(expected));
        return;
    }
    pending_ = std::make_unique<Pending>();
    pending_->bytes.assign(base::as_text(frame.wire));
    pending_->frame = frame;
    pending_->frame.wire = base::as_bytes(pending_->bytes);
    pending_->frame.payload =
        pending_->frame.wire.subspan(frame.wire.size() - frame.payload.size());
    pending_->expected = std::move(expected);
}

void Session::attached(Upstream& upstream, const base::Now& now) {
    upstream_ = &upstream;
    upstream.attach(this);
    plane_.shard().clients_active.add(1);
    if (state_ == State::LoggingIn) return login_->attached(upstream, now);
    if (upstream.settings() != settings_) upstream.apply(settings_, Purpose::ApplySettings, now);
    if (!pending_) return;
    auto pending = std::move(pending_);
    pool_wait_ns_ = now.mono_ns - pending->expected.start_mono_ns;
    plane_.shard().pool_wait.observe(pool_wait_ns_);
    pending->expected.start_mono_ns = now.mono_ns;
    pending->expected.start_wall_us = now.wall_us;
    send_on(pending->frame, std::move(pending->expected));
    if (held_.size() <= plane_.buffer_limit()) set_reading(true);
    consume_held(now);
}

void Session::refused(const LocalError& error, const base::Now& now) {
    if (state_ == State::LoggingIn) return login_->refused(error, now);
    auto pending = std::move(pending_);
    if (pending) refuse_exchange(pending->frame.type, !pending->frame.last, error);
    set_reading(true);
    consume_held(now);
}

void Session::refuse_exchange(char type, bool in_pieces, const LocalError& error) {
    send_error(error);
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
    channel_->send(wire);
    if (upstream_ != nullptr && channel_->unsent() > plane_.buffer_limit())
        upstream_->set_reading(false);
}

void Session::on_drained(const base::Now&) {
    if (upstream_ != nullptr) upstream_->set_reading(true);
}

void Session::server_took_all() {
    if (!reading_ && waiting_since_ns < 0 && !terminating_) set_reading(true);
}

void Session::set_reading(bool on) {
    if (reading_ == on || channel_ == nullptr) return;
    reading_ = on;
    channel_->set_reading(on);
}

void Session::setting_reported(std::string_view name, std::string_view value) {
    if (!is_settable_reported(name) || upstream_ == nullptr) return;
    settings_ = plane_.gucs().with(*settings_, name, value);
    upstream_->set_settings(settings_);
}

void Session::exchange_done(TransactionStatus status, const base::Now& now) {
    transaction_ = status;
    if (status == TransactionStatus::Idle) {
        plane_.shard().transactions.add();
        names_.transaction_over();
    }
    if (!reading_ && upstream_->replies().size() <
                         static_cast<std::size_t>(plane_.settings().limits.max_pipeline) / 2) {
        server_took_all();
    }
    if (terminating_ && upstream_->replies().empty()) {
        detach(now, false);
        return close_channel();
    }
    release_if_done(now);
}

void Session::release_if_done(const base::Now& now) {
    if (upstream_ == nullptr || transaction_ != TransactionStatus::Idle ||
        !upstream_->replies().empty() || upstream_->replies().skipping() || reader_.in_pieces()) {
        return;
    }
    if (draining_) return drain(now);
    if (!keeps_connection()) detach(now, false);
}

bool Session::keeps_connection() const {
    return own_upstream_ != nullptr || plane_.settings().pool.mode == config::PoolMode::Session;
}

}  // namespace pgsidecar::proxy
