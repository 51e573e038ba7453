#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/settings.hpp"
#include "realtime/identity.hpp"
#include "realtime/jwt.hpp"

namespace pgsidecar::realtime {

/// A line of feed.token_file.
struct StaticToken {
    std::string digest;  ///< SHA-256
    Identity identity;
};

struct StaticTokens {
    std::vector<StaticToken> tokens;
    std::string error;  ///< not empty: the line and what is wrong with it; never a token
};

/// Lines of `name token role scope[,scope...]`; token may be `sha256:` and 64 hex digits; empty
/// lines and those that begin with # mean nothing.
StaticTokens parse_token_file(std::string_view text);

/// The tokens of the settings: http.token, feed.token_file and JSON Web Tokens.
///
/// Keys and tokens that are in files are read again when refresh() finds them changed; what cannot
/// be read leaves the old ones in use. Thread: the hub's, but for the making.
class TokenAuthenticator final : public Authenticator {
public:
    /// A file's text; nothing when it cannot be read.
    using Reader = std::function<std::optional<std::string>(const std::string& path)>;

    TokenAuthenticator(const config::Settings& settings, Reader reader);

    /// Why not all of it can be used; empty when all is well.
    const std::string& problem() const { return problem_; }
    /// Reads the files again. The problem it found, or nothing.
    std::optional<std::string> refresh();

    bool needs_token() const override;
    TokenVerdict check(std::string_view token, std::int64_t wall_us) const override;

private:
    std::string load_tokens(const std::string& text);
    std::string load_keys(const std::string& text);

    Reader reader_;
    std::string token_file_, jwks_file_;
    std::string token_text_, jwks_text_;
    std::vector<StaticToken> tokens_;
    std::optional<StaticToken> http_token_;
    std::optional<NamedKey> secret_;
    std::vector<NamedKey> keys_;
    JwtRules rules_;
    std::string problem_;
};

}  // namespace pgsidecar::realtime
