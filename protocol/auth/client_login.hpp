#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "protocol/auth/password_verifier.hpp"
#include "protocol/auth/scram_server.hpp"

namespace pgsidecar::protocol {

/// How a client proves who it is (the methods of pg_hba.conf under their names).
enum class ClientAuthMethod : std::uint8_t { Trust, Password, Md5, ScramSha256 };

/// Asks a client for its password and judges the answers. One login each.
///
/// Give every message of type 'p' to on_message() until Progress::LoggedIn; nothing else may come
/// from the client before. After an error send one ErrorResponse (sqlstate_of()) and close:
/// PasswordWrong is the same for a wrong password and for a user that does not exist.
class ClientLogin {
public:
    enum class Progress : std::uint8_t {
        Continue,  ///< Send what was appended and wait.
        LoggedIn,  ///< Send it too, then AuthenticationOk when there is nothing else against it.
    };

    /// `verifier` of the user, PasswordVerifier::mock() for one that does not exist. As in
    /// PostgreSQL, method md5 becomes scram-sha-256 where the MD5 form is not known. `mock_key` as
    /// for mock(); it serves a user whose stored MD5 form cannot do SCRAM, who is then refused at
    /// the end. Its bytes must outlive the login.
    ClientLogin(ClientAuthMethod method, std::string user, PasswordVerifier verifier,
                base::Bytes mock_key, base::Entropy& entropy);

    /// Appends the first request, nothing for trust. Error: CryptoFailed.
    base::Result<Progress> begin(std::string& out);

    /// `payload` of one message of type 'p'. Errors: PasswordWrong, UnexpectedMessage, those of
    /// decode_password(), decode_sasl_initial_response() and ScramServer.
    base::Result<Progress> on_message(base::Bytes payload, std::string& out);

    /// After a login by SCRAM: what it has told of the password. Null otherwise.
    const ScramKeys* keys() const;

private:
    enum class State : std::uint8_t {
        Start,
        AwaitPassword,
        AwaitMd5,
        AwaitSasl,
        AwaitSaslStep,
        Over
    };

    base::Result<Progress> begin_scram(std::string& out);
    base::Result<Progress> on_password(base::Bytes payload, bool md5) const;
    base::Result<Progress> on_sasl(base::Bytes payload, bool initial, std::string& out);

    ClientAuthMethod method_;
    std::string user_;
    PasswordVerifier verifier_;
    base::Bytes mock_key_;
    std::array<std::byte, 4> salt_;
    std::string nonce_;
    std::optional<ScramServer> scram_;
    State state_ = State::Start;
};

}  // namespace pgsidecar::protocol
