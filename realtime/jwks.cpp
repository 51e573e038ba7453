#include "realtime/jwks.hpp"

#include <optional>
#include <utility>

#include "realtime/base64url.hpp"
#include "realtime/guarded_json.hpp"
#include "realtime/json_text.hpp"

namespace pgsidecar::realtime {
namespace {

constexpr int kMaxDepth = 8;
constexpr std::size_t kMaxKeys = 64;

std::string word(const rapidjson::Value& key, const char* name) {
    const auto* value = member(key, name);
    return value != nullptr && value->IsString() ? std::string(text_of(*value)) : std::string();
}

std::string octets(const rapidjson::Value& key, const char* name) {
    return decode_base64url(word(key, name)).value_or("");
}

std::optional<VerifyKey> make_key(const rapidjson::Value& key) {
    std::string kind = word(key, "kty"), curve = word(key, "crv");
    if (kind == "RSA") return VerifyKey::rsa(octets(key, "n"), octets(key, "e"));
    if (kind == "EC") return VerifyKey::ec(curve, octets(key, "x"), octets(key, "y"));
    if (kind == "OKP" && curve == "Ed25519") return VerifyKey::ed25519(octets(key, "x"));
    if (kind == "oct") return VerifyKey::secret(octets(key, "k"));
    return std::nullopt;
}

}  // namespace

KeySet parse_jwks(std::string_view json) {
    KeySet out;
    rapidjson::Document root;
    bool good = parse_guarded(json, kMaxDepth, root) == JsonFault::None && root.IsObject();
    const auto* keys = good ? member(root, "keys") : nullptr;
    if (keys == nullptr || !keys->IsArray()) {
        out.error = "it is no JSON Web Key Set: an object with the list \"keys\"";
        return out;
    }
    for (const auto& value : keys->GetArray()) {
        std::string use = value.IsObject() ? word(value, "use") : "enc";
        auto key = use.empty() || use == "sig" ? make_key(value) : std::nullopt;
        if (!key || out.keys.size() >= kMaxKeys) {
            ++out.skipped;
            continue;
        }
        out.keys.push_back({word(value, "kid"), word(value, "alg"), std::move(*key)});
    }
    return out;
}

}  // namespace pgsidecar::realtime
