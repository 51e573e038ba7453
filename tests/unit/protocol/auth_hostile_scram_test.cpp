#include <gtest/gtest.h>

#include "protocol/auth/scram_client.hpp"
#include "protocol/auth/scram_server.hpp"
#include "protocol/messages/protocol_errc.hpp"
#include "tests/support/exact_buffer.hpp"

namespace pgsidecar::protocol {
namespace {

using base::as_bytes;
using test::ExactBuffer;

constexpr const char* kClientNonce = "clientnonce";
constexpr const char* kServerFirst = "r=clientnonceSERVER,s=c2FsdA==,i=1";

ScramClient begun_client() {
    ScramClient client(LoginSecret::from_stored("secret"), kClientNonce,
                       {.max_iterations = 100'000});
    EXPECT_TRUE(client.first().has_value());
    return client;
}

TEST(HostileScramServer, IsRefusedForEveryBadChallenge) {
    struct Row {
        std::string challenge;
        ProtocolErrc error;
    };
    const std::string r = "r=clientnonceSERVER,";
    const Row rows[] = {
        {"", ProtocolErrc::ScramMalformed},
        {",", ProtocolErrc::ScramMalformed},
        {"r=", ProtocolErrc::ScramMalformed},
        {"r", ProtocolErrc::ScramMalformed},
        {"m=ext," + r + "s=c2FsdA==,i=1", ProtocolErrc::ScramMalformed},
        {"e=other-error", ProtocolErrc::ScramMalformed},
        {std::string(5000, 'r'), ProtocolErrc::ScramMalformed},
        // Nonces.
        {"r=clientnonce,s=c2FsdA==,i=1", ProtocolErrc::ScramNonceMismatch},
        {"r=clientnonc,s=c2FsdA==,i=1", ProtocolErrc::ScramNonceMismatch},
        {"r=Xclientnonce,s=c2FsdA==,i=1", ProtocolErrc::ScramNonceMismatch},
        {"r=othernonceXXXX,s=c2FsdA==,i=1", ProtocolErrc::ScramNonceMismatch},
        {"r=clientnonce" + std::string(2048, 'x') + ",s=c2FsdA==,i=1",
         ProtocolErrc::ScramNonceTooLong},
        {"r=clientnonce\x01,s=c2FsdA==,i=1", ProtocolErrc::ScramMalformed},
        {"r=clientnonce\xff,s=c2FsdA==,i=1", ProtocolErrc::ScramMalformed},
        // Salts.
        {r, ProtocolErrc::ScramMalformed},
        {r + "s=,i=1", ProtocolErrc::ScramMalformed},
        {r + "s=c2FsdA,i=1", ProtocolErrc::ScramMalformed},
        {r + "s=!!!!,i=1", ProtocolErrc::ScramMalformed},
        {r + "i=1,s=c2FsdA==", ProtocolErrc::ScramMalformed},
        // Iterations.
        {r + "s=c2FsdA==", ProtocolErrc::ScramMalformed},
        {r + "s=c2FsdA==,i=", ProtocolErrc::ScramMalformed},
        {r + "s=c2FsdA==,i=0", ProtocolErrc::ScramMalformed},
        {r + "s=c2FsdA==,i=-1", ProtocolErrc::ScramMalformed},
        {r + "s=c2FsdA==,i=+1", ProtocolErrc::ScramMalformed},
        {r + "s=c2FsdA==,i=1x", ProtocolErrc::ScramMalformed},
        {r + "s=c2FsdA==,i=1,", ProtocolErrc::ScramMalformed},
        {r + "s=c2FsdA==,i=100001", ProtocolErrc::ScramIterationsTooHigh},
        {r + "s=c2FsdA==,i=2000000000", ProtocolErrc::ScramIterationsTooHigh},
        {r + "s=c2FsdA==,i=99999999999999999999", ProtocolErrc::ScramIterationsTooHigh},
    };
    for (const Row& row : rows) {
        ScramClient client = begun_client();
        ExactBuffer challenge(row.challenge);
        auto reply = client.challenge(challenge.text());
        ASSERT_TRUE(reply.has_error()) << row.challenge;
        EXPECT_EQ(reply.error(), row.error) << row.challenge;
        // One error ends the login for good.
        EXPECT_EQ(client.challenge(kServerFirst).error(), ProtocolErrc::UnexpectedMessage);
        EXPECT_FALSE(client.verified());
    }
}

TEST(HostileScramServer, CannotBeTakenForGenuine) {
    struct Row {
        std::string final;
        ProtocolErrc error;
    };
    const Row rows[] = {
        {"", ProtocolErrc::ScramMalformed},
        {"v=", ProtocolErrc::ScramServerSignatureWrong},
        {"v=AAAA", ProtocolErrc::ScramServerSignatureWrong},
        {"v=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", ProtocolErrc::ScramServerSignatureWrong},
        {"v=A", ProtocolErrc::ScramMalformed},
        {"x=AAAA", ProtocolErrc::ScramMalformed},
        {"e=invalid-proof", ProtocolErrc::ScramServerRefused},
        {std::string(5000, 'v'), ProtocolErrc::ScramMalformed},
    };
    for (const Row& row : rows) {
        ScramClient client = begun_client();
        ASSERT_TRUE(client.challenge(kServerFirst).has_value());
        ExactBuffer final(row.final);
        auto finished = client.finish(final.text());
        ASSERT_TRUE(finished.has_error()) << row.final;
        EXPECT_EQ(finished.error(), row.error) << row.final;
        EXPECT_FALSE(client.verified());
    }
}

TEST(HostileScramServer, CannotSkipOrRepeatSteps) {
    ScramClient early("secret", kClientNonce);
    EXPECT_EQ(early.challenge(kServerFirst).error(), ProtocolErrc::UnexpectedMessage);

    ScramClient skipped = begun_client();
    // A zeroed signature must not pass before there is one to compare with.
    EXPECT_EQ(skipped.finish("v=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=").error(),
              ProtocolErrc::UnexpectedMessage);
    EXPECT_FALSE(skipped.verified());

    ScramClient twice = begun_client();
    ASSERT_TRUE(twice.challenge(kServerFirst).has_value());
    EXPECT_EQ(twice.challenge(kServerFirst).error(), ProtocolErrc::UnexpectedMessage);

    ScramClient first_twice = begun_client();
    EXPECT_EQ(first_twice.first().error(), ProtocolErrc::UnexpectedMessage);

    ScramClient no_password("", kClientNonce);
    EXPECT_EQ(no_password.first().error(), ProtocolErrc::PasswordMissing);
}

ScramServer fresh_server() {
    return {*derive_scram_secret("secret", as_bytes("salt"), 1), "SERVER"};
}

TEST(HostileScramClient, IsRefusedForEveryBadFirstMessage) {
    struct Row {
        std::string first;
        ProtocolErrc error;
    };
    const Row rows[] = {
        {"", ProtocolErrc::ScramMalformed},
        {"n", ProtocolErrc::ScramMalformed},
        {"n,,", ProtocolErrc::ScramMalformed},
        {"n,,n=", ProtocolErrc::ScramMalformed},
        {"n,,n=,", ProtocolErrc::ScramMalformed},
        {"n,,r=abc", ProtocolErrc::ScramMalformed},
        {"n,,n=,r=", ProtocolErrc::ScramMalformed},
        {"n,,n=,r=abc,", ProtocolErrc::ScramMalformed},
        {"n,,m=x,n=,r=abc", ProtocolErrc::ScramMalformed},
        {"n,a=admin,n=,r=abc", ProtocolErrc::ScramMalformed},
        {"x,,n=,r=abc", ProtocolErrc::ScramMalformed},
        {std::string("n,,n=,r=a\0b", 11), ProtocolErrc::ScramMalformed},
        {"n,,n=,r=a\x7f", ProtocolErrc::ScramMalformed},
        {"p=tls-server-end-point,,n=,r=abc", ProtocolErrc::ScramChannelBinding},
        {"p=", ProtocolErrc::ScramChannelBinding},
        {"n,,n=,r=" + std::string(1025, 'x'), ProtocolErrc::ScramNonceTooLong},
        {"n,,n=" + std::string(5000, 'u') + ",r=abc", ProtocolErrc::ScramMalformed},
    };
    for (const Row& row : rows) {
        ScramServer server = fresh_server();
        ExactBuffer first(row.first);
        auto reply = server.start(kScramSha256, first.text());
        ASSERT_TRUE(reply.has_error()) << row.first;
        EXPECT_EQ(reply.error(), row.error) << row.first;
        EXPECT_EQ(server.step("n,,n=,r=abc").error(), ProtocolErrc::UnexpectedMessage);
    }
    ScramServer server = fresh_server();
    EXPECT_TRUE(server.start(kScramSha256, "n,,n=,r=" + std::string(1024, 'x')).has_value());
}

TEST(HostileScramClient, IsRefusedForEveryBadFinalMessage) {
    const std::string zeros = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    struct Row {
        std::string final;
        ProtocolErrc error;
    };
    const Row rows[] = {
        {"", ProtocolErrc::ScramMalformed},
        {"c=biws", ProtocolErrc::ScramMalformed},
        {",p=", ProtocolErrc::ScramMalformed},
        {"p=" + zeros, ProtocolErrc::ScramMalformed},
        {"c=biws,p=" + zeros, ProtocolErrc::ScramMalformed},
        {"c=,r=abcSERVER,p=" + zeros, ProtocolErrc::ScramMalformed},
        {"c=eSws,r=abcSERVER,p=" + zeros, ProtocolErrc::ScramMalformed},
        {"r=abcSERVER,c=biws,p=" + zeros, ProtocolErrc::ScramMalformed},
        {"c=biws,r=abcSERVER,p=", ProtocolErrc::ScramMalformed},
        {"c=biws,r=abcSERVER,p=AAAA", ProtocolErrc::ScramMalformed},
        {"c=biws,r=abcSERVER,p=AAAA" + zeros, ProtocolErrc::ScramMalformed},
        {"c=biws,r=abcSERVER,p=!" + zeros.substr(1), ProtocolErrc::ScramMalformed},
        {"c=biws,r=abcSERVE,p=" + zeros, ProtocolErrc::ScramNonceMismatch},
        {"c=biws,r=abcSERVER1,p=" + zeros, ProtocolErrc::ScramNonceMismatch},
        {"c=biws,r=,p=" + zeros, ProtocolErrc::ScramNonceMismatch},
        {"c=biws,r=abcSERVER,p=" + zeros, ProtocolErrc::PasswordWrong},
        {"c=biws,r=abcSERVER,x=ext,p=" + zeros, ProtocolErrc::PasswordWrong},
        {"c=biws,r=" + std::string(5000, 'x') + ",p=" + zeros, ProtocolErrc::ScramMalformed},
    };
    for (const Row& row : rows) {
        ScramServer server = fresh_server();
        ASSERT_TRUE(server.start(kScramSha256, "n,,n=,r=abc").has_value());
        ExactBuffer final(row.final);
        auto reply = server.step(final.text());
        ASSERT_TRUE(reply.has_error()) << row.final;
        EXPECT_EQ(reply.error(), row.error) << row.final;
        // No second guess in one login.
        EXPECT_EQ(server.step(row.final).error(), ProtocolErrc::UnexpectedMessage);
    }
}

TEST(HostileScramClient, CannotSkipOrRepeatSteps) {
    ScramServer unbegun = fresh_server();
    EXPECT_EQ(unbegun.step("n,,n=,r=abc").error(), ProtocolErrc::UnexpectedMessage);

    ScramServer twice = fresh_server();
    ASSERT_TRUE(twice.start(kScramSha256, "n,,n=,r=abc").has_value());
    EXPECT_EQ(twice.start(kScramSha256, "n,,n=,r=abc").error(), ProtocolErrc::UnexpectedMessage);
    EXPECT_EQ(twice.step("c=biws,r=abcSERVER,p=").error(), ProtocolErrc::UnexpectedMessage);

    for (const char* mechanism : {"", "SCRAM-SHA-1", "SCRAM-SHA-256-PLUS", "scram-sha-256"}) {
        ScramServer server = fresh_server();
        EXPECT_EQ(server.start(mechanism, "n,,n=,r=abc").error(),
                  ProtocolErrc::ScramMechanismUnknown)
            << mechanism;
    }
}

TEST(HostileScramPeer, TruncationsAreRefusedOrAnotherNonce) {
    test::for_each_truncation(kServerFirst, [](base::Bytes bytes) {
        ScramClient client = begun_client();
        EXPECT_TRUE(client.challenge(base::as_text(bytes)).has_error()) << base::as_text(bytes);
    });
    test::for_each_truncation("n,,n=,r=a", [](base::Bytes bytes) {
        ScramServer server = fresh_server();
        EXPECT_TRUE(server.start(kScramSha256, base::as_text(bytes)).has_error());
    });
}

}  // namespace
}  // namespace pgsidecar::protocol
