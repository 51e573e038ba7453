#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace pgsidecar::proxy {

/// Users and their secrets, as PgBouncer's auth_file has them: "user" "secret" a line, ; starts a
/// comment.
///
/// A secret is a password, "md5" and 32 hex digits, or a SCRAM secret as pg_authid keeps it.
/// Immutable after reading.
class UserFile {
public:
    struct Problem {
        int line = 0;
        std::string message;
    };

    /// Text of the file; a problem names the line and never the secret.
    static UserFile parse(std::string_view text, std::vector<Problem>& problems);

    const std::map<std::string, std::string, std::less<>>& all() const { return secrets_; }

private:
    std::map<std::string, std::string, std::less<>> secrets_;
};

}  // namespace pgsidecar::proxy
