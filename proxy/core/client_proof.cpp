#include "proxy/core/client_proof.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "protocol/messages/protocol_errc.hpp"
#include "protocol/messages/sqlstate.hpp"
#include "proxy/core/plane.hpp"
#include "proxy/core/session.hpp"

namespace pgsidecar::proxy {

namespace {

using protocol::ClientAuthMethod;
using protocol::PasswordVerifier;

LocalError fatal(std::string_view sqlstate, std::string message, std::string hint = {}) {
    LocalError error;
    error.severity = "FATAL";
    error.sqlstate = sqlstate;
    error.message = std::move(message);
    error.hint = std::move(hint);
    return error;
}

/// For the log; the client is told nothing of it.
std::string_view why_not(const AccountPtr& account) {
    if (account == nullptr) return "there is no such user";
    if (!account->verifier) return "the user has no password";
    if (!account->secret.md5.empty())
        return "the password does not match, or the user has an md5 hash and the method is another";
    return "the password does not match";
}

ClientAuthMethod method_of(config::AuthMethod method) {
    return method == config::AuthMethod::Md5 ? ClientAuthMethod::Md5
                                             : ClientAuthMethod::ScramSha256;
}

}  // namespace

ClientProof::ClientProof(Plane& plane, Session& session, std::string user)
    : plane_(plane), session_(session), user_(std::move(user)) {}

bool ClientProof::begin(const base::Now& now) {
    begun_ns_ = now.mono_ns;
    if (plane_.settings().auth.method == config::AuthMethod::Trust && !session_.local_peer()) {
        refuse(fatal(protocol::sqlstate::kInvalidAuthorization,
                     "Login without a password is for clients of the same machine only.",
                     "Set auth.method to scram-sha-256."),
               "the client is on another machine", now);
        return false;
    }
    auto found = plane_.users().find(user_, session_, now);
    return found.state != UserDirectory::State::Asked && account_found(found, now);
}

bool ClientProof::account_found(const UserDirectory::Found& found, const base::Now& now) {
    if (found.state == UserDirectory::State::Away) {
        refuse_unasked(now);
        return false;
    }
    account_ = found.account;
    if (plane_.settings().auth.method == config::AuthMethod::Trust) {
        if (account_ == nullptr) refuse_unknown_under_trust(now);
        return account_ != nullptr;
    }
    const Credentials& credentials = plane_.options().credentials;
    ClientAuthMethod method = method_of(plane_.settings().auth.method);
    bool provable = account_ != nullptr && account_->verifier &&
                    (method == ClientAuthMethod::Md5 || account_->verifier->scram_secret());
    // Made for everybody, so that it takes everybody's time.
    auto verifier =
        PasswordVerifier::mock(user_, credentials.mock_key(), plane_.users().mock_form());
    if (!verifier) return judge(verifier.error(), {}, now);
    if (provable) *verifier = *account_->verifier;
    state_ = State::Challenged;
    login_.emplace(method, user_, std::move(*verifier), credentials.mock_key(), plane_.entropy());
    std::string request;
    auto progress = login_->begin(request);
    return judge(progress, request, now);
}

bool ClientProof::on_message(base::Bytes payload, const base::Now& now) {
    std::string reply;
    auto progress = login_->on_message(payload, reply);
    return judge(progress, reply, now);
}

bool ClientProof::judge(const base::Result<protocol::ClientLogin::Progress>& progress,
                        const std::string& reply, const base::Now& now) {
    if (!progress) {
        if (progress.error() == protocol::ProtocolErrc::PasswordWrong) {
            refuse_password(why_not(account_), now);
        } else {
            refuse(fatal(protocol::sqlstate_of(progress.error()), progress.error().message()),
                   progress.error().message(), now);
        }
        return false;
    }
    session_.relay(base::as_bytes(reply));
    if (*progress != protocol::ClientLogin::Progress::LoggedIn) return false;
    if (const protocol::ScramKeys* keys = login_->keys())
        account_ = plane_.users().learned(user_, account_, *keys);
    return true;
}

void ClientProof::refuse_password(std::string_view why, const base::Now& now) {
    plane_.users().login_failed(user_);
    refuse(fatal(protocol::sqlstate::kInvalidPassword,
                 "password authentication failed for user \"" + user_ + "\""),
           why, now);
}

void ClientProof::refuse_unknown_under_trust(const base::Now& now) {
    refuse(fatal(protocol::sqlstate::kInvalidAuthorization,
                 "pgsidecar has no credentials for user \"" + user_ + "\".",
                 "Log in as the user of DATABASE_URL, list the user in auth.user_file, or set "
                 "auth.mode = \"pass-through\"."),
           "there is no such user", now);
}

void ClientProof::refuse_unasked(const base::Now& now) {
    refuse(fatal(protocol::sqlstate::kCannotConnectNow,
                 "The login cannot be checked now: the database does not answer auth.query.",
                 "Try again when the database is back; pgsidecar's log has the cause."),
           "the database does not answer auth.query", now);
}

void ClientProof::refuse(LocalError error, std::string_view why, const base::Now& now) {
    plane_.reject(metrics::RejectReason::AuthFailed);
    base::log::info("proxy", "a client's login was refused",
                    {{"user", user_.substr(0, 64)}, {"reason", why}});
    state_ = State::Refused;
    refusal_ = std::move(error);
    std::int64_t delay_ns = plane_.settings().auth.failure_delay_ms * std::int64_t{1'000'000};
    if (delay_ns == 0) return session_.end(refusal_, now);
    std::int64_t passed = now.mono_ns - begun_ns_;
    std::int64_t steps = std::max<std::int64_t>(1, (passed + delay_ns - 1) / delay_ns);
    due_ns_ = begun_ns_ + steps * delay_ns;
}

void ClientProof::tick(const base::Now& now) {
    if (refused() && now.mono_ns >= due_ns_) session_.end(refusal_, now);
}

}  // namespace pgsidecar::proxy
