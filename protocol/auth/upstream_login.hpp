#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "protocol/auth/scram_client.hpp"
#include "protocol/messages/backend_decode.hpp"

namespace pgsidecar::protocol {

/// Answers a server's Authentication messages with our own credentials. One login each.
///
/// Give it every message of type 'R' until Progress::LoggedIn. It moves forward only: a second
/// method, or AuthenticationOk before the server has proved itself by SCRAM, is an error. After an
/// error the connection is of no use; close it.
class UpstreamLogin {
public:
    struct Credentials {
        std::string user;
        LoginSecret secret;  ///< Nothing kept: logging in works if the server asks for none.
        /// Whether the password may go out in clear text: over TLS or a Unix socket.
        bool allow_cleartext = false;
        std::uint32_t max_scram_iterations = 1'000'000;
    };

    enum class Progress : std::uint8_t {
        Continue,  ///< Send what was appended, if anything, and wait.
        LoggedIn,
    };

    /// `nonce` from make_scram_nonce().
    UpstreamLogin(Credentials credentials, std::string nonce);

    /// Appends the reply to `out`. Errors: AuthMethodUnsupported, PasswordMissing,
    /// SecretUnfit,
    /// CleartextRefused, ServerNotVerified, ScramMechanismUnknown, UnexpectedMessage, EmbeddedZero,
    /// those of ScramClient.
    base::Result<Progress> on_request(const AuthenticationView& request, std::string& out);

private:
    enum class State : std::uint8_t { Start, PasswordSent, Scram, Over };

    /// Why there is no answer to a method.
    std::error_code unfit() const;
    base::Result<void> send_cleartext(std::string& out) const;
    base::Result<void> send_md5(base::Bytes salt, std::string& out) const;
    base::Result<void> begin_scram(base::Bytes mechanisms, std::string& out);
    base::Result<void> answer_challenge(base::Bytes data, std::string& out);

    Credentials credentials_;
    ScramClient scram_;
    State state_ = State::Start;
};

}  // namespace pgsidecar::protocol
