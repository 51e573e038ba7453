#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace pgsidecar::realtime {

/// Who a client is and what it may do (contract 5.4, 5.9).
struct Identity {
    std::string subject;  ///< empty: nobody in particular
    std::string role;
    /// `status:read`, `channel:read:tasks`, ...; one that ends in `*` stands for any ending.
    std::vector<std::string> scopes;
    std::optional<std::int64_t> expires_us;

    bool may(std::string_view scope) const;
    /// An event channel, `messages:7` and `inbox:7` among them: who may read `messages` may read
    /// each of them, and everybody their own inbox.
    bool may_read_channel(std::string_view channel) const;
    bool may_read_table(std::string_view schema, std::string_view table) const;
};

/// Everything: where no token is asked for, and who has `http.token`.
Identity unlimited_identity();

/// Why a token was refused, for people; never holds the token.
struct TokenFault {
    std::string message;
};

using TokenVerdict = std::variant<Identity, TokenFault>;

/// Turns tokens into identities. Thread: the hub's.
class Authenticator {
public:
    virtual ~Authenticator() = default;
    /// False: nobody needs a token.
    virtual bool needs_token() const = 0;
    virtual TokenVerdict check(std::string_view token, std::int64_t wall_us) const = 0;
};

}  // namespace pgsidecar::realtime
