// What is kept of a password, and what it is good for at a server.

#include <gtest/gtest.h>

#include "protocol/auth/client_login.hpp"
#include "protocol/auth/login_secret.hpp"
#include "protocol/auth/saslprep.hpp"
#include "protocol/auth/scram_client.hpp"
#include "protocol/auth/upstream_login.hpp"
#include "protocol/messages/protocol_errc.hpp"
#include "tests/support/byte_literals.hpp"

namespace pgsidecar::protocol {
namespace {

using namespace test::literals;
using base::as_bytes;

const std::string kMd5 = "00000005 3352bb72"_bytes;
const std::string kSasl = "0000000a 'SCRAM-SHA-256' 00 00"_bytes;
const std::string kCleartext = "00000003"_bytes;
constexpr std::string_view kMd5Secret = "md5b2c75e26a6014693b73d51fa85e35460";

std::string scram_secret(std::string_view password) {
    return format_scram_secret(*derive_scram_secret(password, as_bytes("0123456789abcdef")));
}

// The examples of RFC 4013, section 3, and what PostgreSQL does with the refused ones.
TEST(Saslprep, FollowsTheRfcAndKeepsWhatItRefuses) {
    EXPECT_EQ(saslprep("I\xC2\xADX"), "IX");    // soft hyphen mapped to nothing
    EXPECT_EQ(saslprep("user"), "user");        // no transformation
    EXPECT_EQ(saslprep("USER"), "USER");        // case preserved
    EXPECT_EQ(saslprep("\xC2\xAA"), "a");       // NFKC
    EXPECT_EQ(saslprep("\xE2\x85\xA8"), "IX");  // NFKC, ROMAN NUMERAL NINE
    EXPECT_EQ(saslprep("\x07"), "\x07");        // prohibited: as it is
    EXPECT_EQ(saslprep("\xD8\xA7\x31"),
              "\xD8\xA7"
              "1");                                               // bidirectional check: as it is
    EXPECT_EQ(saslprep("a\xC2\xA0z"), "a z");                     // a space that is not ASCII's
    EXPECT_EQ(saslprep("\xE2\x81\x80\xFF"), "\xE2\x81\x80\xFF");  // not UTF-8
    EXPECT_EQ(saslprep("\xC2\xAD"), "\xC2\xAD");                  // nothing would be left
    EXPECT_EQ(saslprep("\xF0\x9F\x98\x80"), "\xF0\x9F\x98\x80");  // unknown to Unicode 3.2
    EXPECT_EQ(saslprep(std::string_view("\xC2\xAA\0x", 4)), std::string_view("\xC2\xAA\0x", 4));
    EXPECT_EQ(saslprep(""), "");
}

TEST(Saslprep, IsPartOfEverySecret) {
    const auto plain = derive_scram_secret("IX", as_bytes("salt"), 2);
    const auto fancy = derive_scram_secret("\xE2\x85\xA8", as_bytes("salt"), 2);
    EXPECT_EQ(plain->stored_key, fancy->stored_key);
}

TEST(LoginSecret, IsToldApartByItsForm) {
    EXPECT_EQ(LoginSecret::from_stored("pa ss").password, "pa ss");
    EXPECT_EQ(LoginSecret::from_stored(kMd5Secret).md5, kMd5Secret);
    EXPECT_EQ(LoginSecret::from_stored("SCRAM-SHA-256 is my password").password,
              "SCRAM-SHA-256 is my password");
    auto secret = LoginSecret::from_stored(scram_secret("x"));
    EXPECT_TRUE(secret.scram_stored && secret.password.empty() && !secret.nothing_kept());
    EXPECT_TRUE(LoginSecret::from_stored("").nothing_kept());
}

struct Exchange {
    std::error_code error;
    std::optional<ScramKeys> keys;
};

/// A client with `own` logs in by SCRAM where `stored` is kept.
Exchange scram(const std::string& stored, LoginSecret own) {
    base::SeededEntropy entropy(3);
    ScramServer server(*parse_scram_secret(stored), make_scram_nonce(entropy));
    ScramClient client(std::move(own), make_scram_nonce(entropy), {});
    auto first = client.first();
    if (first.has_error()) return {first.error(), {}};
    auto challenge = server.start(kScramSha256, *first);
    EXPECT_FALSE(server.keys().has_value());
    auto proof = client.challenge(challenge->data);
    if (proof.has_error()) return {proof.error(), {}};
    auto last = server.step(*proof);
    if (last.has_error()) return {last.error(), server.keys()};
    auto finished = client.finish(last->data);
    return {finished.has_error() ? finished.error() : std::error_code(), server.keys()};
}

TEST(ScramKeys, LearnedFromAClientLogInWhereTheSameSecretIsKept) {
    const std::string stored = scram_secret("pa ss");
    auto learned = scram(stored, LoginSecret::from_stored("pa ss"));
    ASSERT_FALSE(learned.error);
    ASSERT_TRUE(learned.keys.has_value());
    LoginSecret own = LoginSecret::from_stored(stored);
    own.keys = learned.keys;
    EXPECT_FALSE(scram(stored, own).error);
}

TEST(ScramKeys, AWrongProofTellsNothing) {
    auto refused = scram(scram_secret("pa ss"), LoginSecret::from_stored("wrong"));
    EXPECT_EQ(refused.error, ProtocolErrc::PasswordWrong);
    EXPECT_FALSE(refused.keys.has_value());
}

TEST(ScramKeys, AreOfNoUseForAnotherSecretOfTheSamePassword) {
    const std::string stored = scram_secret("pa ss");
    LoginSecret own;
    own.keys = scram(stored, LoginSecret::from_stored("pa ss")).keys;
    auto other_salt =
        format_scram_secret(*derive_scram_secret("pa ss", as_bytes("fedcba9876543210")));
    auto other_count =
        format_scram_secret(*derive_scram_secret("pa ss", as_bytes("0123456789abcdef"), 5'000));
    EXPECT_EQ(scram(other_salt, own).error, ProtocolErrc::ScramSecretDiffers);
    EXPECT_EQ(scram(other_count, own).error, ProtocolErrc::ScramSecretDiffers);
    auto other_password = scram_secret("another");
    EXPECT_EQ(scram(other_password, own).error, ProtocolErrc::PasswordWrong);
}

std::error_code asked(LoginSecret secret, const std::string& payload) {
    UpstreamLogin login({.user = "md5user", .secret = std::move(secret), .allow_cleartext = true},
                        "nonce");
    std::string out;
    auto done = login.on_request(*decode_authentication(as_bytes(payload)), out);
    EXPECT_EQ(done.has_error(), out.empty());
    return done.has_error() ? done.error() : std::error_code();
}

TEST(UpstreamLogin, AnswersWhatItsSecretCanAnswer) {
    const LoginSecret md5 = LoginSecret::from_stored(kMd5Secret);
    EXPECT_FALSE(asked(md5, kMd5));
    EXPECT_EQ(asked(md5, kSasl), ProtocolErrc::SecretUnfit);
    EXPECT_EQ(asked(md5, kCleartext), ProtocolErrc::SecretUnfit);
    LoginSecret keys = LoginSecret::from_stored(scram_secret("x"));
    EXPECT_EQ(asked(keys, kSasl), ProtocolErrc::SecretUnfit);  // before its user has logged in
    EXPECT_EQ(asked(keys, kMd5), ProtocolErrc::SecretUnfit);
    keys.keys.emplace(ScramKeys{4'096, {}, {}, {}});
    EXPECT_FALSE(asked(keys, kSasl));
    EXPECT_EQ(asked(keys, kMd5), ProtocolErrc::SecretUnfit);
    EXPECT_EQ(asked(keys, kCleartext), ProtocolErrc::SecretUnfit);
}

TEST(PasswordVerifier, MocksLookAsTheyAreTold) {
    auto mock = *PasswordVerifier::mock("ghost", as_bytes("key"), {9'000, false});
    EXPECT_FALSE(mock.can_md5());
    EXPECT_EQ(mock.scram_secret()->iterations, 9'000u);
}

TEST(PasswordVerifier, AsksForTheIterationsItIsTold) {
    base::SeededEntropy entropy(1);
    auto verifier = *PasswordVerifier::from_stored("a", "pa ss", entropy, 5'000);
    EXPECT_EQ(verifier.scram_secret()->iterations, 5'000u);
    EXPECT_TRUE(verifier.check_cleartext("pa ss").has_value());
}

}  // namespace
}  // namespace pgsidecar::protocol
