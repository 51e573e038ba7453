#include "proxy/core/upstream_login.hpp"

#include <vector>

#include "protocol/auth/md5_password.hpp"
#include "protocol/auth/scram_secret.hpp"
#include "protocol/auth/scram_syntax.hpp"
#include "protocol/messages/backend_encode.hpp"
#include "protocol/messages/frontend_encode.hpp"
#include "protocol/messages/protocol_errc.hpp"
#include "proxy/core/plane.hpp"
#include "proxy/core/pool.hpp"
#include "proxy/core/session.hpp"
#include "proxy/core/upstream.hpp"

namespace pgsidecar::proxy {

using protocol::AuthenticationKind;
using protocol::ProtocolErrc;

bool UpstreamLogin::managed() const { return upstream_.pool_ != nullptr; }

void UpstreamLogin::begin(const base::Now& now) {
    if (!managed()) return upstream_.forward(base::as_bytes(upstream_.startup_packet_));
    const config::Upstream& target = upstream_.plane_.options().upstream;
    std::vector<protocol::ParameterView> parameters = {{"user", upstream_.pool_->user()},
                                                       {"database", upstream_.pool_->database()}};
    if (!target.application_name.empty())
        parameters.emplace_back("application_name", target.application_name);
    if (!target.options.empty()) parameters.emplace_back("options", target.options);
    std::string message;
    if (auto done = protocol::append_startup_message(message, parameters); !done)
        return give_up(done.error(), now);
    upstream_.forward(base::as_bytes(message));
}

void UpstreamLogin::on_message(const protocol::Frame& frame, const base::Now& now) {
    Session* client = managed() ? nullptr : upstream_.session_;
    switch (frame.type) {
        case 'R': return authentication(frame, now);
        case 'E': return refused(frame, now);
        case 'N':
        case 'v':
            if (client != nullptr) client->relay(frame.wire);
            return;
        case 'S':
            upstream_.note_parameter(frame, nullptr);
            if (client != nullptr) client->relay(frame.wire);
            return;
        case 'K':
            if (auto key = protocol::decode_backend_key_data(frame.payload)) {
                upstream_.backend_pid_ = key->pid;
                upstream_.backend_secret_.assign(base::as_text(key->secret));
            }
            return;
        case 'Z': {
            if (!authenticated_) return give_up(ProtocolErrc::ServerNotVerified, now);
            upstream_.logged_in(now);
            if (client != nullptr) client->pass_through_ready(now);
            return;
        }
        default: return give_up(ProtocolErrc::UnexpectedMessage, now);
    }
}

void UpstreamLogin::authentication(const protocol::Frame& frame, const base::Now& now) {
    asked_ = true;
    auto request = protocol::decode_authentication(frame.payload);
    if (!request) return give_up(request.error(), now);
    // CVE-class of libpq before 2026: an AuthenticationOk in the middle of SASL is not a login.
    if (authenticated_) return give_up(ProtocolErrc::UnexpectedMessage, now);
    if (!managed()) {
        authenticated_ = request->kind == AuthenticationKind::Ok;
        return relay_authentication(frame, *request);
    }
    if (request->kind == AuthenticationKind::Ok) {
        if (scram_ && !scram_->verified()) return give_up(ProtocolErrc::ServerNotVerified, now);
        authenticated_ = true;
        return;
    }
    answer(*request, now);
}

void UpstreamLogin::answer(const protocol::AuthenticationView& request, const base::Now& now) {
    auto reply = reply_to(request);
    if (!reply) return give_up(reply.error(), now);
    if (!reply->empty()) upstream_.forward(base::as_bytes(*reply));
}

base::Result<std::string> UpstreamLogin::reply_to(const protocol::AuthenticationView& request) {
    std::string out;
    switch (request.kind) {
        case AuthenticationKind::Md5Password: return md5_reply(request.data);
        case AuthenticationKind::Sasl: return sasl_begin(request.data);
        case AuthenticationKind::SaslContinue: {
            if (!scram_) return ProtocolErrc::UnexpectedMessage;
            auto proof = scram_->challenge(base::as_text(request.data));
            if (!proof) return proof.error();
            if (auto done = protocol::append_sasl_response(out, *proof); !done) return done.error();
            return out;
        }
        case AuthenticationKind::SaslFinal: {
            if (!scram_) return ProtocolErrc::UnexpectedMessage;
            if (auto done = scram_->finish(base::as_text(request.data)); !done) return done.error();
            return out;
        }
        case AuthenticationKind::CleartextPassword: {
            if (upstream_.plane_.options().upstream.sslmode < config::SslMode::Require) {
                return ProtocolErrc::CleartextRefused;
            }
            if (auto done = protocol::append_password_message(out, upstream_.pool_->secret());
                !done)
                return done.error();
            return out;
        }
        default: return ProtocolErrc::AuthMethodUnsupported;
    }
}

base::Result<std::string> UpstreamLogin::md5_reply(base::Bytes salt) {
    const std::string& secret = upstream_.pool_->secret();
    if (secret.empty()) return ProtocolErrc::PasswordMissing;
    base::Result<std::string> stored = secret;
    if (!protocol::is_md5_stored(secret))
        stored = protocol::md5_stored(upstream_.pool_->user(), secret);
    if (!stored) return stored.error();
    auto response = protocol::md5_response(*stored, salt.first<4>());
    if (!response) return response.error();
    std::string out;
    if (auto done = protocol::append_password_message(out, *response); !done) return done.error();
    return out;
}

base::Result<std::string> UpstreamLogin::sasl_begin(base::Bytes mechanisms) {
    if (scram_) return ProtocolErrc::UnexpectedMessage;
    if (!protocol::offers_mechanism(mechanisms, protocol::kScramSha256))
        return ProtocolErrc::ScramMechanismUnknown;
    if (upstream_.pool_->secret().empty()) return ProtocolErrc::PasswordMissing;
    protocol::ScramClient::Options options;
    options.max_iterations =
        static_cast<std::uint32_t>(upstream_.plane_.settings().auth.max_scram_iterations);
    scram_ = std::make_unique<protocol::ScramClient>(
        upstream_.pool_->secret(), protocol::make_scram_nonce(upstream_.plane_.entropy()), options);
    auto first = scram_->first();
    if (!first) return first.error();
    std::string out;
    if (auto done = protocol::append_sasl_initial_response(out, protocol::kScramSha256, *first);
        !done) {
        return done.error();
    }
    return out;
}

void UpstreamLogin::relay_authentication(const protocol::Frame& frame,
                                         const protocol::AuthenticationView& request) {
    Session& client = *upstream_.session_;
    if (request.kind == AuthenticationKind::Sasl) {
        // Channel binding cannot pass through a proxy that ends TLS: SCRAM-SHA-256-PLUS is not
        // offered on.
        std::string message;
        std::string_view offered[] = {protocol::kScramSha256};
        if (protocol::offers_mechanism(request.data, protocol::kScramSha256)) {
            protocol::append_authentication_sasl(message, offered);
            return client.relay(base::as_bytes(message));
        }
    }
    client.relay(frame.wire);
}

void UpstreamLogin::refused(const protocol::Frame& frame, const base::Now& now) {
    auto view = protocol::decode_error_response(frame.payload);
    // No entry of pg_hba.conf fits this connection; for sslmode allow and prefer the other kind may
    // do. A refusal after a question is about the answer.
    if (!asked_ && view.fields.sqlstate.starts_with("28") &&
        upstream_.try_other_way(!upstream_.encrypted())) {
        return;
    }
    upstream_.fatal_sqlstate_ =
        view.fields.sqlstate.size() == 5 ? std::string(view.fields.sqlstate) : "08006";
    if (managed()) {
        LocalError error;
        error.severity = "FATAL";
        error.sqlstate = upstream_.fatal_sqlstate_;
        error.message = view.fields.message;
        error.detail = view.fields.detail;
        error.hint = view.fields.hint;
        upstream_.pool_->login_refused(std::move(error));
    } else if (upstream_.session_ != nullptr) {
        upstream_.session_->relay(frame.wire);
        upstream_.fatal_seen_ = true;
    }
    ChannelClosed closed{ChannelClosed::Cause::Other,
                         "the server refused the login: SQLSTATE " + upstream_.fatal_sqlstate_};
    upstream_.lose(closed, now);
}

void UpstreamLogin::give_up(const std::error_code& why, const base::Now& now) {
    upstream_.plane_.shard().server_protocol_errors.add();
    if (managed()) {
        LocalError error;
        error.severity = "FATAL";
        error.sqlstate = protocol::sqlstate_of(why);
        error.message = "Login at the server failed: " + why.message();
        upstream_.pool_->login_refused(std::move(error));
    }
    upstream_.lose({ChannelClosed::Cause::Other, "login at the server failed: " + why.message()},
                   now);
}

}  // namespace pgsidecar::proxy
