#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"
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

    /// `nonce` from make_scram_nonce(); a fresh one for each login. On SASLprep see
    /// derive_scram_secret().
    ScramClient(std::string password, std::string nonce, Options options);
    ScramClient(std::string password, std::string nonce)
        : ScramClient(std::move(password), std::move(nonce), Options{}) {}

    /// Errors: UnexpectedMessage (called twice), PasswordMissing.
    base::Result<std::string> first();

    /// Takes the data of SASLContinue. Errors: ScramMalformed, ScramNonceTooLong,
    /// ScramNonceMismatch (the server's does not extend ours), ScramIterationsTooHigh,
    /// UnexpectedMessage, CryptoFailed.
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
    base::Result<std::string> prove(const Digest& salted_password, std::string_view without_proof,
                                    std::string_view server_first);

    std::string password_;
    std::string nonce_;
    Options options_;
    std::string first_bare_;
    Digest server_signature_{};  // What finish() must see.
    State state_ = State::Start;
};

}  // namespace pgsidecar::protocol
