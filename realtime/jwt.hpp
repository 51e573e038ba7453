#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "realtime/identity.hpp"
#include "realtime/jwks.hpp"
#include "realtime/signature.hpp"

namespace pgsidecar::realtime {

/// What a JSON Web Token must be like to be believed (contract 5.9, RFC 8725).
struct JwtRules {
    std::vector<SignatureAlgorithm> algorithms;
    std::string issuer, audience;  ///< empty: any
    std::int64_t leeway_s = 60;
    std::map<std::string, std::vector<std::string>> role_scopes;
};

/// "role=scope scope; role=scope". Empty: not written so.
std::map<std::string, std::vector<std::string>> parse_role_scopes(std::string_view text);

/// Checks signature and claims; `none` and algorithms that do not fit the key are refused. A token
/// without `exp` is refused. Scopes come from `scope`, else by `role`.
TokenVerdict check_jwt(std::string_view token, const JwtRules& rules,
                       const std::vector<NamedKey>& keys, std::int64_t wall_us);

/// Whether it has the three parts of a JSON Web Token.
bool looks_like_jwt(std::string_view token);

}  // namespace pgsidecar::realtime
