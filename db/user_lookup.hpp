#pragma once

#include <asio/any_io_executor.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "config/upstream.hpp"
#include "model/database_config.hpp"

namespace pgsidecar::db {

/// Finds users' secrets in the database (auth.query), one after the other on one connection of its
/// own, which is made when it is needed.
///
/// Thread: its executor's. When the database cannot be reached, all that wait are answered at once.
class UserLookup {
public:
    struct Options {
        std::string query;  ///< with $1; gives name and secret
        std::int64_t timeout_ms = 5'000;
        model::DatabaseMode mode = model::DatabaseMode::Local;
    };
    struct Answer {
        bool answered = false;  ///< false: the database could not be asked
        std::optional<std::string> secret;
    };
    using Done = std::function<void(const Answer&)>;

    /// upstream: with the user who asks.
    UserLookup(asio::any_io_executor executor, config::Upstream upstream, Options options);
    ~UserLookup();
    UserLookup(const UserLookup&) = delete;
    UserLookup& operator=(const UserLookup&) = delete;

    /// done is called once, never from inside this call, unless stop() comes first.
    void look_up(std::string user, Done done);
    /// Ends what is under way; nothing is called any more.
    void stop();

private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace pgsidecar::db
