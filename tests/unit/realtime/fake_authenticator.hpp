#pragma once

#include <map>
#include <string>

#include "realtime/identity.hpp"

namespace pgsidecar::realtime {

/// Knows the tokens that the test gives it.
class FakeAuthenticator final : public Authenticator {
public:
    bool needs_token() const override { return !known.empty(); }
    TokenVerdict check(std::string_view token, std::int64_t) const override {
        auto found = known.find(token);
        if (found == known.end()) return TokenFault{"The token is wrong."};
        return found->second;
    }

    std::map<std::string, Identity, std::less<>> known;
};

}  // namespace pgsidecar::realtime
