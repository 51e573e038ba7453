#include "realtime/jwt.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "realtime/base64url.hpp"
#include "realtime/guarded_json.hpp"
#include "realtime/json_text.hpp"

namespace pgsidecar::realtime {
namespace {

using rapidjson::Document;
using rapidjson::Value;

constexpr int kMaxDepth = 16;
constexpr std::int64_t kUsPerSecond = 1'000'000;
constexpr double kLatestSecond = 9e12;

struct Parts {
    std::string_view header, payload, signature, signed_part;
};

std::optional<Parts> cut(std::string_view token) {
    std::size_t first = token.find('.');
    std::size_t second = first == std::string_view::npos ? first : token.find('.', first + 1);
    if (second == std::string_view::npos || token.find('.', second + 1) != std::string_view::npos)
        return std::nullopt;
    return Parts{token.substr(0, first), token.substr(first + 1, second - first - 1),
                 token.substr(second + 1), token.substr(0, second)};
}

bool read_object(std::string_view encoded, Document& out) {
    auto text = decode_base64url(encoded);
    return text && parse_guarded(*text, kMaxDepth, out) == JsonFault::None && out.IsObject();
}

std::vector<std::string> words(std::string_view text) {
    std::vector<std::string> out;
    while (!text.empty()) {
        std::size_t end = std::min(text.find(' '), text.size());
        if (end != 0) out.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return out;
}

/// A claim of seconds since 1970; nothing when it is absent, false when it is no such number.
struct Moment {
    bool there = false, good = true;
    std::int64_t us = 0;
};

Moment moment(const Value& claims, const char* name) {
    Moment out;
    const Value* value = member(claims, name);
    if (value == nullptr) return out;
    out.there = true;
    out.good = value->IsNumber() && value->GetDouble() >= 0 && value->GetDouble() < kLatestSecond;
    if (out.good) out.us = static_cast<std::int64_t>(value->GetDouble() * 1e6);
    return out;
}

std::optional<TokenFault> check_times(const Value& claims, std::int64_t leeway_us,
                                      std::int64_t wall_us, std::int64_t& expires_us) {
    Moment exp = moment(claims, "exp"), nbf = moment(claims, "nbf"), iat = moment(claims, "iat");
    if (!exp.good || !nbf.good || !iat.good) {
        return TokenFault{"The token's exp, nbf or iat is no time."};
    }
    if (!exp.there) return TokenFault{"The token has no exp; one without an end is not taken."};
    if (wall_us >= exp.us) return TokenFault{"The token has expired; get a new one."};
    if (nbf.there && nbf.us > wall_us + leeway_us) {
        return TokenFault{"The token is not valid yet; check the clocks."};
    }
    if (iat.there && iat.us > wall_us + leeway_us) {
        return TokenFault{"The token was made in the future; check the clocks."};
    }
    expires_us = exp.us;
    return std::nullopt;
}

bool names_audience(const Value& claims, const std::string& audience) {
    const Value* aud = member(claims, "aud");
    if (aud == nullptr) return false;
    if (aud->IsString()) return text_of(*aud) == audience;
    if (!aud->IsArray()) return false;
    return std::any_of(aud->Begin(), aud->End(), [&](const Value& one) {
        return one.IsString() && text_of(one) == audience;
    });
}

std::string text_claim(const Value& claims, const char* name) {
    const Value* value = member(claims, name);
    return value != nullptr && value->IsString() ? std::string(text_of(*value)) : std::string();
}

Identity identity_of(const Value& claims, const JwtRules& rules) {
    Identity out;
    out.subject = text_claim(claims, "sub");
    out.role = text_claim(claims, "role");
    const Value* scope = member(claims, "scope");
    if (scope != nullptr && scope->IsString()) {
        out.scopes = words(text_of(*scope));
    } else if (scope != nullptr && scope->IsArray()) {
        for (const Value& one : scope->GetArray()) {
            if (one.IsString()) out.scopes.emplace_back(text_of(one));
        }
    } else if (auto found = rules.role_scopes.find(out.role); found != rules.role_scopes.end()) {
        out.scopes = found->second;
    }
    return out;
}

bool signed_by_one(const Parts& parts, SignatureAlgorithm algorithm, std::string_view name,
                   std::string_view key_id, const std::vector<NamedKey>& keys) {
    auto signature = decode_base64url(parts.signature);
    if (!signature) return false;
    return std::any_of(keys.begin(), keys.end(), [&](const NamedKey& key) {
        if (!key_id.empty() && !key.id.empty() && key.id != key_id) return false;
        if (!key.algorithm.empty() && key.algorithm != name) return false;
        return key.key.verify(algorithm, parts.signed_part, *signature);
    });
}

}  // namespace

bool looks_like_jwt(std::string_view token) { return cut(token).has_value(); }

std::map<std::string, std::vector<std::string>> parse_role_scopes(std::string_view text) {
    std::map<std::string, std::vector<std::string>> out;
    while (!text.empty()) {
        std::size_t end = std::min(text.find(';'), text.size());
        std::string_view item = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        while (item.starts_with(' ')) item.remove_prefix(1);
        std::size_t equals = item.find('=');
        if (equals == std::string_view::npos || equals == 0) continue;
        out[std::string(item.substr(0, equals))] = words(item.substr(equals + 1));
    }
    return out;
}

TokenVerdict check_jwt(std::string_view token, const JwtRules& rules,
                       const std::vector<NamedKey>& keys, std::int64_t wall_us) {
    auto parts = cut(token);
    Document header, claims;
    if (!parts || !read_object(parts->header, header)) {
        return TokenFault{"The token is no JSON Web Token."};
    }
    std::string name = text_claim(header, "alg");
    auto algorithm = signature_algorithm(name);
    bool allowed = algorithm && std::find(rules.algorithms.begin(), rules.algorithms.end(),
                                          *algorithm) != rules.algorithms.end();
    // An extension that must be understood and is not (RFC 7515, 4.1.11).
    if (!allowed || member(header, "crit") != nullptr) {
        return TokenFault{"The token's algorithm is not allowed; see jwt.algorithms."};
    }
    if (!signed_by_one(*parts, *algorithm, name, text_claim(header, "kid"), keys)) {
        return TokenFault{"The token's signature is wrong."};
    }
    if (!read_object(parts->payload, claims)) {
        return TokenFault{"The token's claims cannot be read."};
    }
    std::int64_t expires_us = 0;
    if (auto fault = check_times(claims, rules.leeway_s * kUsPerSecond, wall_us, expires_us))
        return std::move(*fault);
    if (!rules.issuer.empty() && text_claim(claims, "iss") != rules.issuer) {
        return TokenFault{"The token is from another issuer."};
    }
    if (!rules.audience.empty() && !names_audience(claims, rules.audience)) {
        return TokenFault{"The token is for another audience."};
    }
    Identity identity = identity_of(claims, rules);
    identity.expires_us = expires_us;
    return identity;
}

}  // namespace pgsidecar::realtime
