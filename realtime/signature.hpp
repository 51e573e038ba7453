#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace pgsidecar::realtime {

/// The signatures of RFC 7518 and RFC 8037 that are understood; `none` is not among them.
enum class SignatureAlgorithm : std::uint8_t {
    HS256,
    HS384,
    HS512,
    RS256,
    RS384,
    RS512,
    PS256,
    PS384,
    PS512,
    ES256,
    ES384,
    ES512,
    EdDSA,
};

std::optional<SignatureAlgorithm> signature_algorithm(std::string_view name);

std::string sha256(std::string_view data);
/// In time that depends on the lengths only.
bool same_bytes(std::string_view a, std::string_view b);

/// One key to check signatures with. Its kind says which algorithms it may be used for, so that a
/// public key can never pass as a secret. Copies share the key. Thread: any, after making.
class VerifyKey {
public:
    /// Big-endian numbers. Nothing: no such key, or one that is too weak (below 2048 bits).
    static std::optional<VerifyKey> rsa(std::string_view modulus, std::string_view exponent);
    /// curve: P-256, P-384 or P-521.
    static std::optional<VerifyKey> ec(std::string_view curve, std::string_view x,
                                       std::string_view y);
    static std::optional<VerifyKey> ed25519(std::string_view x);
    /// Nothing: shorter than 32 bytes (RFC 7518, 3.2).
    static std::optional<VerifyKey> secret(std::string_view bytes);

    bool fits(SignatureAlgorithm algorithm) const;
    /// False too when the algorithm does not fit.
    bool verify(SignatureAlgorithm algorithm, std::string_view message,
                std::string_view signature) const;

private:
    enum class Kind : std::uint8_t { Rsa, P256, P384, P521, Ed25519, Secret };
    VerifyKey(Kind kind, std::shared_ptr<void> key) : kind_(kind), key_(std::move(key)) {}

    Kind kind_;
    std::shared_ptr<void> key_;  ///< OpenSSL's EVP_PKEY
    std::string secret_;
};

}  // namespace pgsidecar::realtime
