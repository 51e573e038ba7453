#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.hpp"
#include "metrics/shard.hpp"
#include "proxy/core/credentials.hpp"
#include "proxy/core/user_answer.hpp"

namespace pgsidecar::proxy {

class Driver;
class Session;
struct Options;

/// Who may log in at one worker: the users known from the start, and those that auth.query finds in
/// the database, kept for a while. It also keeps what logins reveal (SCRAM keys), in memory only.
///
/// While the database is away, answers serve beyond their time. Thread: the worker's.
class UserDirectory {
public:
    enum class State : std::uint8_t { Known, Unknown, Asked, Away };
    struct Found {
        State state = State::Unknown;
        AccountPtr account;  ///< of Known
    };

    UserDirectory(const Options& options, Driver& driver, base::Entropy& entropy,
                  metrics::WorkerShard& shard);
    /// After a reload. What logins have shown stays: a changed secret shows itself at the next one.
    void use(const Options& options) { options_ = &options; }

    /// Asked: Session::account_found() follows, with another state.
    Found find(const std::string& user, Session& session, const base::Now& now);
    /// The session does not wait any more.
    void forget(Session& session);
    /// Also what another worker has asked for.
    void answered(const std::string& user, const UserAnswer& answer, const base::Now& now);

    /// The client has proved itself by SCRAM; gives the account with what that has revealed.
    AccountPtr learned(const std::string& user, const AccountPtr& account,
                       const protocol::ScramKeys& keys);
    /// A client did not know the password: perhaps it was changed, so the database is asked sooner.
    void login_failed(const std::string& user);

    /// What a user that does not exist is to look like: as the one that auth.query found last, else
    /// as most of those known from the start.
    protocol::PasswordVerifier::MockForm mock_form() const;

    std::size_t cached() const { return cache_.size(); }

private:
    struct Entry {
        std::string stored;
        AccountPtr account;  ///< null: there is no such user
        std::int64_t asked_ns = 0;
        bool doubtful = false;
    };

    /// Sessions that want to know the same user.
    struct Waiting {
        std::vector<Session*> sessions;
        std::list<std::string>::iterator place;  ///< in unasked_, until it is asked
        bool asked = false;
    };

    bool fresh(const Entry& entry, const base::Now& now) const;
    void ask_next();
    Found keep(const std::string& user, const UserAnswer& answer, const base::Now& now);
    void note_form(const AccountPtr& account);
    void make_room();

    const Options* options_;
    Driver& driver_;
    base::Entropy& entropy_;
    metrics::WorkerShard& shard_;
    std::map<std::string, AccountPtr, std::less<>> learned_;  ///< of users known from the start
    std::map<std::string, Entry, std::less<>> cache_;
    std::map<std::string, Waiting, std::less<>> waiting_;
    std::list<std::string> unasked_;  ///< of waiting_, not yet given to the driver
    std::unordered_map<Session*, std::string> asking_;  ///< by session what is in waiting_
    std::optional<protocol::PasswordVerifier::MockForm> found_form_;
    int in_flight_ = 0;
};

}  // namespace pgsidecar::proxy
