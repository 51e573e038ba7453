#include <gtest/gtest.h>

#include "protocol/auth/client_login.hpp"
#include "protocol/auth/upstream_login.hpp"
#include "protocol/messages/frontend_encode.hpp"
#include "protocol/messages/protocol_errc.hpp"
#include "tests/support/byte_literals.hpp"

namespace pgsidecar::protocol {
namespace {

using namespace test::literals;
using base::as_bytes;

/// The payload of the only message in `wire`.
base::Bytes payload_of(const std::string& wire) { return as_bytes(wire).subspan(5); }

UpstreamLogin upstream(std::string password, bool allow_cleartext = false) {
    return {{.user = "md5user",
             .secret = LoginSecret::from_stored(password),
             .allow_cleartext = allow_cleartext},
            "clientnonce"};
}

/// Feeds one request; its reply is appended to `out`.
base::Result<UpstreamLogin::Progress> request(UpstreamLogin& login, const std::string& payload,
                                              std::string& out) {
    auto view = decode_authentication(as_bytes(payload));
    EXPECT_TRUE(view.has_value());
    return login.on_request(*view, out);
}

const std::string kOk = "00000000"_bytes;
const std::string kCleartext = "00000003"_bytes;
const std::string kMd5 = "00000005 3352bb72"_bytes;
const std::string kSasl = "0000000a 'SCRAM-SHA-256' 00 00"_bytes;
const std::string kContinue = "0000000b 'r=clientnonceX,s=c2FsdA==,i=1'"_bytes;

TEST(UpstreamLogin, AcceptsAServerThatAsksForNothing) {
    auto login = upstream("");
    std::string out;
    EXPECT_EQ(*request(login, kOk, out), UpstreamLogin::Progress::LoggedIn);
    EXPECT_EQ(out, "");
    EXPECT_EQ(request(login, kOk, out).error(), ProtocolErrc::UnexpectedMessage);
}

TEST(UpstreamLogin, AnswersMd5AsPsqlDoes) {
    auto login = upstream("pa ss");
    std::string out;
    EXPECT_EQ(*request(login, kMd5, out), UpstreamLogin::Progress::Continue);
    EXPECT_EQ(out, "70 00000028 'md5b9b7493b38422ce26728ca363b2ee147' 00"_bytes);
    EXPECT_EQ(*request(login, kOk, out), UpstreamLogin::Progress::LoggedIn);
}

TEST(UpstreamLogin, SendsTheClearPasswordOnlyWhereAllowed) {
    std::string out;
    auto refused = upstream("clear");
    EXPECT_EQ(request(refused, kCleartext, out).error(), ProtocolErrc::CleartextRefused);
    EXPECT_EQ(out, "");
    auto allowed = upstream("clear", true);
    EXPECT_EQ(*request(allowed, kCleartext, out), UpstreamLogin::Progress::Continue);
    EXPECT_EQ(out, "70 0000000a 'clear' 00"_bytes);
}

TEST(UpstreamLogin, NeedsAPassword) {
    for (const std::string& kind : {kCleartext, kMd5, kSasl}) {
        auto login = upstream("", true);
        std::string out;
        EXPECT_EQ(request(login, kind, out).error(), ProtocolErrc::PasswordMissing);
        EXPECT_EQ(out, "");
    }
}

// libpq 15 takes such an early AuthenticationOk for a login.
TEST(UpstreamLogin, InsistsOnTheServersSignature) {
    const std::vector<std::string> sequences[] = {
        {kSasl, kOk},
        {kSasl, kContinue, kOk},
    };
    for (const auto& sequence : sequences) {
        auto login = upstream("secret");
        std::string out;
        for (std::size_t i = 0; i + 1 < sequence.size(); ++i) {
            EXPECT_EQ(*request(login, sequence[i], out), UpstreamLogin::Progress::Continue);
        }
        EXPECT_EQ(request(login, sequence.back(), out).error(), ProtocolErrc::ServerNotVerified);
    }
}

TEST(UpstreamLogin, MovesForwardOnly) {
    const std::pair<std::vector<std::string>, ProtocolErrc> sequences[] = {
        {{kSasl, kCleartext}, ProtocolErrc::UnexpectedMessage},
        {{kSasl, kContinue, kMd5}, ProtocolErrc::UnexpectedMessage},
        {{kSasl, kSasl}, ProtocolErrc::UnexpectedMessage},
        {{kSasl, kContinue, kContinue}, ProtocolErrc::UnexpectedMessage},
        {{kMd5, kMd5}, ProtocolErrc::UnexpectedMessage},
        {{kMd5, kCleartext}, ProtocolErrc::UnexpectedMessage},
        {{kContinue}, ProtocolErrc::UnexpectedMessage},
        {{"0000000c 'v=AAAA'"_bytes}, ProtocolErrc::UnexpectedMessage},
        {{kSasl, kContinue, "0000000c 'v=AAAA'"_bytes}, ProtocolErrc::ScramServerSignatureWrong},
        {{"00000007"_bytes}, ProtocolErrc::AuthMethodUnsupported},
        {{"0000000a 'SCRAM-SHA-256-PLUS' 00 00"_bytes}, ProtocolErrc::ScramMechanismUnknown},
        {{"0000000a 00"_bytes}, ProtocolErrc::ScramMechanismUnknown},
    };
    for (const auto& [sequence, error] : sequences) {
        auto login = upstream("secret", true);
        std::string out;
        for (std::size_t i = 0; i + 1 < sequence.size(); ++i) {
            EXPECT_EQ(*request(login, sequence[i], out), UpstreamLogin::Progress::Continue);
        }
        EXPECT_EQ(request(login, sequence.back(), out).error(), error);
        EXPECT_EQ(request(login, kOk, out).error(), ProtocolErrc::UnexpectedMessage);
    }
}

const std::string kMockKey = "0123456789abcdef";

PasswordVerifier verifier_of(std::string_view stored) {
    base::SeededEntropy entropy(1);
    return *PasswordVerifier::from_stored("md5user", stored, entropy);
}

ClientLogin client_login(ClientAuthMethod method, PasswordVerifier verifier) {
    base::SeededEntropy entropy(2);
    return {method, "md5user", std::move(verifier), as_bytes(kMockKey), entropy};
}

/// Runs our two sides against each other; the first error of either, none after a login.
std::error_code meet(ClientLogin& server, UpstreamLogin& client) {
    std::string to_client;
    std::string to_server;
    auto served = server.begin(to_client);
    while (true) {
        if (served.has_error()) return served.error();
        base::Bytes rest = as_bytes(to_client);
        to_server.clear();
        while (!rest.empty()) {
            const std::size_t size = base::load_be32(rest.data() + 1) + 1;
            auto view = decode_authentication(rest.subspan(5, size - 5));
            auto progress = client.on_request(*view, to_server);
            if (progress.has_error()) return progress.error();
            EXPECT_EQ(*progress, UpstreamLogin::Progress::Continue);
            rest = rest.subspan(size);
        }
        if (*served == ClientLogin::Progress::LoggedIn) {
            auto ok = decode_authentication(as_bytes(kOk));
            auto progress = client.on_request(*ok, to_server);
            return progress.has_error() ? progress.error() : std::error_code();
        }
        to_client.clear();
        served = server.on_message(payload_of(to_server), to_client);
    }
}

constexpr std::string_view kMd5Secret = "md5b2c75e26a6014693b73d51fa85e35460";

TEST(ClientLogin, TakesTheRightPasswordByEveryMethodAndEveryStoredForm) {
    const std::string scram_secret =
        format_scram_secret(*derive_scram_secret("pa ss", as_bytes("s")));
    struct Row {
        ClientAuthMethod method;
        std::string_view stored;
        bool works;
    };
    const Row rows[] = {
        {ClientAuthMethod::Trust, "pa ss", true},
        {ClientAuthMethod::Password, "pa ss", true},
        {ClientAuthMethod::Password, kMd5Secret, true},
        {ClientAuthMethod::Password, scram_secret, true},
        {ClientAuthMethod::Md5, "pa ss", true},
        {ClientAuthMethod::Md5, kMd5Secret, true},
        {ClientAuthMethod::Md5, scram_secret, true},  // By SCRAM, as in PostgreSQL.
        {ClientAuthMethod::ScramSha256, "pa ss", true},
        {ClientAuthMethod::ScramSha256, scram_secret, true},
        {ClientAuthMethod::ScramSha256, kMd5Secret, false},
    };
    for (const Row& row : rows) {
        auto server = client_login(row.method, verifier_of(row.stored));
        auto client = upstream("pa ss", true);
        EXPECT_EQ(meet(server, client),
                  row.works ? std::error_code() : make_error_code(ProtocolErrc::PasswordWrong))
            << row.stored;
    }
}

TEST(ClientLogin, RefusesAWrongPasswordAndAnUnknownUserAlike) {
    for (ClientAuthMethod method :
         {ClientAuthMethod::Password, ClientAuthMethod::Md5, ClientAuthMethod::ScramSha256}) {
        auto known = client_login(method, verifier_of("pa ss"));
        auto wrong = upstream("wrong", true);
        EXPECT_EQ(meet(known, wrong), ProtocolErrc::PasswordWrong);
        auto unknown = client_login(method, *PasswordVerifier::mock("md5user", as_bytes(kMockKey)));
        auto right = upstream("pa ss", true);
        EXPECT_EQ(meet(unknown, right), ProtocolErrc::PasswordWrong);
    }
}

TEST(ClientLogin, IsOverAfterOneError) {
    auto login = client_login(ClientAuthMethod::Password, verifier_of("pa ss"));
    std::string out;
    std::string guess = "'guess' 00"_bytes;
    std::string right = "'pa ss' 00"_bytes;
    EXPECT_EQ(login.on_message(as_bytes(right), out).error(), ProtocolErrc::UnexpectedMessage);

    login = client_login(ClientAuthMethod::Password, verifier_of("pa ss"));
    ASSERT_TRUE(login.begin(out).has_value());
    EXPECT_EQ(login.begin(out).error(), ProtocolErrc::UnexpectedMessage);
    EXPECT_EQ(login.on_message(as_bytes(guess), out).error(), ProtocolErrc::PasswordWrong);
    EXPECT_EQ(login.on_message(as_bytes(right), out).error(), ProtocolErrc::UnexpectedMessage);
    EXPECT_EQ(out, "52 00000008 00000003"_bytes);
}

TEST(ClientLogin, RefusesMessagesOfTheWrongShape) {
    std::string out;
    auto scram = client_login(ClientAuthMethod::ScramSha256, verifier_of("pa ss"));
    ASSERT_TRUE(scram.begin(out).has_value());
    EXPECT_EQ(scram.on_message({}, out).error(), ProtocolErrc::MessageTruncated);
    auto password = client_login(ClientAuthMethod::Password, verifier_of("pa ss"));
    ASSERT_TRUE(password.begin(out).has_value());
    EXPECT_EQ(password.on_message(as_bytes("pa ss"), out).error(), ProtocolErrc::MessageTruncated);
}

}  // namespace
}  // namespace pgsidecar::protocol
