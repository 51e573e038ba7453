#include <gtest/gtest.h>

#include "protocol/auth/scram_client.hpp"
#include "protocol/auth/scram_server.hpp"
#include "protocol/messages/protocol_errc.hpp"

namespace pgsidecar::protocol {
namespace {

using base::as_bytes;

// A login as both sides saw it.
struct Exchange {
    const char* name;
    const char* password;
    const char* user;  // In client-first.
    const char* secret;
    const char* client_nonce;
    const char* server_nonce;
    const char* client_first;
    const char* server_first;
    const char* client_final;
    const char* server_final;
};

const Exchange kExchanges[] = {
    {"RFC 7677, section 3", "pencil", "user", nullptr, "rOprNGfwEbeRWgbNEkqO",
     "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0", "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
     "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
     "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
     "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
     "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="},
    {"psql at a PostgreSQL 15.18", "correct horse", "",
     "SCRAM-SHA-256$4096:Clz/JQB6GUyeRaNHMBKvcg==$j+nSAYGP80FdsIfTu4vL70P//87aWsHiNAd8svFehKU=:"
     "l+K4w1e29ybZyAKi6w4nzU4vMLGAE4/QZHheqVz5ZjM=",
     "p2UOtrs2tn7ItQ50NfgjQZWG", "dGXSawZ9GKVch+S8+WVJmdW7", "n,,n=,r=p2UOtrs2tn7ItQ50NfgjQZWG",
     "r=p2UOtrs2tn7ItQ50NfgjQZWGdGXSawZ9GKVch+S8+WVJmdW7,s=Clz/JQB6GUyeRaNHMBKvcg==,i=4096",
     "c=biws,r=p2UOtrs2tn7ItQ50NfgjQZWGdGXSawZ9GKVch+S8+WVJmdW7,"
     "p=u56mu8c0NjfuxxD+uhElSNYC7VgAX21P1Naoov+dfW8=",
     "v=otEO/O2EWrhWIusLpAlYJDGkPVY0f1mb3ykFwoicdkQ="},
    {"psql at a PostgreSQL 15.18, password not ASCII", "p\u00e4ssw\u00f6rd", "",
     "SCRAM-SHA-256$4096:BAhnvJ+Wxpt76hukOpKGQA==$JCGt3q0woSpDhSKxKu+avp7ShU9Umb/f2ARq33H9u+c=:"
     "bqeV0X4Wprcyo+VkNq7iKN/KGjiDgY6BDdkgF+cjt8Q=",
     "DzzUcrmiIB/hOt3qYFlaQhyI", "0WsNCqhUgMlLhahxkaawpxbt", "n,,n=,r=DzzUcrmiIB/hOt3qYFlaQhyI",
     "r=DzzUcrmiIB/hOt3qYFlaQhyI0WsNCqhUgMlLhahxkaawpxbt,s=BAhnvJ+Wxpt76hukOpKGQA==,i=4096",
     "c=biws,r=DzzUcrmiIB/hOt3qYFlaQhyI0WsNCqhUgMlLhahxkaawpxbt,"
     "p=phr1d2GBS059tWYesrxtkeccwDdQsBEJyHg0dzeaxzY=",
     "v=Vcmpd2ItdBSVMlLERqVKeOMJyT2orJetPqOCvbae8XE="},
};

ScramSecret secret_of(const Exchange& exchange) {
    if (exchange.secret != nullptr) return *parse_scram_secret(exchange.secret);
    const std::string salt = "\x5b\x6d\x99\x68\x9d\x12\x35\x8e\xec\xa0\x4b\x14\x12\x36\xfa\x81";
    return *derive_scram_secret(exchange.password, as_bytes(salt));
}

TEST(ScramClient, SendsWhatOthersSent) {
    for (const Exchange& e : kExchanges) {
        SCOPED_TRACE(e.name);
        ScramClient client(LoginSecret::from_stored(e.password), e.client_nonce, {.user = e.user});
        EXPECT_EQ(*client.first(), e.client_first);
        EXPECT_EQ(*client.challenge(e.server_first), e.client_final);
        EXPECT_FALSE(client.verified());
        EXPECT_TRUE(client.finish(e.server_final).has_value());
        EXPECT_TRUE(client.verified());
    }
}

TEST(ScramServer, SendsWhatOthersSent) {
    for (const Exchange& e : kExchanges) {
        SCOPED_TRACE(e.name);
        ScramServer server(secret_of(e), e.server_nonce);
        auto challenge = server.start(kScramSha256, e.client_first);
        ASSERT_TRUE(challenge.has_value());
        EXPECT_FALSE(challenge->finished);
        EXPECT_EQ(challenge->data, e.server_first);
        auto final = server.step(e.client_final);
        ASSERT_TRUE(final.has_value());
        EXPECT_TRUE(final->finished);
        EXPECT_EQ(final->data, e.server_final);
    }
}

TEST(ScramClient, EscapesTheName) {
    ScramClient client(LoginSecret::from_stored("x"), "nonce", {.user = "a=b,c"});
    EXPECT_EQ(*client.first(), "n,,n=a=3Db=2Cc,r=nonce");
}

TEST(ScramServer, WaitsForAClientThatSendsNoInitialResponse) {
    const Exchange& e = kExchanges[1];
    ScramServer server(secret_of(e), e.server_nonce);
    auto empty = server.start(kScramSha256, std::nullopt);
    EXPECT_EQ(empty->data, "");
    EXPECT_FALSE(empty->finished);
    EXPECT_EQ(server.step(e.client_first)->data, e.server_first);
}

// Flag y: the client could bind to the channel and saw that we do not offer it.
TEST(ScramServer, AcceptsAClientThatSawNoChannelBinding) {
    const Exchange& e = kExchanges[1];
    ScramServer server(secret_of(e), e.server_nonce);
    std::string first = e.client_first;
    first[0] = 'y';
    EXPECT_EQ(server.start(kScramSha256, first)->data, e.server_first);
    // The binding of "n,," does not fit any more.
    EXPECT_EQ(server.step(e.client_final).error(), ProtocolErrc::ScramMalformed);

    ScramServer again(secret_of(e), e.server_nonce);
    ASSERT_TRUE(again.start(kScramSha256, first).has_value());
    std::string final = e.client_final;
    final.replace(final.find("biws"), 4, "eSws");
    // Well-formed now; the proof is over another text.
    EXPECT_EQ(again.step(final).error(), ProtocolErrc::PasswordWrong);
}

// One login of both our sides with this password against that verifier's secret.
std::error_code login(const std::string& password, ScramSecret secret) {
    base::SeededEntropy entropy(7);
    ScramClient client(password, make_scram_nonce(entropy));
    ScramServer server(std::move(secret), make_scram_nonce(entropy));
    auto challenge = server.start(kScramSha256, *client.first());
    if (challenge.has_error()) return challenge.error();
    auto proof = client.challenge(challenge->data);
    if (proof.has_error()) return proof.error();
    auto final = server.step(*proof);
    if (final.has_error()) return final.error();
    auto finished = client.finish(final->data);
    return finished.has_error() ? finished.error() : std::error_code();
}

TEST(Scram, BothSidesAgreeOnTheRightPasswordOnly) {
    auto secret = derive_scram_secret("right", as_bytes("0123456789abcdef"), 10);
    EXPECT_EQ(login("right", *secret), std::error_code());
    EXPECT_EQ(login("wrong", *secret), ProtocolErrc::PasswordWrong);
}

TEST(Scram, AMockAnswersAsIfTheUserExistedAndRefusesAtTheEnd) {
    auto mock = mock_scram_secret("ghost", as_bytes("key"));
    EXPECT_EQ(login("anything", *mock), ProtocolErrc::PasswordWrong);
    auto real = derive_scram_secret("right", as_bytes("0123456789abcdef"));
    ScramServer ghost(*mock, "nonce");
    ScramServer user(*real, "nonce");
    EXPECT_EQ(ghost.start(kScramSha256, "n,,n=,r=abc")->data.size(),
              user.start(kScramSha256, "n,,n=,r=abc")->data.size());
}

TEST(Scram, NoncesAre24CharactersAndDiffer) {
    base::SeededEntropy entropy(1);
    std::string a = make_scram_nonce(entropy);
    EXPECT_EQ(a.size(), 24u);
    EXPECT_TRUE(is_scram_nonce(a));
    EXPECT_NE(a, make_scram_nonce(entropy));
}

}  // namespace
}  // namespace pgsidecar::protocol
