#include "proxy/core/upstream_login.hpp"

#include <vector>

#include "protocol/auth/scram_syntax.hpp"
#include "protocol/messages/backend_encode.hpp"
#include "protocol/messages/frontend_encode.hpp"
#include "protocol/messages/protocol_errc.hpp"
#include "protocol/messages/sqlstate.hpp"
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
    protocol::UpstreamLogin::Credentials own;
    own.user = upstream_.pool_->user();
    own.secret = upstream_.pool_->secret();
    own.allow_cleartext =
        target.sslmode >= config::SslMode::Require || upstream_.channel_->is_unix_socket();
    own.max_scram_iterations =
        static_cast<std::uint32_t>(upstream_.plane_.settings().auth.max_scram_iterations);
    login_.emplace(std::move(own), protocol::make_scram_nonce(upstream_.plane_.entropy()));
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
    if (!managed()) {
        if (authenticated_) return give_up(ProtocolErrc::UnexpectedMessage, now);
        authenticated_ = request->kind == AuthenticationKind::Ok;
        return relay_authentication(frame, *request);
    }
    std::string reply;
    auto progress = login_->on_request(*request, reply);
    if (!progress) return give_up(progress.error(), now);
    authenticated_ = *progress == protocol::UpstreamLogin::Progress::LoggedIn;
    if (!reply.empty()) upstream_.forward(base::as_bytes(reply));
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
    std::string_view sqlstate = protocol::sqlstate_of(why);
    if (managed()) {
        // What is kept of the password will do no better at the next attempt.
        if (sqlstate == protocol::sqlstate::kInvalidAuthorization)
            upstream_.fatal_sqlstate_ = sqlstate;
        LocalError error;
        error.severity = "FATAL";
        error.sqlstate = sqlstate;
        error.message = "Login at the server failed: " + why.message();
        upstream_.pool_->login_refused(std::move(error));
    }
    upstream_.lose({ChannelClosed::Cause::Other, "login at the server failed: " + why.message()},
                   now);
}

}  // namespace pgsidecar::proxy
