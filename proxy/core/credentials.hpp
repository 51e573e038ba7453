#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.hpp"
#include "base/result.hpp"
#include "protocol/auth/login_secret.hpp"
#include "protocol/auth/password_verifier.hpp"
#include "proxy/core/user_file.hpp"

namespace pgsidecar::proxy {

/// A user that the sidecar can log in: how to check a client, and what to prove to the server.
struct Account {
    /// Nothing when no password is known: then nobody can log in with one.
    std::optional<protocol::PasswordVerifier> verifier;
    protocol::LoginSecret secret;

    /// `stored` as for PasswordVerifier::from_stored(), or empty for none.
    static base::Result<std::shared_ptr<const Account>> make(std::string_view user,
                                                             std::string_view stored,
                                                             base::Entropy& entropy,
                                                             std::uint32_t scram_iterations);
};
using AccountPtr = std::shared_ptr<const Account>;

/// The users that are known from the start. Immutable after building; any thread.
class Credentials {
public:
    /// The address's own user first, then those of the user file. A bad secret is reported by user
    /// name. scram_iterations: asked of clients whose password is known.
    static Credentials build(std::string_view user, std::string_view password, const UserFile& file,
                             base::Entropy& entropy, std::vector<std::string>& problems,
                             std::uint32_t scram_iterations = protocol::kScramDefaultIterations);

    /// From now on every name is a user's, one without a password: mode mock protects nothing.
    void accept_anybody() { anybody_ = std::make_shared<const Account>(); }
    bool accepts_anybody() const { return anybody_ != nullptr; }
    /// After a reload: what strangers are told at a login stays the same, so that a change of it
    /// says nothing about who is known; so do the salts of those whose secret is the same.
    void keep_from(const Credentials& before);
    /// Null when the user is not known.
    AccountPtr find(std::string_view user) const;
    /// Random, the same for the process's life: makes logins of unknown users look like any other.
    base::Bytes mock_key() const { return base::as_bytes(mock_key_); }
    /// As most of the known users look.
    protocol::PasswordVerifier::MockForm mock_form() const { return mock_form_; }

private:
    void choose_mock_form(std::uint32_t scram_iterations);

    std::map<std::string, AccountPtr, std::less<>> users_;
    AccountPtr anybody_;
    std::string mock_key_;
    protocol::PasswordVerifier::MockForm mock_form_;
};

}  // namespace pgsidecar::proxy
