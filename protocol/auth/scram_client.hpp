#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "protocol/auth/login_secret.hpp"
#include "protocol/auth/scram_secret.hpp"
#include "protocol/auth/scram_syntax.hpp"

namespace pgsidecar::protocol {

/// Our side of a SCRAM-SHA-256 login at a server (RFC 5802, RFC 7677). One login each.
///
/// first() goes out as SASLInitialResponse, the result of challenge() as SASLResponse; finish()
/// takes SASLFinal. The server has proved that it knows the password only when verified() is true:
/// an AuthenticationOk before that is an attack or a fault (UpstreamLogin refuses it).
class ScramClient {
public:
    struct Options {
        /// Ceiling against servers that would keep us computing: a million take about 0.3 s.
        std::uint32_t max_iterations = 1'000'000;
        /// PostgreSQL ignores it for the start-up packet's user; libpq sends none.
        std::string user = {};
    };

    /// `secret`: its password, which goes through saslprep(), else its keys. `nonce` from
    /// make_scram_nonce(); a fresh one for each login.
    ScramClient(LoginSecret secret, std::string nonce, Options options);
    ScramClient(std::string password, std::string nonce)
        : ScramClient(LoginSecret{.password = std::move(password), .md5 = {}, .keys = {}},
                      std::move(nonce), Options{}) {}

    /// Errors: UnexpectedMessage (called twice), PasswordMissing, SecretUnfit (there is neither a
    /// password nor keys).
    base::Result<std::string> first();

    /// Takes the data of SASLContinue. Errors: ScramMalformed, ScramNonceTooLong,
    /// ScramNonceMismatch (the server's does not extend ours), ScramIterationsTooHigh,
    /// ScramSecretDiffers (the keys are those of another secret), UnexpectedMessage, CryptoFailed.
    base::Result<std::string> challenge(std::string_view server_first);

    /// Takes the data of SASLFinal. Errors: ScramServerSignatureWrong, ScramServerRefused (e=...),
    /// ScramMalformed, UnexpectedMessage.
    base::Result<void> finish(std::string_view server_final);

    bool verified() const { return state_ == State::Verified; }

private:
    enum class State : std::uint8_t { Start, AwaitChallenge, AwaitFinal, Verified, Over };

    struct Challenge {
        std::string_view nonce;
        std::vector<std::byte> salt;
        std::uint32_t iterations;
    };
    base::Result<Challenge> read_challenge(std::string_view server_first) const;
    base::Result<ScramKeys> keys_for(const Challenge& challenge) const;
    base::Result<std::string> prove(const ScramKeys& keys, std::string_view without_proof,
                                    std::string_view server_first);

    LoginSecret secret_;
    std::string nonce_;
    Options options_;
    std::string first_bare_;
    Digest server_signature_{};  // What finish() must see.
    State state_ = State::Start;
};

}  // namespace pgsidecar::protocol
