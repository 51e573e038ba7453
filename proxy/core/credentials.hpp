#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.hpp"
#include "protocol/auth/password_verifier.hpp"
#include "proxy/core/user_file.hpp"

namespace pgsidecar::proxy {

/// The users that the sidecar can log in itself (managed): how to check them and what to send to
/// the server. Immutable after building; any thread.
class Credentials {
public:
    struct User {
        std::string secret;  ///< password or md5 hash, for the server; may be empty (trust, SCRAM
                             ///< secret only)
        /// Nothing when no password is known: then nobody can log in with one.
        std::optional<protocol::PasswordVerifier> verifier;
    };

    /// The address's own user first, then those of the user file. A bad secret is reported by user
    /// name.
    static Credentials build(std::string_view user, std::string_view password, const UserFile& file,
                             base::Entropy& entropy, std::vector<std::string>& problems);

    /// From now on every name is a user's, one without a password: mode mock protects nothing.
    void accept_anybody() { anybody_.emplace(); }
    bool accepts_anybody() const { return anybody_.has_value(); }
    /// After a reload: what strangers are told at a login stays the same, so that a change of it
    /// says nothing about who is known; so do the salts of those whose secret is the same.
    void keep_from(const Credentials& before);
    /// Null when the user is not known.
    const User* find(std::string_view user) const;
    /// Random, the same for the process's life: makes logins of unknown users look like any other.
    base::Bytes mock_key() const { return base::as_bytes(mock_key_); }

private:
    std::map<std::string, User, std::less<>> users_;
    std::optional<User> anybody_;
    std::string mock_key_;
};

}  // namespace pgsidecar::proxy
