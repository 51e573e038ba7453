#include <gmock/gmock.h>

#include "tests/support/proxy_script/scram_login.hpp"

namespace pgsidecar::test {
namespace {

using metrics::RejectReason;
using testing::HasSubstr;

const Parameters kApp = {{"user", "app"}, {"database", "db"}};

ScriptSetup with_method(config::AuthMethod method) {
    ScriptSetup setup;
    setup.settings.auth.method = method;
    return setup;
}

TEST(Login, TrustOfALocalClientAsksAServerForTheWelcome) {
    ProxyScript script;
    auto& client = script.accept();
    script.send(client, startup(kApp));
    auto messages = client.take();
    EXPECT_EQ(types_of(messages), "RSSSSSKZ");
    EXPECT_EQ(messages.back().payload, "I");
    EXPECT_EQ(script.servers.size(), 1u);
    EXPECT_EQ(script.shard.servers_idle.get(), 1);
}

TEST(Login, TheSecondOneIsAnsweredWithoutTheServer) {
    ProxyScript script;
    script.login();
    std::string log = script.servers[0]->model.log;
    auto& client = script.accept();
    script.send(client, startup(kApp));
    EXPECT_EQ(client.take_types(), "RSSSSSKZ");
    EXPECT_EQ(script.servers[0]->model.log, log);
}

TEST(Login, EverySplitOfTheStartupPacketIsTheSame) {
    const std::string packet = startup(kApp) + query("SELECT 'x'");
    for (std::size_t at = 1; at < packet.size(); ++at) {
        ProxyScript script;
        auto& client = script.accept();
        script.send(client, packet.substr(0, at));
        script.send(client, packet.substr(at));
        EXPECT_EQ(client.take_types(), "RSSSSSKZTDCZ") << "split at " << at;
    }
}

TEST(Login, TrustIsForKnownUsersOfThisMachine) {
    ProxyScript script;
    auto& far = script.accept(false);
    script.send(far, startup(kApp));
    auto messages = far.take();
    ASSERT_EQ(types_of(messages), "E");
    EXPECT_EQ(messages[0].field('C'), "28000");
    EXPECT_TRUE(far.closed());
    auto& unknown = script.accept();
    script.send(unknown, startup({{"user", "nobody"}}));
    messages = unknown.take();
    ASSERT_EQ(types_of(messages), "E");
    EXPECT_EQ(messages[0].field('V'), "FATAL");
    EXPECT_THAT(messages[0].field('M'), HasSubstr("no credentials for user \"nobody\""));
    EXPECT_EQ(script.rejected(RejectReason::AuthFailed), 2u);
    EXPECT_TRUE(script.servers.empty());
}

TEST(Login, ScramRightWrongAndUnknownUser) {
    ProxyScript script(with_method(config::AuthMethod::ScramSha256));
    auto& right = script.accept(false);
    EXPECT_EQ(types_of(scram_login(script, right, "app", "secret")), "RRSSSSSKZ");
    for (const char* user : {"app", "nobody"}) {
        auto& wrong = script.accept(false);
        auto messages = scram_login(script, wrong, user, "guess");
        ASSERT_EQ(types_of(messages), "E") << user;
        EXPECT_EQ(messages[0].field('C'), "28P01");
        EXPECT_EQ(messages[0].field('M'),
                  "password authentication failed for user \"" + std::string(user) + "\"");
        EXPECT_TRUE(wrong.closed());
    }
}

TEST(Login, Md5RightAndWrong) {
    ProxyScript script(with_method(config::AuthMethod::Md5));
    for (const char* password : {"secret", "guess"}) {
        auto& client = script.accept(false);
        script.send(client, startup(kApp));
        auto request = client.take();
        ASSERT_EQ(types_of(request), "R");
        auto salt = base::as_bytes(request[0].payload).subspan(4);
        auto stored = protocol::md5_stored("app", password);
        script.send(client, password_message(*protocol::md5_response(*stored, salt.first<4>())));
        bool right = password == std::string_view("secret");
        EXPECT_EQ(client.take_types(), right ? "RSSSSSKZ" : "E");
        EXPECT_EQ(client.closed(), !right);
    }
}

TEST(Login, TheSidecarProvesItselfToTheServer) {
    for (auto method : {ModelWorld::Login::Md5, ModelWorld::Login::Scram}) {
        ProxyScript script;
        script.world.login = method;
        auto& client = script.accept();
        script.send(client, startup(kApp));
        EXPECT_EQ(client.take_types(), "RSSSSSKZ");
    }
}

TEST(Login, AWrongPasswordAtTheServerIsTheServersWordsAtOnce) {
    ProxyScript script;
    script.world.login = ModelWorld::Login::Scram;
    script.world.password = "another";
    auto& client = script.accept();
    script.send(client, startup(kApp));
    auto messages = client.take();
    ASSERT_EQ(types_of(messages), "E");
    EXPECT_EQ(messages[0].field('V'), "FATAL");
    EXPECT_EQ(messages[0].field('C'), "28P01");
    EXPECT_TRUE(client.closed());
}

TEST(Login, ATlsRequestOfTheSidecarMayBeDeclinedWithPrefer) {
    ScriptSetup setup;
    setup.upstream.sslmode = config::SslMode::Prefer;
    ProxyScript script(setup);
    auto& client = script.accept();
    script.send(client, startup(kApp));
    EXPECT_EQ(client.take_types(), "RSSSSSKZ");
    setup.upstream.sslmode = config::SslMode::Require;
    ProxyScript strict(setup);
    auto& refused = strict.accept();
    strict.send(refused, startup(kApp));
    EXPECT_EQ(refused.take_types(), "E");
}

TEST(Login, TimesOut) {
    ProxyScript script(with_method(config::AuthMethod::Md5));
    auto& silent = script.accept();
    auto& half = script.accept();
    script.send(half, startup(kApp));
    half.take();
    auto limit = config::Settings().auth.login_timeout_ms;
    script.advance_ms(limit);
    EXPECT_FALSE(silent.closed() || half.closed());
    script.advance_ms(1);
    EXPECT_EQ(silent.take_types(), "E");
    EXPECT_EQ(half.take_types(), "E");
    EXPECT_TRUE(silent.closed() && half.closed());
    EXPECT_EQ(script.rejected(RejectReason::LoginTimeout), 2u);
}

TEST(Login, GucsAreCheckedOnAServerOnceAndThenKnown) {
    ProxyScript script;
    const Parameters wishes = {{"user", "app"}, {"database", "db"}, {"TimeZone", "Asia/Tokyo"}};
    auto& first = script.accept();
    script.send(first, startup(wishes));
    auto messages = first.take();
    ASSERT_EQ(types_of(messages), "RSSSSSKZ");
    bool told = false;
    for (const auto& m : messages)
        told = told || m.payload == zero_ended("TimeZone") + zero_ended("Asia/Tokyo");
    EXPECT_TRUE(told);
    EXPECT_EQ(script.servers[0]->model.sql().gucs().at("TimeZone"), "Asia/Tokyo");
    std::string log = script.servers[0]->model.log;
    auto& second = script.accept();
    script.send(second, startup(wishes));
    EXPECT_EQ(second.take_types(), "RSSSSSKZ");
    EXPECT_EQ(script.servers[0]->model.log, log);
}

TEST(Login, ABadGucIsRefusedInTheServersWordsAndTheConnectionStaysGood) {
    ProxyScript script;
    auto& bad = script.accept();
    script.send(bad, startup({{"user", "app"}, {"database", "db"}, {"nonsense", "1"}}));
    auto messages = bad.take();
    ASSERT_EQ(types_of(messages), "E");
    EXPECT_EQ(messages[0].field('V'), "FATAL");
    EXPECT_EQ(messages[0].field('C'), "42704");
    EXPECT_EQ(messages[0].field('M'), "unrecognized configuration parameter \"nonsense\"");
    EXPECT_TRUE(bad.closed());
    auto& good = script.login({{"TimeZone", "Asia/Tokyo"}});
    script.send(good, query("SHOW TimeZone"));
    EXPECT_EQ(good.take().at(1).value(), "Asia/Tokyo");
    EXPECT_TRUE(script.records.size() == 1);
}

TEST(Login, OptionsAreReadAndWrongOnesRefused) {
    ProxyScript script;
    auto& client = script.login({{"options", "-c TimeZone=CET"}});
    script.send(client, query("SHOW TimeZone"));
    EXPECT_EQ(client.take().at(1).value(), "CET");
    auto& wrong = script.accept();
    script.send(wrong, startup({{"user", "app"}, {"options", "-z"}}));
    EXPECT_EQ(wrong.take_types(), "E");
}

TEST(Login, ProtocolThreeTwoIsNegotiatedDown) {
    ProxyScript script;
    auto& client = script.accept();
    script.send(client, startup({{"user", "app"}, {"database", "db"}, {"_pq_.x", "1"}}, 0x30002));
    auto messages = client.take();
    EXPECT_EQ(types_of(messages), "vRSSSSSKZ");
    EXPECT_EQ(messages[0].payload, be32(0x30000) + be32(1) + zero_ended("_pq_.x"));
}

TEST(Login, BytesBehindTheStartupPacketAreTheFirstExchange) {
    ProxyScript script;
    auto& client = script.accept();
    script.send(client, startup(kApp) + query("SELECT 'early'") + extended("SELECT 'next'"));
    auto messages = client.take();
    EXPECT_EQ(types_of(messages), "RSSSSSKZTDCZ12DCZ");
    EXPECT_EQ(messages[9].value(), "early");
    EXPECT_EQ(script.records.size(), 2u);
}

TEST(Login, TlsAndGssAreDeclinedOnceEach) {
    ProxyScript script;
    auto& client = script.accept();
    script.send(client, be32(8) + be32(80877103) + be32(8) + be32(80877104));
    EXPECT_EQ(std::exchange(client.channel.to_peer, {}), "NN");
    script.send(client, startup(kApp));
    EXPECT_EQ(client.take_types(), "RSSSSSKZ");
    auto& twice = script.accept();
    script.send(twice, be32(8) + be32(80877103));
    twice.channel.to_peer.clear();
    script.send(twice, be32(8) + be32(80877103));
    EXPECT_EQ(twice.take_types(), "E");
    EXPECT_TRUE(twice.closed());
}

TEST(Login, GarbageIsAnsweredAndCounted) {
    ProxyScript script;
    for (const std::string& bytes :
         {std::string("GET / HTTP/1.1\r\n\r\n"), be32(3) + be32(0), be32(0xffffffff) + be32(0)}) {
        auto& client = script.accept();
        script.send(client, bytes);
        EXPECT_EQ(client.take_types(), "E");
        EXPECT_TRUE(client.closed());
    }
    EXPECT_EQ(script.rejected(RejectReason::BadStartup), 3u);
}

TEST(Login, SomethingElseThanAPasswordIsRefused) {
    ProxyScript script(with_method(config::AuthMethod::Md5));
    auto& client = script.accept();
    script.send(client, startup(kApp));
    client.take();
    script.send(client, query("SELECT 'x'"));
    auto messages = client.take();
    ASSERT_EQ(types_of(messages), "E");
    EXPECT_EQ(messages[0].field('C'), "08P01");
    EXPECT_TRUE(script.servers.empty());
}

TEST(Login, MoreClientsThanAllowedAreRefused) {
    ScriptSetup setup;
    setup.settings.listen.max_clients = 1;
    ProxyScript script(setup);
    script.login();
    auto& second = script.accept();
    script.send(second, startup(kApp));
    auto messages = second.take();
    ASSERT_EQ(types_of(messages), "E");
    EXPECT_EQ(messages[0].field('C'), "53300");
}

TEST(Login, PassThroughRelaysTheServersOwnLogin) {
    ScriptSetup setup;
    setup.settings.auth.mode = config::AuthMode::PassThrough;
    ProxyScript script(setup);
    script.world.login = ModelWorld::Login::Md5;
    auto& client = script.accept(false);
    script.send(client, startup(kApp));
    auto request = client.take();
    ASSERT_EQ(types_of(request), "R");
    auto stored = protocol::md5_stored("app", "secret");
    auto salt = base::as_bytes("salt");
    script.send(client, password_message(*protocol::md5_response(*stored, salt.first<4>())));
    EXPECT_EQ(client.take_types(), "RSSSSSKZ");
    EXPECT_EQ(script.ask(client, query("SELECT 'mine'")), "TDCZ");
    script.hang_up(client);
    EXPECT_TRUE(script.backends().empty());
    EXPECT_EQ(script.shard.clients_active.get(), 0);
    EXPECT_EQ(script.misuses(), 0);
}

}  // namespace
}  // namespace pgsidecar::test
