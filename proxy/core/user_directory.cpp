#include "proxy/core/user_directory.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "proxy/core/driver.hpp"
#include "proxy/core/options.hpp"
#include "proxy/core/session.hpp"

namespace pgsidecar::proxy {

UserDirectory::UserDirectory(const Options& options, Driver& driver, base::Entropy& entropy,
                             metrics::WorkerShard& shard)
    : options_(&options), driver_(driver), entropy_(entropy), shard_(shard) {}

UserDirectory::Found UserDirectory::find(const std::string& user, Session& session,
                                         const base::Now& now) {
    if (AccountPtr known = options_->credentials.find(user)) {
        auto it = learned_.find(user);
        return {State::Known, it == learned_.end() ? known : it->second};
    }
    if (options_->settings->auth.query.empty()) return {State::Unknown, nullptr};
    auto it = cache_.find(user);
    if (it != cache_.end() && fresh(it->second, now))
        return {it->second.account ? State::Known : State::Unknown, it->second.account};
    auto [waiting, first] = waiting_.try_emplace(user);
    waiting->second.sessions.push_back(&session);
    asking_[&session] = user;
    if (first) {
        waiting->second.place = unasked_.insert(unasked_.end(), user);
        ask_next();
    }
    return {State::Asked, nullptr};
}

bool UserDirectory::fresh(const Entry& entry, const base::Now& now) const {
    const auto& auth = options_->settings->auth;
    bool trusted = entry.account != nullptr && !entry.doubtful;
    std::int64_t limit_ms = trusted ? auth.query_cache_ms : auth.query_negative_cache_ms;
    return now.mono_ns - entry.asked_ns < limit_ms * 1'000'000;
}

void UserDirectory::ask_next() {
    while (in_flight_ < options_->settings->auth.query_max_in_flight && !unasked_.empty()) {
        ++in_flight_;
        waiting_.find(unasked_.front())->second.asked = true;
        driver_.look_up(unasked_.front());
        unasked_.pop_front();
    }
}

void UserDirectory::forget(Session& session) {
    auto asking = asking_.extract(&session);
    if (asking.empty()) return;
    auto it = waiting_.find(asking.mapped());
    Waiting& waiting = it->second;
    std::erase(waiting.sessions, &session);
    // One that has been asked for is answered all the same.
    if (waiting.asked || !waiting.sessions.empty()) return;
    unasked_.erase(waiting.place);
    waiting_.erase(it);
}

void UserDirectory::answered(const std::string& user, const UserAnswer& answer,
                             const base::Now& now) {
    auto it = waiting_.find(user);
    if (it == waiting_.end() || !it->second.asked) {
        if (answer.answered) keep(user, answer, now);  // another worker has asked
        return;
    }
    (!answer.answered ? shard_.user_lookups_failed
     : answer.secret  ? shard_.user_lookups_found
                      : shard_.user_lookups_unknown)
        .add();
    std::vector<Session*> sessions = std::move(it->second.sessions);
    waiting_.erase(it);
    for (Session* session : sessions) asking_.erase(session);
    --in_flight_;
    Found found = keep(user, answer, now);
    ask_next();
    for (Session* session : sessions) session->account_found(found, now);
}

UserDirectory::Found UserDirectory::keep(const std::string& user, const UserAnswer& answer,
                                         const base::Now& now) {
    auto it = cache_.find(user);
    if (!answer.answered) {
        if (it == cache_.end()) return {State::Away, nullptr};
        return {it->second.account ? State::Known : State::Unknown, it->second.account};
    }
    if (it == cache_.end()) {
        make_room();
        it = cache_.try_emplace(user).first;
    }
    Entry& entry = it->second;
    entry.asked_ns = now.mono_ns;
    entry.doubtful = false;
    // The same secret as before: what has been learned of it stays good.
    bool same = answer.secret && entry.account && entry.stored == *answer.secret;
    if (!same) {
        entry.stored = answer.secret.value_or("");
        entry.account = nullptr;
        if (!entry.stored.empty()) {
            auto made = Account::make(
                user, entry.stored, entropy_,
                static_cast<std::uint32_t>(options_->settings->auth.scram_iterations));
            if (made) note_form(entry.account = std::move(*made));
            if (!made) {
                base::log::warn("proxy", "auth.query gave a secret that cannot be used",
                                {{"user", user.substr(0, 64)}, {"cause", made.error().message()}});
            }
        }
    }
    return {entry.account ? State::Known : State::Unknown, entry.account};
}

void UserDirectory::note_form(const AccountPtr& account) {
    const auto& verifier = *account->verifier;
    auto form = mock_form();
    form.md5 = verifier.can_md5();
    if (verifier.scram_secret() != nullptr) form.iterations = verifier.scram_secret()->iterations;
    found_form_ = form;
}

protocol::PasswordVerifier::MockForm UserDirectory::mock_form() const {
    return found_form_ ? *found_form_ : options_->credentials.mock_form();
}

void UserDirectory::make_room() {
    auto limit = static_cast<std::size_t>(options_->settings->auth.query_cache_entries);
    while (!cache_.empty() && cache_.size() >= limit) {
        // Those who do not exist go first: anybody can invent them.
        auto oldest =
            std::min_element(cache_.begin(), cache_.end(), [](const auto& a, const auto& b) {
                bool a_exists = a.second.account != nullptr, b_exists = b.second.account != nullptr;
                if (a_exists != b_exists) return b_exists;
                return a.second.asked_ns < b.second.asked_ns;
            });
        cache_.erase(oldest);
    }
}

AccountPtr UserDirectory::learned(const std::string& user, const AccountPtr& account,
                                  const protocol::ScramKeys& keys) {
    const protocol::LoginSecret& secret = account->secret;
    if (!secret.scram_stored || secret.keys) return account;
    auto more = std::make_shared<Account>(*account);
    more->secret.keys = keys;
    auto it = cache_.find(user);
    if (options_->credentials.find(user) != nullptr) {
        learned_[user] = more;
    } else if (it != cache_.end() && it->second.account == account) {
        it->second.account = more;
    }
    return more;
}

void UserDirectory::login_failed(const std::string& user) {
    auto it = cache_.find(user);
    if (it != cache_.end()) it->second.doubtful = true;
}

}  // namespace pgsidecar::proxy
