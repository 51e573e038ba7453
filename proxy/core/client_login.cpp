#include "proxy/core/client_login.hpp"

#include "protocol/messages/protocol_errc.hpp"
#include "protocol/messages/request_codes.hpp"
#include "protocol/messages/sqlstate.hpp"
#include "proxy/core/plane.hpp"
#include "proxy/core/session.hpp"
#include "proxy/core/upstream.hpp"

namespace pgsidecar::proxy {

using metrics::RejectReason;
using protocol::Frame;
using protocol::FrameOutcome;

void ClientLogin::send(const std::string& message) { session_.relay(base::as_bytes(message)); }

void ClientLogin::fail(std::string_view sqlstate, std::string message, std::string hint,
                       const base::Now& now) {
    LocalError error;
    error.severity = "FATAL";
    error.sqlstate = sqlstate;
    error.message = std::move(message);
    error.hint = std::move(hint);
    session_.end(error, now);
}

void ClientLogin::on_bytes(base::Bytes& bytes, const base::Now& now) {
    while (!bytes.empty() && session_.state() == Session::State::LoggingIn) {
        switch (stage_) {
            case Stage::Startup: startup_bytes(bytes, now); break;
            case Stage::Proof: proof_bytes(bytes, now); break;
            case Stage::Relay: relay_bytes(bytes, now); break;
            case Stage::Welcome: return hold(bytes);
        }
    }
}

// ---- the first packet

void ClientLogin::startup_bytes(base::Bytes& bytes, const base::Now& now) {
    auto& plane = session_.plane_;
    bool kept = !buffer_.empty();
    if (kept) buffer_.append(base::as_text(bytes));
    base::Bytes input = kept ? base::as_bytes(buffer_) : bytes;
    protocol::StartupLimits limits;
    limits.max_length = static_cast<std::size_t>(plane.settings().limits.max_startup_bytes);
    auto packet = protocol::parse_startup(input, limits);
    if (!packet) {
        plane.reject(RejectReason::BadStartup);
        return fail(protocol::sqlstate_of(packet.error()), packet.error().message(), {}, now);
    }
    if (std::holds_alternative<protocol::NeedBytes>(packet->body)) {
        if (!kept) buffer_.assign(base::as_text(bytes));
        bytes = {};
        return;
    }
    base::Bytes rest = input.subspan(packet->length);
    bytes = kept ? bytes.subspan(bytes.size() - rest.size()) : rest;

    if (const auto* message = std::get_if<protocol::StartupMessage>(&packet->body)) {
        start(*message, now);
    } else if (const auto* cancel = std::get_if<protocol::CancelRequest>(&packet->body)) {
        bytes = {};
        plane.cancel_requested(cancel->pid, cancel->secret, now);
        session_.close_channel();
    } else if (std::holds_alternative<protocol::SslRequest>(packet->body)) {
        tls_request(bytes, now);
    } else if (asked_gss_) {
        fail(protocol::sqlstate::kProtocolViolation, "GSS encryption was asked for twice.", {},
             now);
    } else {
        asked_gss_ = true;
        send("N");
    }
    buffer_.clear();  // only now: the packet's views may point into it
}

void ClientLogin::tls_request(base::Bytes rest, const base::Now& now) {
    auto& plane = session_.plane_;
    if (asked_tls_)
        return fail(protocol::sqlstate::kProtocolViolation, "TLS was asked for twice.", {}, now);
    asked_tls_ = true;
    if (!plane.options().client_tls || session_.channel_->is_unix_socket()) return send("N");
    // What came before TLS could be a stranger's (CVE-2021-3935).
    if (!rest.empty()) {
        plane.reject(RejectReason::BytesBeforeTls);
        return fail(protocol::sqlstate::kProtocolViolation,
                    "Unencrypted bytes followed the request for TLS.", {}, now);
    }
    send("S");
    session_.channel_->start_tls();
}

// ---- the client proves itself

void ClientLogin::hold(base::Bytes& bytes) {
    session_.held_.append(base::as_text(bytes));
    if (session_.held_.size() > session_.plane_.buffer_limit()) session_.set_reading(false);
    bytes = {};
}

void ClientLogin::password_expected(const base::Now& now) {
    session_.plane_.reject(RejectReason::ProtocolError);
    fail(protocol::sqlstate::kProtocolViolation,
         "A password message was expected and something else came.", {}, now);
}

void ClientLogin::proof_bytes(base::Bytes& bytes, const base::Now& now) {
    if (proof_->asking()) return hold(bytes);
    if (proof_->refused()) {
        bytes = {};  // judged already
        return;
    }
    Frame frame;
    switch (session_.reader_.next(bytes, frame)) {
        case FrameOutcome::Need: return;
        case FrameOutcome::Got:
            if (frame.type != 'p' || !frame.whole()) break;
            if (proof_->on_message(frame.payload, now)) authenticated(now);
            return;
        case FrameOutcome::Bad: break;
    }
    password_expected(now);
}

void ClientLogin::account_found(const UserDirectory::Found& found, const base::Now& now) {
    if (proof_->account_found(found, now)) return authenticated(now);
    // Whoever is challenged now has sent its answer before the question.
    if (session_.state() == Session::State::LoggingIn && !proof_->refused() &&
        !session_.held_.empty())
        password_expected(now);
}

void ClientLogin::tick(const base::Now& now) {
    if (stage_ == Stage::Proof) proof_->tick(now);
}

void ClientLogin::relay_bytes(base::Bytes& bytes, const base::Now& now) {
    Frame frame;
    switch (session_.reader_.next(bytes, frame)) {
        case FrameOutcome::Need: return;
        case FrameOutcome::Got:
            if (frame.type == 'p' && session_.upstream_ != nullptr &&
                session_.upstream_->state() == Upstream::State::LoggingIn) {
                return session_.upstream_->forward(frame.wire);
            }
            [[fallthrough]];
        case FrameOutcome::Bad: password_expected(now);
    }
}

void ClientLogin::timed_out(const base::Now& now) {
    if (stage_ == Stage::Welcome) return;                     // pool.wait_timeout_ms rules there
    if (stage_ == Stage::Proof && proof_->refused()) return;  // auth.failure_delay_ms
    session_.plane_.reject(RejectReason::LoginTimeout);
    fail(protocol::sqlstate::kQueryCanceled,
         "The login was not complete within auth.login_timeout_ms.", {}, now);
}

}  // namespace pgsidecar::proxy
