#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "protocol/auth/scram_secret.hpp"
#include "protocol/auth/scram_syntax.hpp"

namespace pgsidecar::protocol {

/// Our side of a client's SCRAM-SHA-256 login (RFC 5802, RFC 7677). One login each.
///
/// Offer kScramSha256 with append_authentication_sasl(), give SASLInitialResponse to start() and
/// every SASLResponse to step(). After any error the login is over: send ErrorResponse and close.
/// For a user that does not exist pass mock_scram_secret(); nothing differs until the proof fails.
class ScramServer {
public:
    struct Reply {
        /// True: send as SASLFinal, then AuthenticationOk. False: send as SASLContinue.
        bool finished;
        std::string data;
    };

    /// `nonce` from make_scram_nonce(); a fresh one for each login.
    ScramServer(ScramSecret secret, std::string nonce);

    /// Errors: ScramMechanismUnknown and those of step().
    base::Result<Reply> start(std::string_view mechanism, std::optional<std::string_view> initial);

    /// Errors: ScramMalformed, ScramChannelBinding (the client insists on it, we never offer it),
    /// ScramNonceTooLong, ScramNonceMismatch, PasswordWrong, UnexpectedMessage (the login is over
    /// or not begun), CryptoFailed.
    base::Result<Reply> step(std::string_view message);

    /// After the last Reply: what the client's proof has told of its password. Nothing before.
    const std::optional<ScramKeys>& keys() const { return keys_; }

private:
    enum class State : std::uint8_t { Start, AwaitFirst, AwaitFinal, Over };

    base::Result<Reply> first(std::string_view message);
    base::Result<Reply> final(std::string_view message);
    /// Gives the ClientKey.
    base::Result<Digest> check_proof(std::string_view auth_message, const Digest& proof) const;

    ScramSecret secret_;
    std::string nonce_;  // Ours; after the first message the client's and ours.
    std::string gs2_header_;
    std::string client_first_bare_;
    std::string server_first_;
    std::optional<ScramKeys> keys_;
    State state_ = State::Start;
};

}  // namespace pgsidecar::protocol
