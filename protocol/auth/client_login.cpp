#include "protocol/auth/client_login.hpp"

#include "protocol/messages/backend_encode.hpp"
#include "protocol/messages/frontend_decode.hpp"
#include "protocol/messages/protocol_errc.hpp"

namespace pgsidecar::protocol {

ClientLogin::ClientLogin(ClientAuthMethod method, std::string user, PasswordVerifier verifier,
                         base::Bytes mock_key, base::Entropy& entropy)
    : method_(method),
      user_(std::move(user)),
      verifier_(std::move(verifier)),
      mock_key_(mock_key),
      nonce_(make_scram_nonce(entropy)) {
    entropy.fill(salt_);
}

base::Result<ClientLogin::Progress> ClientLogin::begin(std::string& out) {
    if (state_ != State::Start) return make_error_code(ProtocolErrc::UnexpectedMessage);
    switch (method_) {
        case ClientAuthMethod::Trust: state_ = State::Over; return Progress::LoggedIn;
        case ClientAuthMethod::Password:
            state_ = State::AwaitPassword;
            append_authentication_cleartext_password(out);
            return Progress::Continue;
        case ClientAuthMethod::Md5:
            if (!verifier_.can_md5()) break;
            state_ = State::AwaitMd5;
            append_authentication_md5_password(out, salt_);
            return Progress::Continue;
        case ClientAuthMethod::ScramSha256: break;
    }
    return begin_scram(out);
}

base::Result<ClientLogin::Progress> ClientLogin::begin_scram(std::string& out) {
    if (const ScramSecret* secret = verifier_.scram_secret()) {
        scram_.emplace(*secret, nonce_);
    } else {
        auto mock = mock_scram_secret(user_, mock_key_);
        if (mock.has_error()) return mock.error();
        scram_.emplace(std::move(*mock), nonce_);
    }
    state_ = State::AwaitSasl;
    append_authentication_sasl(out, std::array{kScramSha256});
    return Progress::Continue;
}

base::Result<ClientLogin::Progress> ClientLogin::on_message(base::Bytes payload, std::string& out) {
    const State state = state_;
    state_ = State::Over;
    switch (state) {
        case State::AwaitPassword: return on_password(payload, false);
        case State::AwaitMd5: return on_password(payload, true);
        case State::AwaitSasl: return on_sasl(payload, true, out);
        case State::AwaitSaslStep: return on_sasl(payload, false, out);
        case State::Start:
        case State::Over: break;
    }
    return make_error_code(ProtocolErrc::UnexpectedMessage);
}

base::Result<ClientLogin::Progress> ClientLogin::on_password(base::Bytes payload, bool md5) const {
    auto password = decode_password(payload);
    if (password.has_error()) return password.error();
    auto checked =
        md5 ? verifier_.check_md5(*password, salt_) : verifier_.check_cleartext(*password);
    if (checked.has_error()) return checked.error();
    return Progress::LoggedIn;
}

const ScramKeys* ClientLogin::keys() const {
    return scram_ && scram_->keys() ? &*scram_->keys() : nullptr;
}

base::Result<ClientLogin::Progress> ClientLogin::on_sasl(base::Bytes payload, bool initial,
                                                         std::string& out) {
    base::Result<ScramServer::Reply> reply = make_error_code(ProtocolErrc::ScramMalformed);
    if (initial) {
        auto view = decode_sasl_initial_response(payload);
        if (view.has_error()) return view.error();
        reply = scram_->start(view->mechanism, view->response);
    } else {
        reply = scram_->step(base::as_text(payload));
    }
    if (reply.has_error()) return reply.error();
    if (reply->finished) {
        append_authentication_sasl_final(out, reply->data);
        return Progress::LoggedIn;
    }
    append_authentication_sasl_continue(out, reply->data);
    state_ = State::AwaitSaslStep;
    return Progress::Continue;
}

}  // namespace pgsidecar::protocol
