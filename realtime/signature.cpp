#include "realtime/signature.hpp"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <utility>

namespace pgsidecar::realtime {
namespace {

using Alg = SignatureAlgorithm;

constexpr int kMinRsaBits = 2'048;
constexpr int kMaxRsaBits = 8'192;
constexpr std::size_t kMinSecretBytes = 32;

const unsigned char* bytes_of(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

template <auto Free>
struct Freer {
    template <class T>
    void operator()(T* object) const {
        Free(object);
    }
};
template <class T, auto Free>
using Owned = std::unique_ptr<T, Freer<Free>>;

using Number = Owned<BIGNUM, BN_free>;
using Builder = Owned<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free>;
using Params = Owned<OSSL_PARAM, OSSL_PARAM_free>;
using KeyContext = Owned<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;
using DigestContext = Owned<EVP_MD_CTX, EVP_MD_CTX_free>;

Number number(std::string_view big_endian) {
    return Number(BN_bin2bn(bytes_of(big_endian), static_cast<int>(big_endian.size()), nullptr));
}

std::shared_ptr<void> key_from(const char* type, OSSL_PARAM_BLD* builder) {
    Params params(OSSL_PARAM_BLD_to_param(builder));
    KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
    EVP_PKEY* key = nullptr;
    if (!params || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
        EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) != 1)
        return nullptr;
    std::shared_ptr<void> owned(key, [](void* k) { EVP_PKEY_free(static_cast<EVP_PKEY*>(k)); });
    KeyContext check(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
    return check && EVP_PKEY_public_check(check.get()) == 1 ? owned : nullptr;
}

const EVP_MD* digest_of(Alg algorithm) {
    switch (algorithm) {
        case Alg::HS256:
        case Alg::RS256:
        case Alg::PS256:
        case Alg::ES256: return EVP_sha256();
        case Alg::HS384:
        case Alg::RS384:
        case Alg::PS384:
        case Alg::ES384: return EVP_sha384();
        case Alg::HS512:
        case Alg::RS512:
        case Alg::PS512:
        case Alg::ES512: return EVP_sha512();
        case Alg::EdDSA: break;
    }
    return nullptr;
}

bool is_pss(Alg algorithm) {
    return algorithm == Alg::PS256 || algorithm == Alg::PS384 || algorithm == Alg::PS512;
}

/// r and s one after the other, as JWS has them, in the form that OpenSSL reads.
std::string der_of(std::string_view signature, std::size_t part) {
    if (signature.size() != 2 * part) return {};
    Owned<ECDSA_SIG, ECDSA_SIG_free> pair(ECDSA_SIG_new());
    Number r = number(signature.substr(0, part)), s = number(signature.substr(part));
    if (!pair || !r || !s || ECDSA_SIG_set0(pair.get(), r.get(), s.get()) != 1) return {};
    static_cast<void>(r.release());
    static_cast<void>(s.release());
    unsigned char* der = nullptr;
    int size = i2d_ECDSA_SIG(pair.get(), &der);
    if (size <= 0) return {};
    std::string out(reinterpret_cast<char*>(der), static_cast<std::size_t>(size));
    OPENSSL_free(der);
    return out;
}

bool verify_public(EVP_PKEY* key, Alg algorithm, std::string_view message,
                   std::string_view signature) {
    DigestContext context(EVP_MD_CTX_new());
    EVP_PKEY_CTX* details = nullptr;  // the context's
    if (!context ||
        EVP_DigestVerifyInit(context.get(), &details, digest_of(algorithm), nullptr, key) != 1)
        return false;
    if (is_pss(algorithm) &&
        (EVP_PKEY_CTX_set_rsa_padding(details, RSA_PKCS1_PSS_PADDING) != 1 ||
         EVP_PKEY_CTX_set_rsa_pss_saltlen(details, RSA_PSS_SALTLEN_DIGEST) != 1))
        return false;
    return EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(message),
                            message.size()) == 1;
}

}  // namespace

std::optional<SignatureAlgorithm> signature_algorithm(std::string_view name) {
    static constexpr std::array<std::string_view, 13> kNames{
        "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256",
        "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"};
    auto found = std::find(kNames.begin(), kNames.end(), name);
    if (found == kNames.end()) return std::nullopt;
    return static_cast<Alg>(found - kNames.begin());
}

std::string sha256(std::string_view data) {
    std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
    SHA256(bytes_of(data), data.size(), digest.data());
    return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

bool same_bytes(std::string_view a, std::string_view b) {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::optional<VerifyKey> VerifyKey::rsa(std::string_view modulus, std::string_view exponent) {
    Number n = number(modulus), e = number(exponent);
    Builder builder(OSSL_PARAM_BLD_new());
    if (!n || !e || BN_num_bits(n.get()) < kMinRsaBits || BN_num_bits(n.get()) > kMaxRsaBits)
        return std::nullopt;
    if (!builder || OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) != 1 ||
        OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) != 1)
        return std::nullopt;
    auto key = key_from("RSA", builder.get());
    return key ? std::optional(VerifyKey(Kind::Rsa, std::move(key))) : std::nullopt;
}

std::optional<VerifyKey> VerifyKey::ec(std::string_view curve, std::string_view x,
                                       std::string_view y) {
    struct Curve {
        std::string_view name;
        Kind kind;
        std::size_t bytes;
    };
    static constexpr std::array kCurves{Curve{"P-256", Kind::P256, 32},
                                        Curve{"P-384", Kind::P384, 48},
                                        Curve{"P-521", Kind::P521, 66}};
    auto found = std::find_if(kCurves.begin(), kCurves.end(),
                              [&](const Curve& c) { return c.name == curve; });
    if (found == kCurves.end() || x.size() != found->bytes || y.size() != found->bytes)
        return std::nullopt;
    std::string point = "\x04" + std::string(x) + std::string(y);
    Builder builder(OSSL_PARAM_BLD_new());
    if (!builder ||
        OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME,
                                        found->name.data(), found->name.size()) != 1 ||
        OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                         point.size()) != 1)
        return std::nullopt;
    auto key = key_from("EC", builder.get());
    return key ? std::optional(VerifyKey(found->kind, std::move(key))) : std::nullopt;
}

std::optional<VerifyKey> VerifyKey::ed25519(std::string_view x) {
    EVP_PKEY* key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes_of(x), x.size());
    if (key == nullptr) return std::nullopt;
    std::shared_ptr<void> owned(key, [](void* k) { EVP_PKEY_free(static_cast<EVP_PKEY*>(k)); });
    return VerifyKey(Kind::Ed25519, std::move(owned));
}

std::optional<VerifyKey> VerifyKey::secret(std::string_view bytes) {
    if (bytes.size() < kMinSecretBytes) return std::nullopt;
    VerifyKey out(Kind::Secret, nullptr);
    out.secret_ = bytes;
    return out;
}

bool VerifyKey::fits(Alg algorithm) const {
    switch (algorithm) {
        case Alg::HS256:
        case Alg::HS384:
        case Alg::HS512: return kind_ == Kind::Secret;
        case Alg::RS256:
        case Alg::RS384:
        case Alg::RS512:
        case Alg::PS256:
        case Alg::PS384:
        case Alg::PS512: return kind_ == Kind::Rsa;
        case Alg::ES256: return kind_ == Kind::P256;
        case Alg::ES384: return kind_ == Kind::P384;
        case Alg::ES512: return kind_ == Kind::P521;
        case Alg::EdDSA: return kind_ == Kind::Ed25519;
    }
    return false;
}

bool VerifyKey::verify(Alg algorithm, std::string_view message, std::string_view signature) const {
    if (!fits(algorithm)) return false;
    if (kind_ == Kind::Secret) {
        std::array<unsigned char, EVP_MAX_MD_SIZE> mac{};
        unsigned int size = 0;
        if (HMAC(digest_of(algorithm), secret_.data(), static_cast<int>(secret_.size()),
                 bytes_of(message), message.size(), mac.data(), &size) == nullptr)
            return false;
        return same_bytes({reinterpret_cast<const char*>(mac.data()), size}, signature);
    }
    auto* key = static_cast<EVP_PKEY*>(key_.get());
    std::size_t part = kind_ == Kind::P256   ? 32
                       : kind_ == Kind::P384 ? 48
                       : kind_ == Kind::P521 ? 66
                                             : 0;
    if (part == 0) return verify_public(key, algorithm, message, signature);
    std::string der = der_of(signature, part);
    return !der.empty() && verify_public(key, algorithm, message, der);
}

}  // namespace pgsidecar::realtime
