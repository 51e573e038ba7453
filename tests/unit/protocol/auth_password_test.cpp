#include "protocol/auth/password_verifier.hpp"

#include <gtest/gtest.h>

#include <array>

#include "protocol/auth/md5_password.hpp"
#include "protocol/messages/protocol_errc.hpp"

namespace pgsidecar::protocol {
namespace {

using base::as_bytes;

// From pg_authid of a PostgreSQL 15.18, for the passwords "pa ss" and "correct horse".
constexpr std::string_view kMd5Secret = "md5b2c75e26a6014693b73d51fa85e35460";
constexpr std::string_view kScramSecret =
    "SCRAM-SHA-256$4096:Clz/JQB6GUyeRaNHMBKvcg==$j+nSAYGP80FdsIfTu4vL70P//87aWsHiNAd8svFehKU=:"
    "l+K4w1e29ybZyAKi6w4nzU4vMLGAE4/QZHheqVz5ZjM=";
// The salt of an AuthenticationMD5Password of that server and psql's answer to it.
constexpr std::array kSalt = {std::byte{0x33}, std::byte{0x52}, std::byte{0xbb}, std::byte{0x72}};
constexpr std::string_view kMd5Response = "md5b9b7493b38422ce26728ca363b2ee147";

std::error_code error_of(const base::Result<void>& result) {
    return result.has_error() ? result.error() : std::error_code();
}

PasswordVerifier verifier_of(std::string_view user, std::string_view stored) {
    base::SeededEntropy entropy(1);
    return *PasswordVerifier::from_stored(user, stored, entropy);
}

TEST(Md5Password, MatchesAServersAndPsqls) {
    EXPECT_EQ(*md5_stored("md5user", "pa ss"), kMd5Secret);
    EXPECT_EQ(*md5_response(kMd5Secret, kSalt), kMd5Response);
}

TEST(Md5Password, TellsItsStoredForm) {
    EXPECT_TRUE(is_md5_stored(kMd5Secret));
    EXPECT_FALSE(is_md5_stored("md5"));
    EXPECT_FALSE(is_md5_stored("md5b2c75e26a6014693b73d51fa85e3546"));
    EXPECT_FALSE(is_md5_stored("md5b2c75e26a6014693b73d51fa85e354600"));
    EXPECT_FALSE(is_md5_stored("md5B2c75e26a6014693b73d51fa85e35460"));
    EXPECT_FALSE(is_md5_stored("MD5b2c75e26a6014693b73d51fa85e35460"));
}

TEST(ScramSecret, DerivesWhatAServerStored) {
    auto stored = parse_scram_secret(kScramSecret);
    ASSERT_TRUE(stored.has_value());
    EXPECT_EQ(stored->iterations, 4096u);
    auto derived = derive_scram_secret("correct horse", stored->salt, stored->iterations);
    EXPECT_EQ(format_scram_secret(*derived), kScramSecret);
}

TEST(ScramSecret, RefusesEveryTruncation) {
    for (std::size_t size = 0; size < kScramSecret.size(); ++size) {
        EXPECT_EQ(parse_scram_secret(kScramSecret.substr(0, size)).error(),
                  ProtocolErrc::SecretMalformed)
            << size;
    }
}

TEST(ScramSecret, RefusesBrokenParts) {
    auto broken = [](std::string_view from, std::string_view to) {
        std::string text(kScramSecret);
        text.replace(text.find(from), from.size(), to);
        return parse_scram_secret(text).has_error();
    };
    EXPECT_TRUE(broken("SCRAM-SHA-256", "SCRAM-SHA-1"));
    for (const char* iterations : {"0", "-1", "", "4096x", "99999999999", "4294967295"}) {
        EXPECT_TRUE(broken("4096", iterations)) << iterations;
    }
    EXPECT_TRUE(broken("Clz/JQB6GUyeRaNHMBKvcg==", ""));
    EXPECT_TRUE(broken("Clz/", "C!z/"));
    EXPECT_TRUE(broken("j+nS", "j+nSAAAA"));
    EXPECT_TRUE(broken("ZjM=", "ZjM=AAAA"));
    EXPECT_FALSE(broken("4096", "4097"));
}

TEST(ScramSecret, MocksAreTheSameForTheSameUserOnly) {
    auto a = mock_scram_secret("a", as_bytes("key"));
    auto again = mock_scram_secret("a", as_bytes("key"));
    auto b = mock_scram_secret("b", as_bytes("key"));
    auto other_key = mock_scram_secret("a", as_bytes("yek"));
    EXPECT_EQ(a->salt, again->salt);
    EXPECT_NE(a->salt, b->salt);
    EXPECT_NE(a->salt, other_key->salt);
    EXPECT_EQ(a->salt.size(), kScramSaltSize);
    EXPECT_EQ(a->iterations, kScramDefaultIterations);
}

TEST(PasswordVerifier, ChecksAClearPasswordByEveryMethod) {
    auto verifier = verifier_of("md5user", "pa ss");
    EXPECT_TRUE(verifier.can_md5());
    EXPECT_NE(verifier.scram_secret(), nullptr);
    EXPECT_EQ(error_of(verifier.check_cleartext("pa ss")), std::error_code());
    EXPECT_EQ(error_of(verifier.check_cleartext("pa s")), ProtocolErrc::PasswordWrong);
    EXPECT_EQ(error_of(verifier.check_cleartext("")), ProtocolErrc::PasswordWrong);
    EXPECT_EQ(error_of(verifier.check_md5(kMd5Response, kSalt)), std::error_code());
    EXPECT_EQ(error_of(verifier.check_md5(kMd5Secret, kSalt)), ProtocolErrc::PasswordWrong);
    EXPECT_EQ(error_of(verifier.check_md5("", kSalt)), ProtocolErrc::PasswordWrong);
}

TEST(PasswordVerifier, ChecksAStoredMd5) {
    auto verifier = verifier_of("md5user", kMd5Secret);
    EXPECT_EQ(verifier.scram_secret(), nullptr);
    EXPECT_EQ(error_of(verifier.check_cleartext("pa ss")), std::error_code());
    EXPECT_EQ(error_of(verifier.check_cleartext(kMd5Secret)), ProtocolErrc::PasswordWrong);
    EXPECT_EQ(error_of(verifier.check_md5(kMd5Response, kSalt)), std::error_code());
}

TEST(PasswordVerifier, ChecksAStoredScramSecret) {
    auto verifier = verifier_of("alice", kScramSecret);
    EXPECT_FALSE(verifier.can_md5());
    EXPECT_EQ(error_of(verifier.check_cleartext("correct horse")), std::error_code());
    EXPECT_EQ(error_of(verifier.check_cleartext(kScramSecret)), ProtocolErrc::PasswordWrong);
    EXPECT_EQ(error_of(verifier.check_md5("", kSalt)), ProtocolErrc::PasswordWrong);
    // What anyone could compute if "no MD5 form" were taken for an empty one.
    EXPECT_EQ(error_of(verifier.check_md5(*md5_response("", kSalt), kSalt)),
              ProtocolErrc::PasswordWrong);
}

TEST(PasswordVerifier, RefusesEmptyAndBrokenSecretsAndTakesOthersAsClear) {
    base::SeededEntropy entropy(1);
    EXPECT_EQ(PasswordVerifier::from_stored("a", "", entropy).error(),
              ProtocolErrc::SecretMalformed);
    EXPECT_EQ(PasswordVerifier::from_stored("a", kScramSecret.substr(0, 80), entropy).error(),
              ProtocolErrc::SecretMalformed);
    EXPECT_EQ(error_of(verifier_of("a", "md5ish").check_cleartext("md5ish")), std::error_code());
}

TEST(PasswordVerifier, MockMatchesNothingAndOffersEverything) {
    auto mock = *PasswordVerifier::mock("ghost", as_bytes("key"));
    EXPECT_TRUE(mock.can_md5());
    EXPECT_NE(mock.scram_secret(), nullptr);
    EXPECT_EQ(error_of(mock.check_cleartext("")), ProtocolErrc::PasswordWrong);
    EXPECT_EQ(error_of(mock.check_cleartext("key")), ProtocolErrc::PasswordWrong);
    EXPECT_EQ(error_of(mock.check_md5(kMd5Response, kSalt)), ProtocolErrc::PasswordWrong);
}

}  // namespace
}  // namespace pgsidecar::protocol
