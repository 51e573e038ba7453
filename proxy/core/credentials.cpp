#include "proxy/core/credentials.hpp"

namespace pgsidecar::proxy {

Credentials Credentials::build(std::string_view user, std::string_view password,
                               const UserFile& file, base::Entropy& entropy,
                               std::vector<std::string>& problems) {
    Credentials made;
    made.mock_key_.resize(32);
    entropy.fill(std::as_writable_bytes(std::span(made.mock_key_)));
    auto add = [&](const std::string& name, const std::string& secret) {
        if (secret.empty()) {
            made.users_.try_emplace(name);
            return;
        }
        auto verifier = protocol::PasswordVerifier::from_stored(name, secret, entropy);
        if (!verifier) {
            problems.push_back("user \"" + name + "\": " + verifier.error().message());
            return;
        }
        bool scram_only = secret.starts_with("SCRAM-SHA-256$");
        made.users_.try_emplace(name,
                                User{scram_only ? std::string() : secret, std::move(*verifier)});
    };
    if (!user.empty()) add(std::string(user), std::string(password));
    for (const auto& [name, secret] : file.all()) add(name, secret);
    return made;
}

void Credentials::keep_from(const Credentials& before) {
    mock_key_ = before.mock_key_;
    for (auto& [name, user] : users_) {
        const User* known = before.find(name);
        if (known != nullptr && !user.secret.empty() && known->secret == user.secret)
            user.verifier = known->verifier;
    }
}

const Credentials::User* Credentials::find(std::string_view user) const {
    auto it = users_.find(user);
    if (it != users_.end()) return &it->second;
    return anybody_ ? &*anybody_ : nullptr;
}

}  // namespace pgsidecar::proxy
