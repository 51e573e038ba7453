#include "proxy/core/client_login.hpp"

#include "protocol/auth/md5_password.hpp"
#include "protocol/auth/scram_secret.hpp"
#include "protocol/auth/scram_syntax.hpp"
#include "protocol/messages/backend_encode.hpp"
#include "protocol/messages/frontend_decode.hpp"
#include "protocol/messages/frontend_encode.hpp"
#include "protocol/messages/protocol_errc.hpp"
#include "protocol/messages/request_codes.hpp"
#include "protocol/messages/sqlstate.hpp"
#include "protocol/startup/startup_options.hpp"
#include "proxy/core/console_link.hpp"
#include "proxy/core/plane.hpp"
#include "proxy/core/pool.hpp"
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
            case Stage::Password:
            case Stage::SaslFirst:
            case Stage::SaslNext: password_bytes(bytes, now); break;
            case Stage::Relay: relay_bytes(bytes, now); break;
            case Stage::Welcome:
                // Sent ahead of ReadyForQuery; nothing of it runs before the login is complete.
                session_.held_.append(base::as_text(bytes));
                if (session_.held_.size() > session_.plane_.buffer_limit())
                    session_.set_reading(false);
                bytes = {};
                return;
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
    if (!plane.options().client_tls) return send("N");
    // What came before TLS could be a stranger's (CVE-2021-3935).
    if (!rest.empty()) {
        plane.reject(RejectReason::BytesBeforeTls);
        return fail(protocol::sqlstate::kProtocolViolation,
                    "Unencrypted bytes followed the request for TLS.", {}, now);
    }
    send("S");
    session_.channel_->start_tls();
}

void ClientLogin::start(const protocol::StartupMessage& message, const base::Now& now) {
    auto& plane = session_.plane_;
    if (plane.draining()) {
        plane.reject(RejectReason::ShuttingDown);
        return fail(protocol::sqlstate::kCannotConnectNow, "pgsidecar is shutting down.",
                    "Connect again shortly.", now);
    }
    user_ = message.user();
    database_ = message.database();
    // Who comes to see why there is no room must find some.
    bool guest = wants_console() && session_.local_peer();
    if (!guest &&
        plane.session_count() > static_cast<std::size_t>(plane.settings().listen.max_clients)) {
        plane.reject(RejectReason::TooManyClients);
        return fail(protocol::sqlstate::kTooManyConnections,
                    "pgsidecar has no room for another client.",
                    "Close idle connections or raise listen.max_clients.", now);
    }
    if (message.needs_negotiation()) {
        std::string reply;
        protocol::append_negotiate_protocol_version(reply, protocol::kProtocol30,
                                                    message.unknown_options);
        send(reply);
    }
    if (!take_parameters(message, now)) return;
    if (plane.settings().auth.mode == config::AuthMode::PassThrough && !wants_console())
        return start_pass_through(message, now);
    challenge(now);
}

bool ClientLogin::take_parameters(const protocol::StartupMessage& message, const base::Now& now) {
    bool managed = session_.plane_.settings().auth.mode == config::AuthMode::Managed;
    std::string application;
    for (const auto& [name, value] : message.parameters) {
        if (name == "user" || name == "database" || name.starts_with("_pq_.")) continue;
        if (name == "application_name") application = value;
        if (name == "replication") {
            if (!managed || value == "false" || value == "off" || value == "0" || value == "no")
                continue;
            fail(protocol::sqlstate::kFeatureNotSupported,
                 "Replication connections cannot be pooled.",
                 "Set auth.mode = \"pass-through\" or connect to the server directly.", now);
            return false;
        }
        if (name != "options") {
            gucs_.emplace_back(name, value);
            continue;
        }
        auto options = protocol::parse_startup_options(value);
        if (!options) {
            fail(protocol::sqlstate_of(options.error()),
                 "Start-up parameter options: " + options.error().message(),
                 "Write settings as -c name=value.", now);
            return false;
        }
        for (auto& option : *options) gucs_.push_back(std::move(option));
    }
    session_.source_ = session_.plane_.make_source(user_, database_, application);
    return true;
}

void ClientLogin::start_pass_through(const protocol::StartupMessage& message,
                                     const base::Now& now) {
    std::vector<protocol::ParameterView> parameters;
    for (const auto& [name, value] : message.parameters) {
        if (!name.starts_with("_pq_.")) parameters.emplace_back(name, value);
    }
    std::string packet;
    if (auto made = protocol::append_startup_message(packet, parameters); !made) {
        return fail(protocol::sqlstate_of(made.error()), made.error().message(), {}, now);
    }
    stage_ = Stage::Relay;
    session_.own_upstream_ =
        std::make_unique<Upstream>(session_.plane_, session_, std::move(packet));
    session_.upstream_ = session_.own_upstream_.get();
    session_.plane_.shard().clients_active.add(1);
    session_.upstream_->start(now);
}

// ---- the client proves itself

void ClientLogin::challenge(const base::Now& now) {
    auto& plane = session_.plane_;
    auto method = plane.settings().auth.method;
    const Credentials::User* known = plane.options().credentials.find(user_);
    if (method == config::AuthMethod::Trust) {
        if (!session_.local_peer()) {
            plane.reject(RejectReason::AuthFailed);
            return fail(protocol::sqlstate::kInvalidAuthorization,
                        "Login without a password is for clients of the same machine only.",
                        "Set auth.method to scram-sha-256.", now);
        }
        if (known == nullptr) {
            plane.reject(RejectReason::AuthFailed);
            return fail(protocol::sqlstate::kInvalidAuthorization,
                        "pgsidecar has no credentials for user \"" + user_ + "\".",
                        "Log in as the user of DATABASE_URL, list the user in auth.user_file, or "
                        "set auth.mode = "
                        "\"pass-through\".",
                        now);
        }
        return authenticated(now);
    }
    std::string request;
    if (method == config::AuthMethod::Md5) {
        plane.entropy().fill(salt_);
        protocol::append_authentication_md5_password(request, salt_);
        stage_ = Stage::Password;
        return send(request);
    }
    auto mock = protocol::mock_scram_secret(user_, plane.options().credentials.mock_key());
    const protocol::ScramSecret* secret =
        known != nullptr && known->verifier ? known->verifier->scram_secret() : nullptr;
    if (secret == nullptr && !mock)
        return fail(protocol::sqlstate::kSystemError, mock.error().message(), {}, now);
    scram_ = std::make_unique<protocol::ScramServer>(secret != nullptr ? *secret : *mock,
                                                     protocol::make_scram_nonce(plane.entropy()));
    std::string_view offered[] = {protocol::kScramSha256};
    protocol::append_authentication_sasl(request, offered);
    stage_ = Stage::SaslFirst;
    send(request);
}

void ClientLogin::password_bytes(base::Bytes& bytes, const base::Now& now) {
    Frame frame;
    switch (session_.reader_.next(bytes, frame)) {
        case FrameOutcome::Need: return;
        case FrameOutcome::Got:
            if (frame.type == 'p' && frame.whole()) {
                return stage_ == Stage::Password ? password(frame.payload, now)
                                                 : sasl(frame.payload, now);
            }
            [[fallthrough]];
        case FrameOutcome::Bad:
            session_.plane_.reject(RejectReason::ProtocolError);
            fail(protocol::sqlstate::kProtocolViolation,
                 "A password message was expected and something else came.", {}, now);
    }
}

void ClientLogin::password(base::Bytes payload, const base::Now& now) {
    auto response = protocol::decode_password(payload);
    const Credentials::User* known = session_.plane_.options().credentials.find(user_);
    bool right = response && known != nullptr && known->verifier &&
                 known->verifier->check_md5(*response, salt_).has_value();
    right ? authenticated(now) : refuse_password(now);
}

void ClientLogin::sasl(base::Bytes payload, const base::Now& now) {
    base::Result<protocol::ScramServer::Reply> reply = protocol::ProtocolErrc::ScramMalformed;
    if (stage_ == Stage::SaslFirst) {
        if (auto initial = protocol::decode_sasl_initial_response(payload)) {
            reply = scram_->start(initial->mechanism, initial->response);
        }
    } else {
        reply = scram_->step(base::as_text(payload));
    }
    if (!reply) {
        if (reply.error() == protocol::ProtocolErrc::PasswordWrong) return refuse_password(now);
        session_.plane_.reject(RejectReason::AuthFailed);
        return fail(protocol::sqlstate_of(reply.error()), reply.error().message(), {}, now);
    }
    std::string message;
    if (reply->finished) {
        protocol::append_authentication_sasl_final(message, reply->data);
        send(message);
        return authenticated(now);
    }
    protocol::append_authentication_sasl_continue(message, reply->data);
    stage_ = Stage::SaslNext;
    send(message);
}

void ClientLogin::refuse_password(const base::Now& now) {
    session_.plane_.reject(RejectReason::AuthFailed);
    fail(protocol::sqlstate::kInvalidPassword,
         "password authentication failed for user \"" + user_ + "\"", {}, now);
}

// ---- what to tell the client

bool ClientLogin::wants_console() const {
    const std::string& console = session_.plane_.settings().admin.database;
    return !console.empty() && database_ == console;
}

void ClientLogin::authenticated(const base::Now& now) {
    auto& plane = session_.plane_;
    scram_.reset();
    stage_ = Stage::Welcome;
    if (wants_console()) return ConsoleLink::open(session_, now);
    session_.settings_ = plane.gucs().make(gucs_);
    session_.startup_settings_ = session_.settings_;
    session_.pool_ = &plane.pool(user_, database_);
    ask_for_welcome(now);
}

void ClientLogin::ask_for_welcome(const base::Now& now) {
    auto& plane = session_.plane_;
    // While the server is away its clients are let in with what is known of it.
    if (session_.pool_->away() && plane.spool_usable() &&
        session_.pool_->welcome_from_before(session_.settings_) != nullptr) {
        return session_.welcome(now);
    }
    if (!session_.keeps_connection() && session_.pool_->welcome(session_.settings_) != nullptr) {
        return session_.welcome(now);
    }
    if (auto refusal = session_.pool_->refusal(now)) {
        plane.reject(RejectReason::UpstreamDown);
        return refused(*refusal, now);
    }
    if (Upstream* upstream = session_.pool_->request(session_, now))
        session_.attached(*upstream, now);
}

void ClientLogin::attached(Upstream& upstream, const base::Now& now) {
    if (upstream.settings() != session_.settings_) {
        upstream.apply(session_.settings_, Purpose::CheckSettings, now);
    } else {
        settings_checked(nullptr, now);
    }
}

void ClientLogin::settings_checked(const LocalError* error, const base::Now& now) {
    Upstream& upstream = *session_.upstream_;
    if (error != nullptr) {
        upstream.set_settings(nullptr);  // some of them may have been applied
        return refused(*error, now);
    }
    session_.pool_->learn_welcome(session_.settings_, upstream);
    session_.welcome(now);
}

void ClientLogin::upstream_lost(const LocalError& error, const base::Now& now) {
    if (stage_ != Stage::Welcome || ++attempts_ > 3) return refused(error, now);
    ask_for_welcome(now);
}

void ClientLogin::refused(const LocalError& error, const base::Now& now) {
    auto& pool = *session_.pool_;
    if (pool.away() && session_.plane_.spool_usable() &&
        pool.welcome_from_before(session_.settings_) != nullptr) {
        return session_.welcome(now);
    }
    session_.end(error.fatal(), now);
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
        case FrameOutcome::Bad:
            session_.plane_.reject(RejectReason::ProtocolError);
            fail(protocol::sqlstate::kProtocolViolation,
                 "A password message was expected and something else came.", {}, now);
    }
}

void ClientLogin::timed_out(const base::Now& now) {
    if (stage_ == Stage::Welcome) return;  // pool.wait_timeout_ms rules there
    session_.plane_.reject(RejectReason::LoginTimeout);
    fail(protocol::sqlstate::kQueryCanceled,
         "The login was not complete within auth.login_timeout_ms.", {}, now);
}

// ---- Session's part of the login

void Session::on_tls_ready(const base::Now&) {
    if (login_) login_->tls_ready();
}

void Session::settings_checked(const LocalError* error, const base::Now& now) {
    if (login_) login_->settings_checked(error, now);
}

void Session::welcome(const base::Now& now) {
    const Pool::Welcome* parameters = pool_->welcome(settings_);
    std::string out;
    protocol::append_authentication_ok(out);
    for (const auto& [name, value] : *parameters)
        protocol::append_parameter_status(out, name, value);
    relay(base::as_bytes(out));
    logged_in(now);
}

void Session::pass_through_ready(const base::Now& now) { logged_in(now); }

void Session::logged_in(const base::Now& now) {
    plane_.assign_key(*this,
                      keeps_connection() && upstream_ != nullptr ? upstream_->backend_pid() : 0,
                      key_pid_, key_secret_);
    std::string out;
    std::array<std::byte, 4> secret;
    base::store_be32(secret.data(), key_secret_);
    protocol::append_backend_key_data(out, key_pid_, secret);
    protocol::append_ready_for_query(out, protocol::TransactionStatus::Idle);
    relay(base::as_bytes(out));

    const auto& limits = plane_.settings().limits;
    reader_.set_limits({static_cast<std::uint32_t>(limits.max_message_bytes),
                        static_cast<std::uint32_t>(limits.inspect_bytes)});
    bool release = !keeps_connection();
    state_ = State::Ready;
    plane_.bury(std::move(login_));
    plane_.login_done(*this);
    if (release && upstream_ != nullptr) detach(now, false);
    set_reading(true);
    consume_held(now);
}

}  // namespace pgsidecar::proxy
