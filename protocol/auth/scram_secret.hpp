#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "protocol/auth/digests.hpp"

namespace pgsidecar::protocol {

inline constexpr std::string_view kScramSha256 = "SCRAM-SHA-256";
/// PostgreSQL's scram_iterations.
inline constexpr std::uint32_t kScramDefaultIterations = 4096;
/// Bytes of salt in PostgreSQL's secrets.
inline constexpr std::size_t kScramSaltSize = 16;

/// What a server keeps to check a SCRAM-SHA-256 login (RFC 5803). Not a password, yet secret all
/// the same: never log it.
struct ScramSecret {
    std::uint32_t iterations;
    std::vector<std::byte> salt;
    Digest stored_key;
    Digest server_key;
};

/// What a login by SCRAM reveals of a ScramSecret's password, and enough to log in anywhere the
/// same secret is kept. As good as the password there: memory only, never log it.
struct ScramKeys {
    std::uint32_t iterations;
    std::vector<std::byte> salt;
    Digest client_key;
    Digest server_key;
};

/// Whether a stored text is meant as a SCRAM secret; it may be malformed all the same.
bool is_scram_stored(std::string_view text);
/// Reads pg_authid's "SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey". Error: SecretMalformed.
base::Result<ScramSecret> parse_scram_secret(std::string_view text);
std::string format_scram_secret(const ScramSecret& secret);

/// Makes the secret of a clear password. Costs `iterations` digests: once when users are loaded,
/// not at each login, so that all logins cost the same. Error: CryptoFailed.
///
/// The password goes through saslprep().
base::Result<ScramSecret> derive_scram_secret(std::string_view password, base::Bytes salt,
                                              std::uint32_t iterations = kScramDefaultIterations);

/// A secret that no password opens, for users that do not exist. The salt depends on the name and
/// on `mock_key` (random, the same for the process's life), so asking twice tells nothing.
base::Result<ScramSecret> mock_scram_secret(std::string_view user, base::Bytes mock_key,
                                            std::uint32_t iterations = kScramDefaultIterations);

}  // namespace pgsidecar::protocol
