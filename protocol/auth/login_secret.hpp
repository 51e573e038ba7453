#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "protocol/auth/scram_secret.hpp"

namespace pgsidecar::protocol {

/// What we can log a user in at a server with. Secret: memory only, never logged.
///
/// A password answers every method, an MD5 hash that of md5, keys that of the SCRAM secret they
/// belong to.
struct LoginSecret {
    std::string password;
    std::string md5;  ///< "md5" and 32 hexadecimal digits
    std::optional<ScramKeys> keys;
    bool scram_stored = false;  ///< a SCRAM secret is kept; alone it can only check a client

    /// `stored` as for PasswordVerifier::from_stored(), or empty for nothing.
    static LoginSecret from_stored(std::string_view stored);
    bool nothing_kept() const { return password.empty() && md5.empty() && !keys && !scram_stored; }
};

}  // namespace pgsidecar::protocol
