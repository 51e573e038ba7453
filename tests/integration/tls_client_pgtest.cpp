// TLS between clients and the sidecar: who is let in, with which certificate, and what garbage
// does.

#include <sys/stat.h>

#include <cstdio>
#include <filesystem>

#include "tests/integration/support/proxy_fixture.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/tls_endpoint.hpp"

namespace pgsidecar::test {
namespace {

using namespace wire;
using testing::HasSubstr;
using Flags = std::vector<std::pair<std::string, std::string>>;

const Parameters kPostgres{{"user", "postgres"}, {"database", "postgres"}};
constexpr char kHandshakes[] = "pgsidecar_tls_handshakes_total";
constexpr char kReloads[] = "pgsidecar_tls_certificate_reloads_total";
constexpr char kExpiry[] = "pgsidecar_tls_certificate_expiry_timestamp_seconds";

class TlsClient : public ProxyTest {
protected:
    void SetUp() override {
        PGS_NEEDS_SIDECAR("TLS and its settings");
        expect_end(End::ProxyRunning);  // a good client comes with TLS here
    }

    void show(const Certificate& shown) {
        files_.write("server.key", shown.key);
        files_.write("server.crt", shown.certificate);
    }

    ProxyUnderTest& start_tls(Flags more = {}) {
        show(server_);
        files_.write("ca.crt", authority_.certificate());
        ProxySettings settings;
        settings.flags = {{"tls-cert-file", file("server.crt")},
                          {"tls-key-file", file("server.key")},
                          {"tls-check-interval-ms", "100"}};
        for (auto& flag : more) settings.flags.push_back(std::move(flag));
        return start(std::move(settings));
    }

    std::string file(const std::string& name) const { return files_.path() + "/" + name; }

    /// libpq's words for a client certificate made by `authority`.
    std::string client_certificate(const Authority& authority, const CertificateWishes& wishes) {
        Certificate made = authority.issue(wishes);
        std::string name = "client" + std::to_string(++made_);
        files_.write(name + ".crt", made.certificate);
        std::string key = files_.write(name + ".key", made.key);
        ::chmod(key.c_str(), 0600);
        return " sslcert=" + file(name + ".crt") + " sslkey=" + key;
    }

    std::string refusal(const std::string& more) {
        auto c = PqConnection::try_connect(proxy().conninfo("postgres", more));
        EXPECT_FALSE(c.connected()) << more;
        return c.error();
    }

    double handshakes(const std::string& outcome) {
        return proxy().metric(kHandshakes, {{"side", "client"}, {"outcome", outcome}});
    }

    TlsEndpoint direct_tls(const std::string& alpn) {
        TlsEndpointOptions options;
        options.alpn = alpn;
        options.authorities = authority_.certificate();
        return TlsEndpoint(Socket::connect_tcp(proxy().port(), 5s), options);
    }

    /// The serial number of the certificate that a new client is shown.
    std::string shown_serial() {
        auto tls = direct_tls("postgresql");
        return tls.handshake() ? tls.peer_serial() : tls.error();
    }

    Authority authority_{"Right Authority"};
    Certificate server_ = authority_.issue({"127.0.0.1", "DNS:localhost,IP:127.0.0.1"});
    TempFolder files_;
    int made_ = 0;
};

TEST_F(TlsClient, LibpqChecksUsInFullAndTalksThroughTls) {
    start_tls();
    auto c = client("sslmode=verify-full sslrootcert=" + file("ca.crt"));
    ASSERT_EQ(PQsslInUse(c.get()), 1);
    EXPECT_STREQ(PQsslAttribute(c.get(), "protocol"), "TLSv1.3");
    EXPECT_EQ(c.scalar("select 1"), "1");
    EXPECT_EQ(c.scalar("select length(repeat('x', 5000000))"), "5000000");
    EXPECT_EQ(c.scalar("select repeat('abcdefgh', 700000)").size(), 5'600'000U);
    EXPECT_EQ(c.scalar("select md5('" + std::string(3'000'000, 'y') + "')").size(), 32U);
    EXPECT_EQ(handshakes("success"), 1);
    EXPECT_EQ(handshakes("failure"), 0);
}

TEST_F(TlsClient, WithoutFurtherSettingsBothKindsAreWelcome) {
    start_tls();
    EXPECT_EQ(PQsslInUse(client("sslmode=require").get()), 1);
    EXPECT_EQ(PQsslInUse(client("sslmode=prefer").get()), 1);
    EXPECT_EQ(PQsslInUse(client("sslmode=disable").get()), 0);
}

TEST_F(TlsClient, DisableDeclinesDespiteACertificate) {
    start_tls({{"tls-client-mode", "disable"}});
    EXPECT_EQ(PQsslInUse(client("sslmode=prefer").get()), 0);
    EXPECT_THAT(refusal("sslmode=require"), HasSubstr("server does not support SSL"));
}

TEST_F(TlsClient, RequireRefusesPlainClientsWithASentence) {
    start_tls({{"tls-client-mode", "require"}, {"listen-unix-socket-dir", files_.path()}});
    RawClient plain(proxy().port());
    plain.send(startup(kPostgres));
    Message error = first_error(plain.read_to_end());
    EXPECT_EQ(field(error, 'C'), "28000");
    EXPECT_THAT(field(error, 'M'), HasSubstr("TLS only"));
    EXPECT_THAT(field(error, 'H'), HasSubstr("sslmode=require"));
    EXPECT_EQ(proxy().metric(metric::kClientsRejected, {{"reason", "tls_required"}}), 1);
    EXPECT_EQ(client("sslmode=require").scalar("select 1"), "1");
    // Nobody listens on a Unix socket.
    EXPECT_EQ(client("sslmode=disable host=" + files_.path()).scalar("select 1"), "1");
}

TEST_F(TlsClient, APlainCancelRequestIsTakenUnderRequire) {
    start_tls({{"tls-client-mode", "require"}});
    auto c = client("sslmode=require");
    c.send("select pg_sleep(60)");
    PGcancel* cancel = PQgetCancel(c.get());
    char problem[256];
    bool canceled = false;
    for (int i = 0; i < 200 && !canceled; ++i) {
        EXPECT_EQ(PQcancel(cancel, problem, sizeof problem), 1) << problem;
        canceled = c.answered(100ms);
    }
    PQfreeCancel(cancel);
    ASSERT_TRUE(canceled);
    EXPECT_EQ(c.finish(10s).sqlstate(), "57014");
}

TEST_F(TlsClient, VerifyCaWantsACertificateOfOurAuthority) {
    start_tls({{"tls-client-mode", "verify-ca"}, {"tls-ca-file", file("ca.crt")}});
    auto good = client("sslmode=require" + client_certificate(authority_, {"anybody", ""}));
    EXPECT_EQ(good.scalar("select 1"), "1");
    EXPECT_THAT(refusal("sslmode=require"),
                HasSubstr("connection requires a valid client certificate"));
    Authority other("Other Authority");
    EXPECT_THAT(refusal("sslmode=require" + client_certificate(other, {"anybody", ""})),
                HasSubstr("unknown ca"));
    CertificateWishes old{"anybody", "", -7'200, -3'600};
    EXPECT_THAT(refusal("sslmode=require" + client_certificate(authority_, old)),
                HasSubstr("expired"));
    EXPECT_THAT(refusal("sslmode=disable"), HasSubstr("TLS only"));
    EXPECT_EQ(handshakes("failure"), 2);
    EXPECT_EQ(good.scalar("select 2"), "2");
    EXPECT_THAT(proxy().log(), HasSubstr("Other Authority"));
}

TEST_F(TlsClient, VerifyFullWantsTheUsersOwnCertificate) {
    start_tls({{"tls-client-mode", "verify-full"}, {"tls-ca-file", file("ca.crt")}});
    auto own = client_certificate(authority_, {"postgres", ""});
    EXPECT_EQ(client("sslmode=require" + own).scalar("select 1"), "1");
    std::string error =
        refusal("sslmode=require" + client_certificate(authority_, {"postgres2", ""}));
    EXPECT_THAT(error, HasSubstr("certificate authentication failed for user \"postgres\""));
    EXPECT_THAT(error, HasSubstr("common name"));
    // A name that only begins right, for whoever stops at a zero byte (CVE-2009-4034).
    CertificateWishes cunning{std::string("postgres\0.evil.example", 22), ""};
    EXPECT_THAT(refusal("sslmode=require" + client_certificate(authority_, cunning)),
                HasSubstr("certificate authentication failed"));
    EXPECT_EQ(proxy().metric(metric::kClientsRejected, {{"reason", "auth_failed"}}), 2);
}

TEST_F(TlsClient, TheMinimumVersionIsKept) {
    start_tls({{"tls-min-version", "TLSv1.3"}});
    EXPECT_THAT(refusal("sslmode=require ssl_max_protocol_version=TLSv1.2"),
                HasSubstr("protocol version"));
    EXPECT_EQ(client("sslmode=require").scalar("select 1"), "1");
    start_tls();
    auto older = client("sslmode=require ssl_max_protocol_version=TLSv1.2");
    EXPECT_STREQ(PQsslAttribute(older.get(), "protocol"), "TLSv1.2");
    EXPECT_EQ(older.scalar("select repeat('z', 100000)").size(), 100'000U);
}

TEST_F(TlsClient, DirectTlsNeedsNoRequest) {
    start_tls({{"tls-client-mode", "require"}});
    auto tls = direct_tls("postgresql");
    ASSERT_TRUE(tls.handshake()) << tls.error();
    EXPECT_EQ(tls.alpn(), "postgresql");
    ASSERT_TRUE(tls.send(startup(kPostgres) + query("select 'through'")));
    std::string answer;
    while (answer.find("through") == std::string::npos) {
        std::size_t before = answer.size();
        ASSERT_TRUE(tls.read_some(answer)) << tls.error();
        ASSERT_GT(answer.size(), before) << "deadline";
    }
    EXPECT_EQ(answer.substr(0, 1), "R");
}

TEST_F(TlsClient, KeyUpdatesWithoutEndCostTheirSenderAlone) {
    start_tls({{"tls-client-mode", "require"}});
    auto tls = direct_tls("postgresql");
    ASSERT_TRUE(tls.handshake()) << tls.error();
    ASSERT_TRUE(tls.send(startup(kPostgres) + query("select 1")));
    std::string answer;
    ASSERT_TRUE(tls.read_some(answer)) << tls.error();
    auto good = client("sslmode=require");
    std::size_t before = proxy().rss();
    int sent = 0;
    // Their answers are never read.
    while (sent < 4'000'000 && tls.update_keys(1'000)) {
        sent += 1'000;
        if (sent % 50'000 == 0) {
            EXPECT_EQ(good.scalar("select 2"), "2");
        }
    }
    EXPECT_LT(sent, 4'000'000) << "nobody stops it";
    EXPECT_LT(proxy().rss(), before + proxy().memory_bound(16u << 20));
    EXPECT_EQ(good.scalar("select 3"), "3");
}

TEST_F(TlsClient, DirectTlsNeedsAlpn) {
    start_tls();
    auto without = direct_tls("");
    std::string nothing;
    bool shaken = without.handshake();
    EXPECT_FALSE(shaken && without.read_some(nothing)) << "it goes on without ALPN";
    auto http = direct_tls("h2");
    EXPECT_FALSE(http.handshake());
    EXPECT_THAT(http.error(), HasSubstr("no application protocol"));
    EXPECT_TRUE(eventually(2s, [&] { return handshakes("failure") == 2; }));
    EXPECT_EQ(client("sslmode=require").scalar("select 1"), "1");
}

TEST_F(TlsClient, BytesAheadOfTlsAreRefused) {
    start_tls();
    RawClient client(proxy().port());
    client.send(packet(kSslRequest) + startup(kPostgres));
    EXPECT_EQ(field(first_error(client.read_to_end()), 'C'), "08P01");
    EXPECT_EQ(proxy().metric(metric::kClientsRejected, {{"reason", "bytes_before_tls"}}), 1);
}

TEST_F(TlsClient, GarbageInPlaceOfAHandshakeHurtsNobodyElse) {
    start_tls();
    auto bystander = client("sslmode=require");
    const std::vector<std::string> garbage{
        std::string(5'000, '\0'),
        std::string(5'000, '\x16'),
        startup(kPostgres),
        "GET / HTTP/1.1\r\n\r\n",
        std::string("\x16\x03\x01\xff\xff\x01\xff\xff\xff", 9) + std::string(70'000, 'x'),
        std::string("\x15\x03\x03\x00\x02\x02\x28", 7),
    };
    for (const auto& bytes : garbage) {
        RawClient asked(proxy().port());
        asked.send(packet(kSslRequest));
        ASSERT_EQ(asked.read_bytes(1), "S");
        asked.send(bytes);
        EXPECT_TRUE(asked.closes(5s));
        EXPECT_EQ(bystander.scalar("select 1"), "1");
    }
    RawClient leaves(proxy().port());
    leaves.send(packet(kSslRequest));
    ASSERT_EQ(leaves.read_bytes(1), "S");
    leaves.socket().reset();
    EXPECT_TRUE(eventually(
        5s, [&] { return handshakes("failure") == static_cast<double>(garbage.size()) + 1; }));
    // Into a TLS session that is established.
    auto broken = direct_tls("postgresql");
    ASSERT_TRUE(broken.handshake());
    EXPECT_TRUE(broken.socket().write_all(std::string(300, 'g'), 5s));
    std::string answer;
    while (broken.read_some(answer)) answer.clear();
    EXPECT_EQ(bystander.scalar("select 2"), "2");
}

TEST_F(TlsClient, AHandshakeThatDoesNotEndIsCutByTheLoginTimeout) {
    start_tls({{"auth-login-timeout-ms", "300"}});
    RawClient silent(proxy().port());
    silent.send(packet(kSslRequest));
    ASSERT_EQ(silent.read_bytes(1), "S");
    RawClient half(proxy().port());
    half.send(std::string("\x16\x03\x01\x02\x00\x01", 6));
    EXPECT_TRUE(silent.closes(10s));
    EXPECT_TRUE(half.closes(10s));
    EXPECT_TRUE(eventually(5s, [&] {
        return proxy().metric(metric::kClientsRejected, {{"reason", "login_timeout"}}) == 2;
    }));
}

TEST_F(TlsClient, ARenewedCertificateIsUsedForNewClientsAndOldOnesStay) {
    start_tls();
    auto living = client("sslmode=verify-full sslrootcert=" + file("ca.crt"));
    EXPECT_EQ(living.scalar("select 1"), "1");
    EXPECT_EQ(shown_serial(), serial_of(server_.certificate));
    EXPECT_GT(proxy().metric(kExpiry, {{"side", "client"}}), 0);

    Certificate renewed =
        authority_.issue({"127.0.0.1", "DNS:localhost,IP:127.0.0.1", -3'600, 864'000});
    double before = proxy().metric(kExpiry, {{"side", "client"}});
    show(renewed);
    EXPECT_TRUE(eventually(10s, [&] { return shown_serial() == serial_of(renewed.certificate); }));
    EXPECT_TRUE(eventually(5s, [&] {
        return proxy().metric(kReloads, {{"outcome", "success"}}) >= 1;
    }));
    EXPECT_GT(proxy().metric(kExpiry, {{"side", "client"}}), before + 700'000);
    EXPECT_EQ(living.scalar("select 2"), "2");
    EXPECT_EQ(client("sslmode=verify-full sslrootcert=" + file("ca.crt")).scalar("select 3"), "3");

    // A broken file changes nothing, is told and counted, and can be put right.
    double failures = proxy().metric(kReloads, {{"outcome", "failure"}});
    files_.write("server.crt", "-----BEGIN CERTIFICATE-----\nnonsense\n");
    EXPECT_TRUE(eventually(5s, [&] {
        return proxy().metric(kReloads, {{"outcome", "failure"}}) > failures;
    }));
    EXPECT_EQ(shown_serial(), serial_of(renewed.certificate));
    EXPECT_THAT(proxy().log(), HasSubstr("the old ones stay in use"));
    EXPECT_EQ(living.scalar("select 4"), "4");
    Certificate third = authority_.issue({"127.0.0.1", "IP:127.0.0.1"});
    show(third);
    EXPECT_TRUE(eventually(10s, [&] { return shown_serial() == serial_of(third.certificate); }));
    EXPECT_EQ(living.scalar("select 5"), "5");
}

TEST_F(TlsClient, ACertificateWithAnothersKeyIsRefusedAtStart) {
    server_.key = authority_.issue({"x", ""}).key;
    try {
        start_tls();
        FAIL() << "it starts";
    } catch (const std::runtime_error& error) {
        EXPECT_THAT(error.what(), HasSubstr("tls.cert_file and tls.key_file"));
        EXPECT_THAT(error.what(), HasSubstr("key values mismatch"));
    }
}

TEST_F(TlsClient, AnIdleTlsSessionCostsLittleMemory) {
    start_tls({{"tls-client-mode", "require"}});
    constexpr int kSessions = 300;
    std::vector<PqConnection> sessions;
    auto fill = [&](int up_to) {
        while (static_cast<int>(sessions.size()) < up_to) {
            sessions.push_back(client("sslmode=require"));
            EXPECT_EQ(sessions.back().scalar("select repeat('x', 40000)").size(), 40'000U);
        }
    };
    fill(50);
    std::size_t before = proxy().rss();
    fill(50 + kSessions);
    std::size_t each = (proxy().rss() - before) / kSessions;
    RecordProperty("bytes_per_session", static_cast<int>(each));
    std::printf("an idle TLS session: %zu bytes\n", each);
    EXPECT_LT(each, proxy().memory_bound(60'000U));
}

}  // namespace
}  // namespace pgsidecar::test
