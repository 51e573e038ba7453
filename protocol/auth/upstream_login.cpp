#include "protocol/auth/upstream_login.hpp"

#include "protocol/auth/md5_password.hpp"
#include "protocol/messages/frontend_encode.hpp"
#include "protocol/messages/protocol_errc.hpp"

namespace pgsidecar::protocol {

UpstreamLogin::UpstreamLogin(Credentials credentials, std::string nonce)
    : credentials_(std::move(credentials)),
      scram_(credentials_.secret, std::move(nonce),
             {.max_iterations = credentials_.max_scram_iterations}) {}

base::Result<UpstreamLogin::Progress> UpstreamLogin::on_request(const AuthenticationView& request,
                                                                std::string& out) {
    const State state = state_;
    state_ = State::Over;
    State next = State::Over;
    base::Result<void> done = make_error_code(ProtocolErrc::UnexpectedMessage);
    switch (request.kind) {
        case AuthenticationKind::Ok:
            if (state == State::Over) return done.error();
            if (state == State::Scram && !scram_.verified()) {
                return make_error_code(ProtocolErrc::ServerNotVerified);
            }
            return Progress::LoggedIn;
        case AuthenticationKind::CleartextPassword:
            next = State::PasswordSent;
            if (state == State::Start) done = send_cleartext(out);
            break;
        case AuthenticationKind::Md5Password:
            next = State::PasswordSent;
            if (state == State::Start) done = send_md5(request.data, out);
            break;
        case AuthenticationKind::Sasl:
            next = State::Scram;
            if (state == State::Start) done = begin_scram(request.data, out);
            break;
        case AuthenticationKind::SaslContinue:
            next = State::Scram;
            if (state == State::Scram) done = answer_challenge(request.data, out);
            break;
        case AuthenticationKind::SaslFinal:
            next = State::Scram;
            if (state == State::Scram) done = scram_.finish(base::as_text(request.data));
            break;
        default: return make_error_code(ProtocolErrc::AuthMethodUnsupported);
    }
    if (done.has_error()) return done.error();
    state_ = next;
    return Progress::Continue;
}

std::error_code UpstreamLogin::unfit() const {
    return make_error_code(credentials_.secret.nothing_kept() ? ProtocolErrc::PasswordMissing
                                                              : ProtocolErrc::SecretUnfit);
}

base::Result<void> UpstreamLogin::send_cleartext(std::string& out) const {
    if (credentials_.secret.password.empty()) return unfit();
    if (!credentials_.allow_cleartext) return make_error_code(ProtocolErrc::CleartextRefused);
    return append_password_message(out, credentials_.secret.password);
}

base::Result<void> UpstreamLogin::send_md5(base::Bytes salt, std::string& out) const {
    const LoginSecret& secret = credentials_.secret;
    if (secret.password.empty() && secret.md5.empty()) return unfit();
    if (salt.size() != 4) return make_error_code(ProtocolErrc::InvalidField);
    base::Result<std::string> stored = secret.md5;
    if (!secret.password.empty()) stored = md5_stored(credentials_.user, secret.password);
    if (stored.has_error()) return stored.error();
    auto response = md5_response(*stored, salt.first<4>());
    if (response.has_error()) return response.error();
    return append_password_message(out, *response);
}

base::Result<void> UpstreamLogin::begin_scram(base::Bytes mechanisms, std::string& out) {
    if (!offers_mechanism(mechanisms, kScramSha256)) {
        return make_error_code(ProtocolErrc::ScramMechanismUnknown);
    }
    auto first = scram_.first();
    if (first.has_error()) return first.error();
    return append_sasl_initial_response(out, kScramSha256, *first);
}

base::Result<void> UpstreamLogin::answer_challenge(base::Bytes data, std::string& out) {
    auto reply = scram_.challenge(base::as_text(data));
    if (reply.has_error()) return reply.error();
    return append_sasl_response(out, *reply);
}

}  // namespace pgsidecar::protocol
