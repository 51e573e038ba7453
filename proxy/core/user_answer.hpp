#pragma once

#include <optional>
#include <string>

namespace pgsidecar::proxy {

/// What the database said to auth.query.
struct UserAnswer {
    bool answered = false;  ///< false: it could not be asked
    /// What it keeps of the password; nothing: there is no such user, or it has none.
    std::optional<std::string> secret;
};

}  // namespace pgsidecar::proxy
