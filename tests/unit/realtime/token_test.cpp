#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rsa.h>

#include <array>
#include <memory>

#include "realtime/base64url.hpp"
#include "realtime/jwt.hpp"
#include "realtime/token_authenticator.hpp"
#include "tests/unit/realtime/samples.hpp"

namespace pgsidecar::realtime {
namespace {

using samples::kWall;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::int64_t kNow = kWall / 1'000'000;
const std::string kSecret = "a secret of no fewer than 32 bytes";

std::string encode(std::string_view text) {
    static constexpr std::string_view kDigits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    std::string out;
    unsigned bits = 0;
    int held = 0;
    for (char c : text) {
        bits = bits << 8 | static_cast<unsigned char>(c);
        for (held += 8; held >= 6; held -= 6) out += kDigits[bits >> (held - 6) & 63];
    }
    if (held > 0) out += kDigits[bits << (6 - held) & 63];
    return out;
}

const unsigned char* bytes(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

std::string hmac(std::string_view key, std::string_view text) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> mac{};
    unsigned size = 0;
    HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes(text), text.size(),
         mac.data(), &size);
    return {reinterpret_cast<char*>(mac.data()), size};
}

std::string hs256(const std::string& claims, const std::string& key = kSecret,
                  const std::string& header = R"({"alg":"HS256","typ":"JWT"})") {
    std::string text = encode(header) + "." + encode(claims);
    return text + "." + encode(hmac(key, text));
}

std::string claims(const std::string& more = {}) {
    return "{\"sub\":\"ann\",\"exp\":" + std::to_string(kNow + 3'600) + more + "}";
}

/// A key pair of OpenSSL's making, its public half as a JSON Web Key, and signatures by it.
class KeyPair {
public:
    explicit KeyPair(EVP_PKEY* key) : key_(key, EVP_PKEY_free) {}

    std::string number(const char* name, std::size_t size = 0) const {
        BIGNUM* value = nullptr;
        EVP_PKEY_get_bn_param(key_.get(), name, &value);
        std::string out(std::max(size, static_cast<std::size_t>(BN_num_bytes(value))), '\0');
        BN_bn2binpad(value, reinterpret_cast<unsigned char*>(out.data()),
                     static_cast<int>(out.size()));
        BN_free(value);
        return encode(out);
    }
    std::string raw() const {
        std::array<unsigned char, 64> out{};
        std::size_t size = out.size();
        EVP_PKEY_get_raw_public_key(key_.get(), out.data(), &size);
        return encode({reinterpret_cast<char*>(out.data()), size});
    }
    std::string sign(std::string_view text, const EVP_MD* digest, bool pss = false) const {
        std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        EVP_MD_CTX_free);
        EVP_PKEY_CTX* details = nullptr;
        EVP_DigestSignInit(context.get(), &details, digest, nullptr, key_.get());
        if (pss) {
            EVP_PKEY_CTX_set_rsa_padding(details, RSA_PKCS1_PSS_PADDING);
            EVP_PKEY_CTX_set_rsa_pss_saltlen(details, RSA_PSS_SALTLEN_DIGEST);
        }
        std::string out(1'024, '\0');
        std::size_t size = out.size();
        EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(out.data()), &size,
                       bytes(text), text.size());
        out.resize(size);
        return out;
    }
    /// As JWS wants it: r and s one after the other.
    std::string sign_ec(std::string_view text) const {
        std::string der = sign(text, EVP_sha256());
        const unsigned char* at = bytes(der);
        std::unique_ptr<ECDSA_SIG, decltype(&ECDSA_SIG_free)> pair(
            d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())), ECDSA_SIG_free);
        std::string out(64, '\0');
        auto* raw = reinterpret_cast<unsigned char*>(out.data());
        BN_bn2binpad(ECDSA_SIG_get0_r(pair.get()), raw, 32);
        BN_bn2binpad(ECDSA_SIG_get0_s(pair.get()), raw + 32, 32);
        return out;
    }

private:
    std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key_;
};

JwtRules rules(std::vector<SignatureAlgorithm> algorithms = {SignatureAlgorithm::HS256}) {
    JwtRules out;
    out.algorithms = std::move(algorithms);
    return out;
}

std::vector<NamedKey> secret_key() { return {{{}, {}, *VerifyKey::secret(kSecret)}}; }

std::string fault_of(const TokenVerdict& verdict) {
    const auto* fault = std::get_if<TokenFault>(&verdict);
    return fault == nullptr ? "it was taken" : fault->message;
}

std::string check(const std::string& token, const JwtRules& by = rules()) {
    return fault_of(check_jwt(token, by, secret_key(), kWall));
}

TEST(Jwt, GoodOneSaysWhoAndWhat) {
    auto verdict = check_jwt(hs256(claims(R"(,"role":"ops","scope":"status:read channel:read:*")")),
                             rules(), secret_key(), kWall);
    const auto& identity = std::get<Identity>(verdict);
    EXPECT_EQ(identity.subject, "ann");
    EXPECT_EQ(identity.role, "ops");
    EXPECT_THAT(identity.scopes, ElementsAre("status:read", "channel:read:*"));
    EXPECT_EQ(identity.expires_us, (kNow + 3'600) * 1'000'000);
}

TEST(Jwt, ScopesByRoleWhereTheTokenHasNone) {
    JwtRules by = rules();
    by.role_scopes = parse_role_scopes("ops=status:read db:reconnect; viewer=status:read");
    auto verdict = check_jwt(hs256(claims(R"(,"role":"ops")")), by, secret_key(), kWall);
    EXPECT_THAT(std::get<Identity>(verdict).scopes, ElementsAre("status:read", "db:reconnect"));
    verdict = check_jwt(hs256(claims(R"(,"role":"stranger")")), by, secret_key(), kWall);
    EXPECT_TRUE(std::get<Identity>(verdict).scopes.empty());
}

TEST(Jwt, NoneAndAlgorithmsThatAreNotAllowedAreRefused) {
    std::string unsigned_token = encode(R"({"alg":"none"})") + "." + encode(claims()) + ".";
    EXPECT_THAT(check(unsigned_token), HasSubstr("not allowed"));
    EXPECT_THAT(check(encode(R"({"alg":"NONE"})") + "." + encode(claims()) + "."),
                HasSubstr("not allowed"));
    EXPECT_THAT(check(hs256(claims(), kSecret, R"({"alg":"HS512"})")), HasSubstr("not allowed"));
    EXPECT_THAT(check(hs256(claims(), kSecret, R"({"alg":"HS256","crit":["exp"]})")),
                HasSubstr("not allowed"));
    EXPECT_THAT(check(hs256(claims(), kSecret, R"({"typ":"JWT"})")), HasSubstr("not allowed"));
}

TEST(Jwt, WrongKeysAndChangedTextsAreRefused) {
    EXPECT_THAT(check(hs256(claims(), "another secret of at least 32 bytes")),
                HasSubstr("signature"));
    std::string token = hs256(claims());
    std::string changed = token;
    changed[token.find('.') + 3] = changed[token.find('.') + 3] == 'A' ? 'B' : 'A';
    EXPECT_THAT(check(changed), HasSubstr("signature"));
    EXPECT_THAT(check(token.substr(0, token.rfind('.') + 1)), HasSubstr("signature"));
    EXPECT_THAT(check(token.substr(0, token.size() - 4)), HasSubstr("signature"));
}

TEST(Jwt, Times) {
    auto with = [](const std::string& text) { return check(hs256(text)); };
    auto at = [](std::int64_t seconds) { return std::to_string(kNow + seconds); };
    EXPECT_THAT(with("{\"sub\":\"ann\"}"), HasSubstr("no exp"));
    EXPECT_THAT(with("{\"exp\":" + at(0) + "}"), HasSubstr("expired"));
    EXPECT_EQ(with("{\"exp\":" + at(1) + "}"), "it was taken");
    EXPECT_THAT(with("{\"exp\":\"tomorrow\"}"), HasSubstr("no time"));
    EXPECT_THAT(with("{\"exp\":1e300}"), HasSubstr("no time"));
    EXPECT_EQ(with(claims(",\"nbf\":" + at(60))), "it was taken");
    EXPECT_THAT(with(claims(",\"nbf\":" + at(61))), HasSubstr("not valid yet"));
    EXPECT_THAT(with(claims(",\"iat\":" + at(61))), HasSubstr("future"));
}

TEST(Jwt, IssuerAndAudience) {
    JwtRules by = rules();
    by.issuer = "https://id.example";
    by.audience = "feed";
    auto with = [&](const std::string& more) { return check(hs256(claims(more)), by); };
    EXPECT_THAT(with(R"(,"aud":"feed")"), HasSubstr("issuer"));
    EXPECT_THAT(with(R"(,"iss":"https://id.example")"), HasSubstr("audience"));
    EXPECT_THAT(with(R"(,"iss":"https://id.example","aud":["a","b"])"), HasSubstr("audience"));
    EXPECT_EQ(with(R"(,"iss":"https://id.example","aud":["a","feed"])"), "it was taken");
}

TEST(Jwt, Nonsense) {
    for (const char* text : {"", ".", "..", "a.b.c", "a.b", "a.b.c.d", "!!!.!!!.!!!"}) {
        EXPECT_NE(check(text), "it was taken") << text;
    }
    EXPECT_NE(check(hs256("[]")), "it was taken");
    EXPECT_NE(check(hs256(R"({"exp":1,"exp":99999999999})")), "it was taken");
    EXPECT_NE(check(hs256(std::string(10'000, '['))), "it was taken");
}

TEST(Jwt, RsaInBothPaddings) {
    KeyPair pair(EVP_RSA_gen(2'048));
    std::string set = R"({"keys":[{"kty":"RSA","kid":"r","n":")" +
                      pair.number(OSSL_PKEY_PARAM_RSA_N) + R"(","e":")" +
                      pair.number(OSSL_PKEY_PARAM_RSA_E) + "\"}]}";
    KeySet keys = parse_jwks(set);
    ASSERT_EQ(keys.keys.size(), 1u) << keys.error;
    auto by =
        rules({SignatureAlgorithm::RS256, SignatureAlgorithm::PS256, SignatureAlgorithm::HS256});
    for (bool pss : {false, true}) {
        std::string header = pss ? R"({"alg":"PS256","kid":"r"})" : R"({"alg":"RS256","kid":"r"})";
        std::string text = encode(header) + "." + encode(claims());
        std::string token = text + "." + encode(pair.sign(text, EVP_sha256(), pss));
        EXPECT_EQ(fault_of(check_jwt(token, by, keys.keys, kWall)), "it was taken");
        EXPECT_THAT(fault_of(check_jwt(token, rules(), keys.keys, kWall)),
                    HasSubstr("not allowed"));
    }
    // A public key is no secret: its own text as an HMAC key opens nothing.
    for (const std::string& key : {set, pair.number(OSSL_PKEY_PARAM_RSA_N)}) {
        EXPECT_THAT(fault_of(check_jwt(hs256(claims(), key), by, keys.keys, kWall)),
                    HasSubstr("signature"));
    }
}

TEST(Jwt, EllipticCurveAndEdwards) {
    KeyPair ec(EVP_EC_gen("P-256"));
    KeyPair ed(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
    KeySet keys =
        parse_jwks(R"({"keys":[{"kty":"EC","crv":"P-256","kid":"e","x":")" +
                   ec.number(OSSL_PKEY_PARAM_EC_PUB_X, 32) + R"(","y":")" +
                   ec.number(OSSL_PKEY_PARAM_EC_PUB_Y, 32) +
                   R"("},{"kty":"OKP","crv":"Ed25519","kid":"d","x":")" + ed.raw() + "\"}]}");
    ASSERT_EQ(keys.keys.size(), 2u);
    auto by = rules({SignatureAlgorithm::ES256, SignatureAlgorithm::EdDSA});
    auto verdict = [&](const std::string& header, auto sign) {
        std::string text = encode(header) + "." + encode(claims());
        return fault_of(check_jwt(text + "." + encode(sign(text)), by, keys.keys, kWall));
    };
    auto by_ec = [&](const std::string& text) { return ec.sign_ec(text); };
    auto by_ed = [&](const std::string& text) { return ed.sign(text, nullptr); };
    EXPECT_EQ(verdict(R"({"alg":"ES256","kid":"e"})", by_ec), "it was taken");
    EXPECT_EQ(verdict(R"({"alg":"EdDSA"})", by_ed), "it was taken");
    EXPECT_THAT(verdict(R"({"alg":"ES256","kid":"d"})", by_ec), HasSubstr("signature"));
    EXPECT_THAT(verdict(R"({"alg":"EdDSA"})", by_ec), HasSubstr("signature"));
    auto zeros = [](const std::string&) { return std::string(64, '\0'); };
    EXPECT_THAT(verdict(R"({"alg":"ES256","kid":"e"})", zeros), HasSubstr("signature"));
}

TEST(Jwks, SkipsWhatIsOfNoUseAndRefusesWhatIsNoSet) {
    KeySet keys = parse_jwks(
        R"({"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"},{"kty":"EC","crv":"P-256","x":"AA","y":"AA"},
            {"kty":"oct","use":"enc","k":"AAAA"},{"kty":"oct","k":"c2hvcnQ"},7,{}]})");
    EXPECT_TRUE(keys.keys.empty());
    EXPECT_EQ(keys.skipped, 6);
    for (const char* text : {"", "[]", "{}", "{\"keys\":{}}", "not json"})
        EXPECT_FALSE(parse_jwks(text).error.empty()) << text;
}

TEST(TokenFile, LinesOfFourWords) {
    StaticTokens read = parse_token_file(
        "# who\n\nann  t0ken ops status:read,channel:read:*\r\nbob sha256:" + std::string(64, 'a') +
        " viewer status:read\n");
    ASSERT_EQ(read.error, "");
    ASSERT_EQ(read.tokens.size(), 2u);
    EXPECT_EQ(read.tokens[0].identity.subject, "ann");
    EXPECT_THAT(read.tokens[0].identity.scopes, ElementsAre("status:read", "channel:read:*"));
    for (const char* bad : {"ann", "ann CANARY ops", "ann sha256:zz ops a", "ann CANARY ops ,"}) {
        std::string error = parse_token_file(bad).error;
        EXPECT_THAT(error, HasSubstr("line 1")) << bad;
        EXPECT_THAT(error, testing::Not(HasSubstr("CANARY")));
    }
}

class Authenticators : public testing::Test {
protected:
    TokenAuthenticator make() {
        return TokenAuthenticator(settings, [this](const std::string& path) {
            auto found = files.find(path);
            return found == files.end() ? std::nullopt : std::optional(found->second);
        });
    }
    config::Settings settings;
    std::map<std::string, std::string> files;
};

TEST_F(Authenticators, NothingConfiguredNeedsNothing) { EXPECT_FALSE(make().needs_token()); }

TEST_F(Authenticators, TheThreeKindsBesideEachOther) {
    settings.http.token = "root";
    settings.feed.token_file = "tokens";
    settings.jwt.algorithms = "HS256";
    settings.jwt.secret = kSecret;
    files["tokens"] = "ann t0ken ops status:read\n";
    auto authenticator = make();
    EXPECT_EQ(authenticator.problem(), "");
    EXPECT_TRUE(authenticator.needs_token());
    EXPECT_TRUE(std::get<Identity>(authenticator.check("root", kWall)).may("anything"));
    EXPECT_EQ(std::get<Identity>(authenticator.check("t0ken", kWall)).subject, "ann");
    EXPECT_EQ(std::get<Identity>(authenticator.check(hs256(claims()), kWall)).subject, "ann");
    for (const char* bad : {"", "roo", "root ", "Root", "t0kens"})
        EXPECT_TRUE(std::holds_alternative<TokenFault>(authenticator.check(bad, kWall))) << bad;
}

TEST_F(Authenticators, FilesAreReadAgainAndABrokenOneChangesNothing) {
    settings.feed.token_file = "tokens";
    files["tokens"] = "ann old ops status:read\n";
    auto authenticator = make();
    files["tokens"] = "broken\n";
    EXPECT_THAT(authenticator.refresh().value_or(""), HasSubstr("feed.token_file tokens: line 1"));
    EXPECT_TRUE(std::holds_alternative<Identity>(authenticator.check("old", kWall)));
    files["tokens"] = "ann new ops status:read\n";
    EXPECT_FALSE(authenticator.refresh());
    EXPECT_TRUE(std::holds_alternative<TokenFault>(authenticator.check("old", kWall)));
    EXPECT_TRUE(std::holds_alternative<Identity>(authenticator.check("new", kWall)));
}

TEST_F(Authenticators, ProblemsAreNamed) {
    settings.jwt.algorithms = "none";
    EXPECT_THAT(make().problem(), HasSubstr("none is not known"));
    settings.jwt.algorithms = "HS256";
    settings.jwt.secret = "short";
    EXPECT_THAT(make().problem(), HasSubstr("jwt."));
    settings.jwt.secret.clear();
    settings.jwt.jwks_file = "missing";
    EXPECT_THAT(make().problem(), HasSubstr("cannot be read"));
}

TEST(Identity, ScopesAndTheirEndings) {
    Identity one;
    one.subject = "ann";
    one.scopes = {"channel:read:messages", "channel:read:room:*", "changes:read:public.*"};
    EXPECT_TRUE(one.may_read_channel("messages"));
    EXPECT_TRUE(one.may_read_channel("messages:7"));
    EXPECT_TRUE(one.may_read_channel("room:lobby"));
    EXPECT_TRUE(one.may_read_channel("inbox:ann"));
    EXPECT_FALSE(one.may_read_channel("inbox:bob"));
    EXPECT_FALSE(one.may_read_channel("inbox"));
    EXPECT_FALSE(one.may_read_channel("tasks"));
    EXPECT_TRUE(one.may_read_table("public", "orders"));
    EXPECT_FALSE(one.may_read_table("secret", "orders"));
    EXPECT_FALSE(one.may("db:reconnect"));
    EXPECT_FALSE(Identity().may_read_channel("inbox:"));
    EXPECT_TRUE(unlimited_identity().may("db:reconnect"));
}

TEST(Base64Url, DecodesAndRefuses) {
    EXPECT_EQ(decode_base64url("YQ"), "a");
    EXPECT_EQ(decode_base64url("YQ=="), "a");
    EXPECT_EQ(decode_base64url("_-8"), "\xff\xef");
    EXPECT_EQ(decode_base64url("a"), std::nullopt);
    EXPECT_EQ(decode_base64url("+/=="), std::nullopt);
}

}  // namespace
}  // namespace pgsidecar::realtime
