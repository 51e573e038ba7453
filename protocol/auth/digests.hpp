#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"

/// The digests that logging in needs, from OpenSSL. Error: CryptoFailed (OpenSSL refused).
namespace pgsidecar::protocol {

/// A SHA-256 digest or a key of that size.
using Digest = std::array<std::byte, 32>;

base::Result<Digest> sha256(base::Bytes data);
base::Result<Digest> hmac_sha256(base::Bytes key, base::Bytes data);

/// Hi() of RFC 5802, which is PBKDF2. About 0.3 us per iteration; `iterations` is at least 1.
base::Result<Digest> pbkdf2_sha256(std::string_view password, base::Bytes salt,
                                   std::uint32_t iterations);

/// MD5 of the parts one after the other, as 32 lower-case hexadecimal digits.
base::Result<std::string> md5_hex(std::initializer_list<base::Bytes> parts);

}  // namespace pgsidecar::protocol
