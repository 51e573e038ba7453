#include "proxy/core/credentials.hpp"

#include <algorithm>

namespace pgsidecar::proxy {

base::Result<AccountPtr> Account::make(std::string_view user, std::string_view stored,
                                       base::Entropy& entropy, std::uint32_t scram_iterations) {
    auto account = std::make_shared<Account>();
    account->secret = protocol::LoginSecret::from_stored(stored);
    if (!stored.empty()) {
        auto verifier =
            protocol::PasswordVerifier::from_stored(user, stored, entropy, scram_iterations);
        if (!verifier) return verifier.error();
        account->verifier = std::move(*verifier);
    }
    return AccountPtr(std::move(account));
}

Credentials Credentials::build(std::string_view user, std::string_view password,
                               const UserFile& file, base::Entropy& entropy,
                               std::vector<std::string>& problems, std::uint32_t scram_iterations) {
    Credentials made;
    made.mock_key_.resize(32);
    entropy.fill(std::as_writable_bytes(std::span(made.mock_key_)));
    auto add = [&](const std::string& name, const std::string& secret) {
        auto account = Account::make(name, secret, entropy, scram_iterations);
        if (!account) {
            problems.push_back("user \"" + name + "\": " + account.error().message());
        } else {
            made.users_.try_emplace(name, std::move(*account));
        }
    };
    if (!user.empty()) add(std::string(user), std::string(password));
    for (const auto& [name, secret] : file.all()) add(name, secret);
    made.choose_mock_form(scram_iterations);
    return made;
}

void Credentials::choose_mock_form(std::uint32_t scram_iterations) {
    std::map<std::uint32_t, int> by_iterations;
    int with_md5 = 0, without = 0;
    for (const auto& [name, account] : users_) {
        if (!account->verifier) continue;
        if (const auto* secret = account->verifier->scram_secret())
            ++by_iterations[secret->iterations];
        ++(account->verifier->can_md5() ? with_md5 : without);
    }
    auto most = std::max_element(by_iterations.begin(), by_iterations.end(),
                                 [](const auto& a, const auto& b) { return a.second < b.second; });
    mock_form_.iterations = most == by_iterations.end() ? scram_iterations : most->first;
    mock_form_.md5 = with_md5 > 0 && with_md5 >= without;
}

void Credentials::keep_from(const Credentials& before) {
    mock_key_ = before.mock_key_;
    for (auto& [name, account] : users_) {
        AccountPtr known = before.find(name);
        const std::string& password = account->secret.password;
        if (known && !password.empty() && known->secret.password == password) account = known;
    }
}

AccountPtr Credentials::find(std::string_view user) const {
    auto it = users_.find(user);
    return it != users_.end() ? it->second : anybody_;
}

}  // namespace pgsidecar::proxy
