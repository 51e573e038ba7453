#include "protocol/auth/digests.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <limits>
#include <memory>

#include "protocol/auth/constant_time.hpp"
#include "protocol/messages/protocol_errc.hpp"

namespace pgsidecar::protocol {
namespace {

const unsigned char* raw(base::Bytes bytes) {
    return reinterpret_cast<const unsigned char*>(bytes.data());
}
unsigned char* raw(Digest& digest) { return reinterpret_cast<unsigned char*>(digest.data()); }

constexpr std::size_t kMaxInt = std::numeric_limits<int>::max();

}  // namespace

bool equal_constant_time(base::Bytes a, base::Bytes b) {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

base::Result<Digest> sha256(base::Bytes data) {
    Digest digest;
    unsigned int size = 0;
    if (EVP_Digest(raw(data), data.size(), raw(digest), &size, EVP_sha256(), nullptr) != 1) {
        return make_error_code(ProtocolErrc::CryptoFailed);
    }
    return digest;
}

base::Result<Digest> hmac_sha256(base::Bytes key, base::Bytes data) {
    Digest digest;
    unsigned int size = 0;
    if (key.size() > kMaxInt || HMAC(EVP_sha256(), raw(key), static_cast<int>(key.size()),
                                     raw(data), data.size(), raw(digest), &size) == nullptr) {
        return make_error_code(ProtocolErrc::CryptoFailed);
    }
    return digest;
}

base::Result<Digest> pbkdf2_sha256(std::string_view password, base::Bytes salt,
                                   std::uint32_t iterations) {
    Digest digest;
    if (password.size() > kMaxInt || salt.size() > kMaxInt || iterations == 0 ||
        iterations > kMaxInt ||
        PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()), raw(salt),
                          static_cast<int>(salt.size()), static_cast<int>(iterations), EVP_sha256(),
                          static_cast<int>(digest.size()), raw(digest)) != 1) {
        return make_error_code(ProtocolErrc::CryptoFailed);
    }
    return digest;
}

base::Result<std::string> md5_hex(std::initializer_list<base::Bytes> parts) {
    std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                    &EVP_MD_CTX_free);
    bool good = context && EVP_DigestInit_ex(context.get(), EVP_md5(), nullptr) == 1;
    for (base::Bytes part : parts) {
        good = good && EVP_DigestUpdate(context.get(), part.data(), part.size()) == 1;
    }
    std::array<unsigned char, 16> digest;
    if (!good || EVP_DigestFinal_ex(context.get(), digest.data(), nullptr) != 1) {
        return make_error_code(ProtocolErrc::CryptoFailed);
    }
    std::string hex;
    for (unsigned char byte : digest) {
        hex.push_back("0123456789abcdef"[byte >> 4]);
        hex.push_back("0123456789abcdef"[byte & 15]);
    }
    return hex;
}

}  // namespace pgsidecar::protocol
