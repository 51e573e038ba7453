#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "protocol/auth/scram_secret.hpp"

namespace pgsidecar::protocol {

/// Checks the password of one user of ours, by every method its stored form allows.
///
/// Made when the users are loaded, immutable afterwards, so any thread may use it. The clear
/// password is not kept.
class PasswordVerifier {
public:
    /// `stored`: the clear password, "md5<32 hex digits>" or "SCRAM-SHA-256$...", told apart as
    /// PostgreSQL does. A clear one costs `iterations` digests here, and as many at each login of
    /// the client. Errors: SecretMalformed, CryptoFailed.
    static base::Result<PasswordVerifier> from_stored(
        std::string_view user, std::string_view stored, base::Entropy& entropy,
        std::uint32_t iterations = kScramDefaultIterations);

    /// What a user that does not exist looks like: as most of those do that exist.
    struct MockForm {
        std::uint32_t iterations = kScramDefaultIterations;
        bool md5 = true;  ///< the md5 method is asked for where it is configured
    };
    /// For a user that does not exist: answers and costs like any other and matches nothing.
    /// `mock_key`: random bytes, the same for the process's life. Error: CryptoFailed.
    static base::Result<PasswordVerifier> mock(std::string_view user, base::Bytes mock_key,
                                               MockForm form);
    static base::Result<PasswordVerifier> mock(std::string_view user, base::Bytes mock_key) {
        return mock(user, mock_key, MockForm{});
    }

    /// For ScramServer; null where only the MD5 form is stored.
    const ScramSecret* scram_secret() const { return has_scram_ ? &scram_ : nullptr; }
    /// Whether the md5 method can work; it cannot with a SCRAM secret.
    bool can_md5() const { return !md5_.empty(); }

    /// As slow as one SCRAM client, except for the MD5 form. Errors: PasswordWrong, CryptoFailed.
    base::Result<void> check_cleartext(std::string_view password) const;
    /// `response` as in PasswordMessage. Errors: PasswordWrong (also where can_md5() is false),
    /// CryptoFailed.
    base::Result<void> check_md5(std::string_view response,
                                 std::span<const std::byte, 4> salt) const;

private:
    explicit PasswordVerifier(std::string_view user) : user_(user) {}

    std::string user_;
    std::string md5_;  // "md5..."; empty where it is not known.
    bool has_scram_ = false;
    ScramSecret scram_{};
};

}  // namespace pgsidecar::protocol
