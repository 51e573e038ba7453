#include "protocol/messages/backend_encode.hpp"
#include "protocol/messages/sqlstate.hpp"
#include "proxy/core/client_login.hpp"
#include "proxy/core/console_link.hpp"
#include "proxy/core/plane.hpp"
#include "proxy/core/pool.hpp"
#include "proxy/core/session.hpp"
#include "proxy/core/upstream.hpp"

namespace pgsidecar::proxy {

using protocol::ReplyKind;
using protocol::TransactionStatus;

namespace {

LocalError canceled(std::string detail) {
    LocalError error;
    error.sqlstate = protocol::sqlstate::kQueryCanceled;
    error.message = "canceling statement due to user request";
    error.detail = std::move(detail);
    return error;
}

}  // namespace

// ---- ends

void Session::detach(const base::Now& now, bool client_gone) {
    if (waiting_since_ns >= 0) {
        pool_->leave_queue(*this);
        take_pending();
    }
    Upstream* upstream = std::exchange(upstream_, nullptr);
    if (upstream == nullptr) return;
    plane_.shard().clients_active.add(-1);
    upstream->attach(nullptr);
    // What only we have asked for does not concern the client that goes.
    bool asking = !upstream->replies().empty() && upstream->only_asks();
    bool clean = (upstream->replies().empty() || asking) && !upstream->replies().skipping() &&
                 transaction_ == TransactionStatus::Idle && !exchange_open_ &&
                 !reader_.in_pieces() && !upstream->mid_message() &&
                 upstream->state() == Upstream::State::Ready;
    bool resets = keeps_connection() || asking || leaves_state();
    bool loaded = (effects_ & model::session_effect::kLoads) != 0 && resets;
    if (own_upstream_ == nullptr) forget_state();
    upstream->set_reading(true);
    if (own_upstream_ != nullptr) {
        if (!clean && client_gone && !upstream->replies().empty())
            plane_.cancel_at_server(*upstream, true, now);
        plane_.shard()
            .servers_closed[static_cast<std::size_t>(metrics::ServerCloseReason::ClientGone)]
            .add();
        upstream->close(clean);
        plane_.bury(std::move(own_upstream_));
    } else if (!clean) {
        // The server would go on with a statement that nobody waits for, and keep its locks.
        if (client_gone && !upstream->replies().empty())
            plane_.cancel_at_server(*upstream, true, now);
        plane_.shard()
            .servers_closed[static_cast<std::size_t>(metrics::ServerCloseReason::ClientGone)]
            .add();
        pool_->discard(*upstream, now);
    } else if (loaded) {
        pool_->discard(*upstream, now);  // DISCARD ALL leaves a library where it is
    } else if (resets) {
        upstream->reset(now);
    } else {
        pool_->released(*upstream, now);
    }
}

void Session::on_closed(const ChannelClosed&, const base::Now& now) {
    channel_ = nullptr;
    detach(now, !terminating_);
    close_channel();
}

void Session::close_channel() {
    if (state_ == State::Closed) return;
    state_ = State::Closed;
    if (channel_ != nullptr) std::exchange(channel_, nullptr)->close();
    plane_.forget(*this);
}

void Session::end(const LocalError& error, const base::Now& now) {
    if (state_ == State::Closed) return;
    if (upstream_ == nullptr || !upstream_->mid_message()) send_error(error);
    detach(now, true);
    close_channel();
}

void Session::send_error(const LocalError& error) {
    if (channel_ == nullptr) return;
    std::string message;
    protocol::append_error_response(message, error.fields());
    relay(base::as_bytes(message));
}

void Session::send_ready() {
    std::string message;
    protocol::append_ready_for_query(message, transaction_);
    relay(base::as_bytes(message));
}

void Session::protocol_violation(std::string_view what, const base::Now& now) {
    plane_.reject(metrics::RejectReason::ProtocolError);
    LocalError error;
    error.severity = "FATAL";
    error.sqlstate = protocol::sqlstate::kProtocolViolation;
    error.message = "The client sent " + std::string(what) + "; the connection is closed.";
    end(error, now);
}

// ---- from the plane

bool Session::at_rest() const {
    // A client that vanishes in a COPY sends its last data and its end together.
    if (upstream_ != nullptr && upstream_->replies().copy_in()) return false;
    return state_ == State::Ready && reader_.at_boundary() && !discarding_ && !terminating_;
}

void Session::tick(const base::Now& now) {
    if (state_ != State::LoggingIn) return;
    login_->tick(now);
    if (state_ != State::LoggingIn) return;
    if (now.mono_ns - opened_ns_ >
        plane_.settings().auth.login_timeout_ms * std::int64_t{1'000'000})
        login_->timed_out(now);
}

void Session::drain(const base::Now& now) {
    draining_ = true;
    bool busy = stopped() || discarding_ || transaction_ != TransactionStatus::Idle ||
                (upstream_ != nullptr &&
                 (!upstream_->replies().empty() || upstream_->replies().skipping())) ||
                reader_.in_pieces();
    if (busy) return;
    LocalError error;
    error.severity = "FATAL";
    error.sqlstate = protocol::sqlstate::kAdminShutdown;
    error.message = "pgsidecar is shutting down; connect again.";
    send_error(error);
    detach(now, false);
    close_channel();
}

bool Session::cancel(const base::Now& now) {
    if (console_) console_->cancel();
    if ((stop_ == Stop::Flush || stop_ == Stop::Retry) && upstream_ == nullptr) {
        refuse_held(canceled("It was waiting for the database."), now);
        return false;
    }
    if (waiting_since_ns >= 0 && state_ == State::Ready) {
        pool_->leave_queue(*this);
        refused(canceled("It was still waiting for a server connection."), now);
        return false;
    }
    return upstream_ != nullptr && !upstream_->replies().empty() &&
           upstream_->state() == Upstream::State::Ready;
}

}  // namespace pgsidecar::proxy
