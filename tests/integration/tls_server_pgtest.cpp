// TLS between the sidecar and PostgreSQL: libpq's sslmode, and certificates that will not do.

#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <mutex>

#include "tests/integration/support/proxy_fixture.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/fake_server.hpp"
#include "tests/support/tls_relay.hpp"

namespace pgsidecar::test {
namespace {

using testing::HasSubstr;

constexpr char kHandshakes[] = "pgsidecar_tls_handshakes_total";
constexpr char kSslInUse[] = "select ssl from pg_stat_ssl where pid = pg_backend_pid()";
constexpr char kOnlyTls[] = "local all all trust\nhostssl all all 127.0.0.1/32 trust\n";
constexpr char kOnlyPlain[] = "local all all trust\nhostnossl all all 127.0.0.1/32 trust\n";
constexpr char kAnything[] = "local all all trust\nhost all all 127.0.0.1/32 trust\n";
constexpr char kWithCertificate[] =
    "local all all trust\nhostssl all all 127.0.0.1/32 trust clientcert=verify-full\n";

/// PostgreSQL with TLS and an authority of its own.
class TlsCluster {
public:
    TlsCluster() : files_(unprivileged_identity()) {
        files_.write("root.crt", authority_.certificate());
        write_certificate(right_);
        cluster_ = std::make_unique<PgCluster>("ssl = on\nssl_cert_file = '" + file("server.crt") +
                                               "'\nssl_key_file = '" + file("server.key") +
                                               "'\nssl_ca_file = '" + file("root.crt") + "'");
    }

    /// The server as the next test wants it. A restart, so that nobody meets what was before.
    void become(const std::string& access, const Certificate& shown, const std::string& more = "") {
        if (access + shown.certificate + more == now_) return;
        now_ = access + shown.certificate + more;
        write_certificate(shown);
        std::ofstream(cluster_->socket_folder() + "/data/pg_hba.conf") << access;
        std::ofstream(cluster_->socket_folder() + "/data/postgresql.auto.conf") << more;
        cluster_->restart(StopMode::Fast);
    }

    std::string file(const std::string& name) const { return files_.path() + "/" + name; }
    std::string write(const std::string& name, const std::string& text) {
        return files_.write(name, text);
    }
    PgCluster& cluster() { return *cluster_; }
    const Authority& authority() const { return authority_; }
    const Certificate& right() const { return right_; }

private:
    void write_certificate(const Certificate& shown) {
        files_.write("server.crt", shown.certificate);
        std::string key = files_.write("server.key", shown.key);
        ::chmod(key.c_str(), 0600);
        auto owner = unprivileged_identity();
        if (owner && ::chown(key.c_str(), owner->uid, owner->gid) != 0)
            throw std::runtime_error("cannot give " + key + " to the server");
    }

    Authority authority_{"Database Authority"};
    Certificate right_ = authority_.issue({"db", "DNS:localhost,IP:127.0.0.1"});
    TempFolder files_;
    std::unique_ptr<PgCluster> cluster_;
    std::string now_;
};

TlsCluster& tls_cluster() {
    static TlsCluster cluster;
    return cluster;
}

class TlsServer : public ProxyTest {
protected:
    void SetUp() override {
        PGS_NEEDS_SIDECAR("TLS and its settings");
        expect_end(End::ProxyRunning);  // many of these servers are not to be reached
    }

    static std::string roots() { return "&sslrootcert=" + tls_cluster().file("root.crt"); }

    void start_to(const std::string& tls, const std::string& host = "127.0.0.1", int port = 0) {
        ProxySettings settings;
        if (port == 0) port = tls_cluster().cluster().port();
        settings.upstream_url =
            "postgres://postgres@" + host + ":" + std::to_string(port) + "/postgres?" + tls;
        settings.flags = {{"tls-check-interval-ms", "100"}};
        start(std::move(settings));
    }

    /// "t" or "f" for TLS, or the error.
    std::string ssl_in_use() {
        auto c = PqConnection::try_connect(proxy().conninfo());
        return c.connected() ? c.scalar(kSslInUse) : c.error();
    }

    double handshakes(const std::string& outcome) {
        return proxy().metric(kHandshakes, {{"side", "server"}, {"outcome", outcome}});
    }
};

TEST_F(TlsServer, EachSslmodeMeansWhatItMeansForLibpq) {
    tls_cluster().become(kAnything, tls_cluster().right());
    struct Row {
        std::string tls, used;
    };
    for (const auto& [tls, used] : std::vector<Row>{{"sslmode=disable", "f"},
                                                    {"sslmode=allow", "f"},
                                                    {"sslmode=prefer", "t"},
                                                    {"sslmode=require", "t"},
                                                    {"sslmode=require" + roots(), "t"},
                                                    {"sslmode=verify-ca" + roots(), "t"},
                                                    {"sslmode=verify-full" + roots(), "t"}}) {
        start_to(tls);
        EXPECT_EQ(ssl_in_use(), used) << tls;
        EXPECT_EQ(handshakes("success") > 0, used == "t") << tls;
    }
}

TEST_F(TlsServer, TheWholeProcessReachesAVerifiedServer) {
    tls_cluster().become(kOnlyTls, tls_cluster().right());
    start_to("sslmode=verify-full" + roots());
    auto c = client();
    EXPECT_EQ(c.scalar("select length(repeat('x', 3000000))"), "3000000");
    EXPECT_EQ(c.scalar("select repeat('x', 3000000)").size(), 3'000'000U);
    EXPECT_EQ(c.scalar("select md5('" + std::string(3'000'000, 'y') + "')").size(), 32U);
    EXPECT_TRUE(eventually(10s, [&] { return proxy().metric("pgsidecar_up") == 1; }));
}

TEST_F(TlsServer, AllowAndPreferTryTheOtherWay) {
    tls_cluster().become(kOnlyTls, tls_cluster().right());
    start_to("sslmode=allow");
    EXPECT_EQ(ssl_in_use(), "t");
    start_to("sslmode=disable");
    EXPECT_THAT(ssl_in_use(), HasSubstr("no pg_hba.conf entry"));
    tls_cluster().become(kOnlyPlain, tls_cluster().right());
    start_to("sslmode=prefer");
    EXPECT_EQ(ssl_in_use(), "f");
    start_to("sslmode=require");
    EXPECT_THAT(ssl_in_use(), HasSubstr("no pg_hba.conf entry"));
}

TEST_F(TlsServer, PassThroughTriesTheOtherWayToo) {
    tls_cluster().become(kOnlyTls, tls_cluster().right());
    ProxySettings settings;
    settings.upstream_url = tls_cluster().cluster().url() + "?sslmode=allow";
    settings.flags = {{"auth-mode", "pass-through"}};
    start(std::move(settings));
    EXPECT_EQ(ssl_in_use(), "t");
}

TEST_F(TlsServer, PreferGoesPlainWhenTheHandshakeFails) {
    tls_cluster().become(kAnything, tls_cluster().right());
    Authority other("Another Authority");
    std::string wrong = tls_cluster().write("wrong.crt", other.certificate());
    start_to("sslmode=prefer&sslrootcert=" + wrong);
    EXPECT_EQ(ssl_in_use(), "f");
    EXPECT_GT(handshakes("failure"), 0);
}

TEST_F(TlsServer, RequireMeetsAServerWithoutTls) {
    start_to("sslmode=require", "127.0.0.1", shared_cluster().port());
    std::string error = ssl_in_use();
    EXPECT_THAT(error, HasSubstr("Database does not offer TLS"));
    start_to("sslmode=prefer", "127.0.0.1", shared_cluster().port());
    EXPECT_EQ(ssl_in_use(), "f");
}

TEST_F(TlsServer, AnExpiredCertificateIsRefusedWithItsDate) {
    auto& server = tls_cluster();
    CertificateWishes wishes{"old-db", "IP:127.0.0.1", -172'800, -86'400};
    server.become(kAnything, server.authority().issue(wishes));
    start_to("sslmode=verify-ca" + roots());
    std::string error = ssl_in_use();
    EXPECT_THAT(error, HasSubstr("certificate was not accepted"));
    EXPECT_THAT(error, HasSubstr("TLS with 127.0.0.1"));
    EXPECT_THAT(error, HasSubstr("\"CN=old-db\" expired on 20"));
    EXPECT_THAT(error, HasSubstr("renew it"));
    EXPECT_GT(handshakes("failure"), 0);
    // libpq does not look at it in this mode either.
    start_to("sslmode=require");
    EXPECT_EQ(ssl_in_use(), "t");
}

TEST_F(TlsServer, ACertificateOfTheFutureIsRefused) {
    auto& server = tls_cluster();
    server.become(kAnything, server.authority().issue({"db", "IP:127.0.0.1", 3'600, 86'400}));
    start_to("sslmode=verify-full" + roots());
    EXPECT_THAT(ssl_in_use(), HasSubstr("is valid only from"));
}

TEST_F(TlsServer, ASelfSignedCertificateIsRefusedUnlessItIsTrusted) {
    auto& server = tls_cluster();
    Certificate own = Authority::self_signed({"db", "IP:127.0.0.1"});
    server.become(kAnything, own);
    start_to("sslmode=verify-full" + roots());
    std::string error = ssl_in_use();
    EXPECT_THAT(error, HasSubstr("self-signed"));
    EXPECT_THAT(error, HasSubstr("sslrootcert"));
    start_to("sslmode=verify-full&sslrootcert=" + server.write("own.crt", own.certificate));
    EXPECT_EQ(ssl_in_use(), "t");
}

TEST_F(TlsServer, AnUnknownAuthorityIsNamed) {
    tls_cluster().become(kAnything, tls_cluster().right());
    Authority other("Another Authority");
    std::string wrong = tls_cluster().write("wrong.crt", other.certificate());
    // With a root certificate require checks as well, as in libpq.
    for (std::string mode : {"require", "verify-ca", "verify-full"}) {
        start_to("sslmode=" + mode + "&sslrootcert=" + wrong);
        EXPECT_THAT(ssl_in_use(), HasSubstr("is issued by \"CN=Database Authority\"")) << mode;
    }
}

TEST_F(TlsServer, ACertificateForAnotherHostIsRefusedByVerifyFullOnly) {
    auto& server = tls_cluster();
    server.become(kAnything, server.authority().issue({"other", "DNS:db.example,IP:127.0.0.9"}));
    start_to("sslmode=verify-ca" + roots());
    EXPECT_EQ(ssl_in_use(), "t");
    for (std::string host : {"127.0.0.1", "localhost"}) {
        start_to("sslmode=verify-full" + roots(), host);
        std::string error = ssl_in_use();
        EXPECT_THAT(error, HasSubstr("DNS:db.example, IP Address:127.0.0.9")) << host;
        EXPECT_THAT(error, HasSubstr("not for \"" + host + "\"")) << host;
    }
}

TEST_F(TlsServer, NamesAndAddressesOfTheCertificateAreBothGood) {
    tls_cluster().become(kAnything, tls_cluster().right());
    for (std::string host : {"127.0.0.1", "localhost"}) {
        start_to("sslmode=verify-full" + roots(), host);
        EXPECT_EQ(ssl_in_use(), "t") << host;
    }
}

TEST_F(TlsServer, OurOwnCertificateIsShown) {
    auto& server = tls_cluster();
    server.become(kWithCertificate, server.right());
    Certificate own = server.authority().issue({"postgres", ""});
    std::string certificate = server.write("client.crt", own.certificate);
    std::string key = server.write("client.key", own.key);
    ::chmod(key.c_str(), 0600);
    start_to("sslmode=verify-full" + roots() + "&sslcert=" + certificate + "&sslkey=" + key);
    EXPECT_EQ(ssl_in_use(), "t");
    EXPECT_GT(
        proxy().metric("pgsidecar_tls_certificate_expiry_timestamp_seconds", {{"side", "server"}}),
        0);
    start_to("sslmode=verify-full" + roots());
    EXPECT_THAT(ssl_in_use(), HasSubstr("valid client certificate"));
    // One that the server does not trust: with TLS 1.3 it says so after the handshake.
    Certificate stranger = Authority("Stranger").issue({"postgres", ""});
    server.write("client.crt", stranger.certificate);
    server.write("client.key", stranger.key);
    start_to("sslmode=verify-full" + roots() + "&sslcert=" + certificate + "&sslkey=" + key);
    EXPECT_THAT(ssl_in_use(), HasSubstr("unknown ca"));
    ::chmod(key.c_str(), 0644);
    try {
        start_to("sslmode=verify-full" + roots() + "&sslcert=" + certificate + "&sslkey=" + key);
        FAIL() << "libpq would refuse the key";
    } catch (const std::runtime_error& error) {
        EXPECT_THAT(error.what(), HasSubstr("can be read by others"));
    }
}

TEST_F(TlsServer, ProtocolVersionsThatDoNotMeetAreToldSo) {
    auto& server = tls_cluster();
    server.become(kAnything, server.right(), "ssl_max_protocol_version = 'TLSv1.2'\n");
    start_to("sslmode=require&ssl_min_protocol_version=TLSv1.3");
    std::string error = ssl_in_use();
    EXPECT_THAT(error, HasSubstr("TLS with the database could not be established"));
    EXPECT_THAT(error, HasSubstr("protocol version"));
    start_to("sslmode=require");
    EXPECT_EQ(ssl_in_use(), "t");
}

TEST_F(TlsServer, NewRootCertificatesAreReadWithoutARestart) {
    auto& server = tls_cluster();
    server.become(kAnything, server.right());
    Authority other("Another Authority");
    std::string roots = server.write("renewed.crt", other.certificate());
    start_to("sslmode=verify-full&sslrootcert=" + roots);
    EXPECT_THAT(ssl_in_use(), HasSubstr("is issued by"));
    server.write("renewed.crt", server.authority().certificate());
    EXPECT_TRUE(eventually(10s, [&] { return ssl_in_use() == "t"; }));
    auto living = client();
    server.write("renewed.crt", "nonsense");
    EXPECT_TRUE(eventually(5s, [&] {
        return proxy().metric("pgsidecar_tls_certificate_reloads_total",
                              {{"outcome", "failure"}}) >= 1;
    }));
    EXPECT_EQ(living.scalar(kSslInUse), "t");
}

TEST_F(TlsServer, DirectTlsAndCancelsGoThroughIt) {
    auto& server = tls_cluster();
    server.become(kAnything, server.right());
    TlsRelay relay(server.cluster().port(), server.right());
    start_to("sslmode=verify-full&sslnegotiation=direct" + roots(), "127.0.0.1", relay.port());
    auto c = client();
    EXPECT_EQ(c.scalar("select 1"), "1");
    EXPECT_GE(relay.direct(), 1);
    int before = relay.direct();
    c.send("select pg_sleep(60)");
    ASSERT_TRUE(eventually(5s, [&] {
        return PqConnection(server.cluster().conninfo())
                   .scalar(
                       "select count(*) from pg_stat_activity where state = 'active' and "
                       "query like 'select pg_sleep%'") == "1";
    }));
    PGcancel* cancel = PQgetCancel(c.get());
    char problem[256];
    EXPECT_EQ(PQcancel(cancel, problem, sizeof problem), 1) << problem;
    PQfreeCancel(cancel);
    EXPECT_EQ(c.finish(10s).sqlstate(), "57014");
    EXPECT_EQ(relay.direct(), before + 1);
}

TEST_F(TlsServer, DirectTlsToAServerThatDoesNotKnowItFailsClearly) {
    tls_cluster().become(kAnything, tls_cluster().right());
    start_to("sslmode=require&sslnegotiation=direct");
    // PostgreSQL 15 takes the record for a start-up packet and hangs up.
    EXPECT_THAT(ssl_in_use(), HasSubstr("sslnegotiation=direct needs PostgreSQL 17"));
}

TEST_F(TlsServer, TheServersNameIsSentUnlessItIsUnwanted) {
    std::mutex mutex;
    std::string hello;
    FakeServer server([&](FakeConnection& connection) {
        std::string bytes;
        while (bytes.size() < 8) {
            if (connection.socket().read_some(bytes, 8 - bytes.size(), 5s) != ReadOutcome::Data)
                return;
        }
        connection.send("S");
        bytes.clear();
        while (connection.socket().read_some(bytes, 65'536, 1s) == ReadOutcome::Data) {
            // The probe's libpq says nothing about protocols.
            if (bytes.find("\x0apostgresql") == std::string::npos) continue;
            std::lock_guard lock(mutex);
            hello = bytes;
            return;
        }
    });
    auto hello_of = [&](const std::string& tls) {
        start_to("sslmode=require" + tls, "localhost", server.port());
        {
            std::lock_guard lock(mutex);
            hello.clear();
        }
        // Whether it gets in does not matter; libpq waits two seconds at least.
        (void)PqConnection::try_connect(proxy().conninfo("postgres", "connect_timeout=2"));
        std::lock_guard lock(mutex);
        return hello;
    };
    EXPECT_THAT(hello_of(""), HasSubstr("localhost"));
    std::string without = hello_of("&sslsni=0");
    EXPECT_THAT(without, HasSubstr("postgresql"));
    EXPECT_THAT(without, testing::Not(HasSubstr("localhost")));
}

TEST_F(TlsServer, BytesBehindTheServersConsentAreRefused) {
    FakeServer server([](FakeConnection& connection) {
        std::string request;
        connection.socket().read_some(request, 8, 5s);
        connection.send("S" + wire::auth_ok() + wire::ready());
        connection.wait_for_close();
    });
    start_to("sslmode=require", "127.0.0.1", server.port());
    auto c = PqConnection::try_connect(proxy().conninfo("postgres", "connect_timeout=2"));
    EXPECT_FALSE(c.connected());
    EXPECT_TRUE(eventually(5s, [&] { return proxy().metric(metric::kServerProtocolErrors) >= 1; }));
}

}  // namespace
}  // namespace pgsidecar::test
