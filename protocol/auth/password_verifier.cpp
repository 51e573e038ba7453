#include "protocol/auth/password_verifier.hpp"

#include <array>

#include "protocol/auth/constant_time.hpp"
#include "protocol/auth/md5_password.hpp"
#include "protocol/messages/protocol_errc.hpp"

namespace pgsidecar::protocol {
namespace {

base::Result<void> equal_or_wrong(base::Bytes a, base::Bytes b) {
    if (!equal_constant_time(a, b)) return make_error_code(ProtocolErrc::PasswordWrong);
    return {};
}

}  // namespace

base::Result<PasswordVerifier> PasswordVerifier::from_stored(std::string_view user,
                                                             std::string_view stored,
                                                             base::Entropy& entropy,
                                                             std::uint32_t iterations) {
    if (stored.empty()) return make_error_code(ProtocolErrc::SecretMalformed);
    PasswordVerifier verifier(user);
    if (is_md5_stored(stored)) {
        verifier.md5_ = stored;
        return verifier;
    }
    verifier.has_scram_ = true;
    if (is_scram_stored(stored)) {
        auto secret = parse_scram_secret(stored);
        if (secret.has_error()) return secret.error();
        verifier.scram_ = std::move(*secret);
        return verifier;
    }
    std::array<std::byte, kScramSaltSize> salt;
    entropy.fill(salt);
    auto secret = derive_scram_secret(stored, salt, iterations);
    if (secret.has_error()) return secret.error();
    verifier.scram_ = std::move(*secret);
    // Where OpenSSL has no MD5 the user can log in by SCRAM still.
    auto md5 = md5_stored(user, stored);
    if (md5.has_value()) verifier.md5_ = std::move(*md5);
    return verifier;
}

base::Result<PasswordVerifier> PasswordVerifier::mock(std::string_view user, base::Bytes mock_key,
                                                      MockForm form) {
    PasswordVerifier verifier(user);
    auto secret = mock_scram_secret(user, mock_key, form.iterations);
    if (secret.has_error()) return secret.error();
    verifier.scram_ = std::move(*secret);
    verifier.has_scram_ = true;
    if (!form.md5) return verifier;
    auto md5 = md5_stored(user, base::as_text(mock_key));
    if (md5.has_value()) verifier.md5_ = std::move(*md5);
    return verifier;
}

base::Result<void> PasswordVerifier::check_cleartext(std::string_view password) const {
    if (has_scram_) {
        auto secret = derive_scram_secret(password, scram_.salt, scram_.iterations);
        if (secret.has_error()) return secret.error();
        return equal_or_wrong(secret->stored_key, scram_.stored_key);
    }
    auto md5 = md5_stored(user_, password);
    if (md5.has_error()) return md5.error();
    return equal_or_wrong(base::as_bytes(*md5), base::as_bytes(md5_));
}

base::Result<void> PasswordVerifier::check_md5(std::string_view response,
                                               std::span<const std::byte, 4> salt) const {
    if (!can_md5()) return make_error_code(ProtocolErrc::PasswordWrong);
    auto expected = md5_response(md5_, salt);
    if (expected.has_error()) return expected.error();
    return equal_or_wrong(base::as_bytes(*expected), base::as_bytes(response));
}

}  // namespace pgsidecar::protocol
