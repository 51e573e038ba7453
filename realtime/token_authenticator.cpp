#include "realtime/token_authenticator.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace pgsidecar::realtime {
namespace {

std::vector<std::string> cut(std::string_view text, std::string_view separators) {
    std::vector<std::string> out;
    while (!text.empty()) {
        std::size_t end = std::min(text.find_first_of(separators), text.size());
        if (end != 0) out.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return out;
}

std::string from_hex(std::string_view text) {
    auto digit = [](char c) {
        return c >= '0' && c <= '9'   ? c - '0'
               : c >= 'a' && c <= 'f' ? c - 'a' + 10
               : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                      : -1;
    };
    std::string out;
    for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
        int high = digit(text[i]), low = digit(text[i + 1]);
        if (high < 0 || low < 0) return {};
        out += static_cast<char>(high * 16 + low);
    }
    return text.size() % 2 == 0 ? out : std::string();
}

}  // namespace

StaticTokens parse_token_file(std::string_view text) {
    static constexpr std::string_view kDigest = "sha256:";
    StaticTokens out;
    int number = 0;
    while (!text.empty()) {
        std::size_t end = std::min(text.find('\n'), text.size());
        std::vector<std::string> words = cut(text.substr(0, end), " \t\r");
        text.remove_prefix(std::min(end + 1, text.size()));
        ++number;
        if (words.empty() || words[0].starts_with('#')) continue;
        StaticToken token;
        if (words.size() == 4) {
            bool hashed = words[1].starts_with(kDigest);
            token.digest = hashed ? from_hex(std::string_view(words[1]).substr(kDigest.size()))
                                  : sha256(words[1]);
            token.identity.scopes = cut(words[3], ",");
        }
        if (token.digest.size() != 32 || token.identity.scopes.empty()) {
            out.error = "line " + std::to_string(number) +
                        " is not: name token role scope,scope (a token may be sha256:HEX)";
            return out;
        }
        token.identity.subject = words[0];
        token.identity.role = words[2];
        out.tokens.push_back(std::move(token));
    }
    return out;
}

TokenAuthenticator::TokenAuthenticator(const config::Settings& settings, Reader reader)
    : reader_(std::move(reader)),
      token_file_(settings.feed.token_file),
      jwks_file_(settings.jwt.jwks_file) {
    if (!settings.http.token.empty()) {
        http_token_ = StaticToken{sha256(settings.http.token), unlimited_identity()};
    }
    for (const std::string& name : cut(settings.jwt.algorithms, ", ")) {
        auto algorithm = signature_algorithm(name);
        if (algorithm) {
            rules_.algorithms.push_back(*algorithm);
        } else {
            problem_ = "jwt.algorithms: " + name +
                       " is not known; use HS256, RS256, PS256, ES256, "
                       "EdDSA or their longer kin.";
        }
    }
    if (!settings.jwt.secret.empty()) {
        auto key = VerifyKey::secret(settings.jwt.secret);
        if (key) {
            secret_ = NamedKey{{}, {}, std::move(*key)};
            keys_.push_back(*secret_);
        } else {
            problem_ = "jwt.secret is shorter than 32 bytes; make a longer one.";
        }
    }
    rules_.issuer = settings.jwt.issuer;
    rules_.audience = settings.jwt.audience;
    rules_.leeway_s = settings.jwt.leeway_s;
    rules_.role_scopes = parse_role_scopes(settings.jwt.role_scopes);
    if (auto fault = refresh()) problem_ = *fault;
    if (problem_.empty() && !rules_.algorithms.empty() && keys_.empty()) {
        problem_ = "jwt.algorithms needs keys; set jwt.secret or jwt.jwks_file.";
    }
}

std::optional<std::string> TokenAuthenticator::refresh() {
    std::optional<std::string> problem;
    auto read = [&](const std::string& path, std::string& known, const char* setting, auto load) {
        if (path.empty()) return;
        auto text = reader_(path);
        if (text && *text == known) return;
        std::string fault = text ? (this->*load)(*text) : "it cannot be read";
        if (fault.empty()) {
            known = std::move(*text);
        } else {
            problem = std::string(setting) + " " + path + ": " + fault + ".";
        }
    };
    read(token_file_, token_text_, "feed.token_file", &TokenAuthenticator::load_tokens);
    read(jwks_file_, jwks_text_, "jwt.jwks_file", &TokenAuthenticator::load_keys);
    return problem;
}

std::string TokenAuthenticator::load_tokens(const std::string& text) {
    StaticTokens read = parse_token_file(text);
    if (read.error.empty()) tokens_ = std::move(read.tokens);
    return read.error;
}

std::string TokenAuthenticator::load_keys(const std::string& text) {
    KeySet read = parse_jwks(text);
    if (!read.error.empty()) return read.error;
    if (read.keys.empty()) return "it has no key that can be used";
    keys_ = std::move(read.keys);
    if (secret_) keys_.push_back(*secret_);
    return {};
}

bool TokenAuthenticator::needs_token() const {
    return http_token_ || !token_file_.empty() || !rules_.algorithms.empty();
}

TokenVerdict TokenAuthenticator::check(std::string_view token, std::int64_t wall_us) const {
    std::string digest = sha256(token);
    // All are compared, so that the time does not tell which one it was.
    const StaticToken* found = nullptr;
    for (const StaticToken& known : tokens_) {
        if (same_bytes(known.digest, digest)) found = &known;
    }
    if (http_token_ && same_bytes(http_token_->digest, digest)) found = &*http_token_;
    if (found != nullptr) return found->identity;
    if (!rules_.algorithms.empty() && looks_like_jwt(token)) {
        return check_jwt(token, rules_, keys_, wall_us);
    }
    return TokenFault{"The token is wrong; use the value of http.token or one that is configured."};
}

}  // namespace pgsidecar::realtime
