#include <gmock/gmock.h>

#include "tests/support/proxy_script/proxy_script.hpp"

// What the core decides about TLS; the handshakes themselves are tested with sockets.

namespace pgsidecar::test {
namespace {

using config::SslMode;
using metrics::RejectReason;
using testing::HasSubstr;

const Parameters kApp = {{"user", "app"}, {"database", "db"}};
const std::string kSslRequest = be32(8) + be32(80877103);

ScriptSetup towards_server(SslMode mode) {
    ScriptSetup setup;
    setup.upstream.sslmode = mode;
    return setup;
}

ScriptSetup towards_clients(SslMode mode) {
    ScriptSetup setup;
    setup.client_tls = true;
    setup.settings.tls.client_mode = mode;
    return setup;
}

/// Asks for TLS, has it, and logs in.
std::vector<Message> login_by_tls(ProxyScript& script, std::optional<proxy::TlsPeer> peer) {
    auto& client = script.accept();
    client.channel.peer = std::move(peer);
    script.send(client, kSslRequest);
    EXPECT_EQ(std::exchange(client.channel.to_peer, {}), "S");
    EXPECT_TRUE(client.channel.tls_started);
    script.send(client, startup(kApp));
    return client.take();
}

TEST(Tls, AllowGoesPlainAndComesBackWithTlsWhenThatIsRefused) {
    ProxyScript script(towards_server(SslMode::Allow));
    script.world.tls = true;
    script.login();
    EXPECT_EQ(script.servers.size(), 1u);
    EXPECT_FALSE(script.servers[0]->channel.tls_started);

    ProxyScript strict(towards_server(SslMode::Allow));
    strict.world.tls = strict.world.refuses_plain = true;
    auto& client = strict.accept();
    strict.send(client, startup(kApp));
    EXPECT_EQ(client.take_types(), "RSSSSSKZ");
    ASSERT_EQ(strict.servers.size(), 2u);
    EXPECT_TRUE(strict.servers[0]->channel.ended);
    EXPECT_TRUE(strict.servers[1]->channel.tls_started);
    EXPECT_EQ(strict.shard.servers.get(), 1);
    EXPECT_EQ(strict.shard.servers_login.get(), 0);
    EXPECT_EQ(strict.misuses(), 0);
}

TEST(Tls, PreferGoesPlainWhenTlsIsRefused) {
    ProxyScript script(towards_server(SslMode::Prefer));
    script.world.tls = script.world.refuses_tls = true;
    auto& client = script.accept();
    script.send(client, startup(kApp));
    EXPECT_EQ(client.take_types(), "RSSSSSKZ");
    ASSERT_EQ(script.servers.size(), 2u);
    EXPECT_FALSE(script.servers[1]->channel.tls_started);
}

TEST(Tls, EachOtherWayIsTriedOnce) {
    for (SslMode mode : {SslMode::Allow, SslMode::Prefer, SslMode::Require}) {
        ProxyScript script(towards_server(mode));
        script.world.tls = script.world.refuses_tls = script.world.refuses_plain = true;
        auto& client = script.accept();
        script.send(client, startup(kApp));
        auto messages = client.take();
        ASSERT_EQ(types_of(messages), "E");
        EXPECT_EQ(messages[0].field('C'), "28000");
        EXPECT_EQ(script.servers.size(), mode == SslMode::Require ? 1u : 2u);
        EXPECT_EQ(script.shard.servers.get(), 0);
    }
}

TEST(Tls, ARefusalForAnotherReasonIsFinal) {
    ProxyScript script(towards_server(SslMode::Allow));
    script.world.tls = true;
    script.world.login_error = "53300";
    auto& client = script.accept();
    script.send(client, startup(kApp));
    EXPECT_EQ(script.servers.size(), 1u);
}

TEST(Tls, DirectTlsIsStartedWithoutAsking) {
    auto setup = towards_server(SslMode::Require);
    setup.upstream.sslnegotiation = "direct";
    ProxyScript script(setup);
    auto& client = script.accept();
    script.send(client, startup(kApp));
    EXPECT_EQ(client.take_types(), "RSSSSSKZ");
    EXPECT_TRUE(script.servers.at(0)->channel.tls_started);
    EXPECT_FALSE(script.servers.at(0)->model.encrypted) << "no SSLRequest was sent";
}

TEST(Tls, ACancelTravelsLikeTheConnectionItAimsAt) {
    ProxyScript script(towards_server(SslMode::Require));
    script.world.tls = true;
    auto& client = script.accept();
    script.send(client, startup(kApp));
    auto messages = client.take();
    ASSERT_EQ(types_of(messages), "RSSSSSKZ");
    std::string key = messages.at(6).payload;
    script.send(client, query("SELECT pg_sleep(9)"));
    auto& other = script.accept();
    script.send(other, be32(16) + be32(80877102) + key);
    ASSERT_EQ(script.world.cancels.size(), 1u);
    EXPECT_TRUE(script.world.cancels[0].right_key);
    EXPECT_TRUE(script.servers.back()->model.is_cancel);
    EXPECT_TRUE(script.servers.back()->channel.tls_started);
}

TEST(Tls, ACancelIsNotSentInPlainInsteadOfTls) {
    ProxyScript script(towards_server(SslMode::Prefer));
    script.world.tls = true;
    auto& client = script.accept();
    script.send(client, startup(kApp));
    std::string key = client.take().at(6).payload;
    script.send(client, query("SELECT pg_sleep(9)"));
    script.world.tls = false;
    auto& other = script.accept();
    script.send(other, be32(16) + be32(80877102) + key);
    EXPECT_TRUE(script.world.cancels.empty());
    EXPECT_EQ(script.shard.cancels_forwarded.get(), 0u);
    EXPECT_EQ(script.misuses(), 0);
}

TEST(Tls, RequireRefusesPlainClientsButNotOnAUnixSocket) {
    ProxyScript script(towards_clients(SslMode::Require));
    auto& plain = script.accept();
    script.send(plain, startup(kApp));
    auto messages = plain.take();
    ASSERT_EQ(types_of(messages), "E");
    EXPECT_EQ(messages[0].field('C'), "28000");
    EXPECT_THAT(messages[0].field('H'), HasSubstr("sslmode=require"));
    EXPECT_EQ(script.rejected(RejectReason::TlsRequired), 1u);
    auto& near = script.accept();
    near.channel.unix_socket = true;
    script.send(near, kSslRequest);
    EXPECT_EQ(std::exchange(near.channel.to_peer, {}), "N");
    script.send(near, startup(kApp));
    EXPECT_EQ(near.take_types(), "RSSSSSKZ");
    EXPECT_EQ(types_of(login_by_tls(script, proxy::TlsPeer{})), "RSSSSSKZ");
}

TEST(Tls, VerifyFullLooksAtTheName) {
    ProxyScript script(towards_clients(SslMode::VerifyFull));
    proxy::TlsPeer right{"TLSv1.3", "", true, "app"}, wrong{"TLSv1.3", "", true, "apple"},
        unverified{"TLSv1.3", "", false, "app"};
    EXPECT_EQ(types_of(login_by_tls(script, right)), "RSSSSSKZ");
    EXPECT_THAT(login_by_tls(script, wrong).at(0).field('M'),
                HasSubstr("certificate authentication failed for user \"app\""));
    for (const auto& peer : {std::optional(unverified), std::optional<proxy::TlsPeer>()}) {
        EXPECT_THAT(login_by_tls(script, peer).at(0).field('M'),
                    HasSubstr("valid client certificate"));
    }
    EXPECT_EQ(script.rejected(RejectReason::AuthFailed), 3u);
}

TEST(Tls, VerifyCaLooksAtTheCertificateOnly) {
    ProxyScript script(towards_clients(SslMode::VerifyCa));
    EXPECT_EQ(types_of(login_by_tls(script, proxy::TlsPeer{"TLSv1.3", "", true, "anybody"})),
              "RSSSSSKZ");
    EXPECT_EQ(types_of(login_by_tls(script, proxy::TlsPeer{})), "E");
}

TEST(Tls, BytesAheadOfTheHandshakeAreRefused) {
    ProxyScript script(towards_clients(SslMode::Prefer));
    auto& client = script.accept();
    script.send(client, kSslRequest + startup(kApp));
    EXPECT_EQ(client.take_types(), "E");
    EXPECT_FALSE(client.channel.tls_started);
    EXPECT_EQ(script.rejected(RejectReason::BytesBeforeTls), 1u);
}

}  // namespace
}  // namespace pgsidecar::test
