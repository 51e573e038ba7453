// Who a client may be, and what its login tells nobody.

#include <gmock/gmock.h>

#include <set>

#include "protocol/auth/md5_password.hpp"
#include "tests/support/proxy_script/scram_login.hpp"

namespace pgsidecar::test {
namespace {

using metrics::RejectReason;
using proxy::UserAnswer;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const UserAnswer kNobody{true, std::nullopt};
const UserAnswer kAway{false, std::nullopt};

UserAnswer found(std::string secret) { return {true, std::move(secret)}; }

/// As the model database keeps it.
std::string scram_secret(std::string_view password, std::uint32_t iterations = 16) {
    return protocol::format_scram_secret(
        *protocol::derive_scram_secret(password, base::as_bytes("0123456789abcdef"), iterations));
}

struct UserSetup : ScriptSetup {
    UserSetup() {
        settings.auth.method = config::AuthMethod::ScramSha256;
        settings.auth.query = "SELECT usename, passwd FROM pg_shadow WHERE usename = $1";
    }
};

ScriptClient& begin(ProxyScript& script, const std::string& user) {
    auto& client = script.accept(false);
    script.send(client, startup({{"user", user}, {"database", "db"}}));
    return client;
}

/// Logs in with the answer to the one question that is asked for it.
std::string log_in(ProxyScript& script, const std::string& user, const std::string& password,
                   const UserAnswer& answer) {
    auto& client = begin(script, user);
    EXPECT_THAT(script.looked_up, ElementsAre(user));
    script.answer_look_up(answer);
    return types_of(scram_answer(script, client, password));
}

std::string log_in_cached(ProxyScript& script, const std::string& user,
                          const std::string& password) {
    auto& client = begin(script, user);
    EXPECT_THAT(script.looked_up, IsEmpty());
    return types_of(scram_answer(script, client, password));
}

TEST(LoginFailure, IsToldAtTheSameTimeWhoeverItWas) {
    UserSetup setup;
    setup.settings.auth.failure_delay_ms = 500;
    ProxyScript script(setup);
    auto& wrong = script.accept(false);
    EXPECT_THAT(scram_login(script, wrong, "app", "guess"), IsEmpty());
    auto& unknown = begin(script, "nobody");
    script.advance_ms(200);
    script.answer_look_up(kNobody);
    EXPECT_THAT(scram_answer(script, unknown, "guess"), IsEmpty());
    script.advance_ms(299);
    EXPECT_FALSE(wrong.closed() || unknown.closed());
    script.advance_ms(1);
    for (auto* client : {&wrong, &unknown}) {
        auto messages = client->take();
        ASSERT_EQ(types_of(messages), "E");
        EXPECT_EQ(messages[0].field('C'), "28P01");
        EXPECT_THAT(messages[0].field('M'), HasSubstr("password authentication failed for user"));
        EXPECT_TRUE(client->closed());
    }
    EXPECT_EQ(script.rejected(RejectReason::AuthFailed), 2u);
    EXPECT_EQ(script.rejected(RejectReason::LoginTimeout), 0u);
}

TEST(LoginFailure, OfASlowClientWaitsForTheNextMultiple) {
    UserSetup setup;
    setup.settings.auth.failure_delay_ms = 500;
    ProxyScript script(setup);
    auto& client = begin(script, "app");
    script.advance_ms(600);
    EXPECT_THAT(scram_answer(script, client, "guess"), IsEmpty());
    script.advance_ms(399);
    EXPECT_FALSE(client.closed());
    script.advance_ms(1);
    EXPECT_EQ(client.take_types(), "E");
}

TEST(LoginFailure, NothingMoreIsTakenWhileItWaits) {
    UserSetup setup;
    setup.settings.auth.failure_delay_ms = 500;
    ProxyScript script(setup);
    auto& client = script.accept(false);
    scram_login(script, client, "app", "guess");
    script.send(client, startup({{"user", "app"}}) + query("SELECT 'x'") + password_message("x"));
    EXPECT_EQ(client.take_types(), "");
    script.advance_ms(500);
    EXPECT_EQ(client.take_types(), "E");
    EXPECT_TRUE(script.servers.empty());
    auto& gone = script.accept(false);
    scram_login(script, gone, "app", "guess");
    script.hang_up(gone);
    script.advance_ms(500);
    EXPECT_EQ(script.plane().session_count(), 0u);
}

TEST(LoginFailure, OfAMalformedProofIsTheSameForBoth) {
    ProxyScript script{UserSetup()};
    std::vector<std::string> told;
    for (const char* user : {"app", "nobody"}) {
        auto& client = begin(script, user);
        if (!script.looked_up.empty()) script.answer_look_up(kNobody);
        client.take();
        script.send(client, typed('p', zero_ended("SCRAM-SHA-256") + be32(3) + "n,,"));
        auto messages = client.take();
        ASSERT_EQ(types_of(messages), "E");
        told.push_back(messages[0].payload);
    }
    EXPECT_EQ(told[0], told[1]);
}

TEST(LoginFailure, UnknownUsersAreAskedAsMostOthersAre) {
    UserSetup setup;
    setup.settings.auth.query.clear();
    setup.user_file =
        "\"a\" \"" + scram_secret("x", 9'000) + "\"\n\"b\" \"" + scram_secret("y", 9'000) + "\"\n";
    for (auto method : {config::AuthMethod::ScramSha256, config::AuthMethod::Md5}) {
        setup.settings.auth.method = method;
        ProxyScript script(setup);
        auto& client = begin(script, "nobody");
        EXPECT_EQ(client.take().at(0).payload.substr(0, 4), be32(10));  // SCRAM for md5 too
        std::string first = "n,,n=,r=abc";
        script.send(client, typed('p', zero_ended("SCRAM-SHA-256") +
                                           be32(static_cast<std::uint32_t>(first.size())) + first));
        EXPECT_THAT(client.take().at(0).payload, HasSubstr(",i=9000"));
    }
}

TEST(AuthQuery, FindsAUserOnceAndKeepsTheAnswer) {
    ProxyScript script{UserSetup()};
    EXPECT_EQ(log_in(script, "alice", "pw", found("pw")), "RRSSSSSKZ");
    EXPECT_EQ(script.servers.back()->model.user, "alice");
    EXPECT_EQ(log_in_cached(script, "alice", "pw"), "RRSSSSSKZ");
    script.advance_ms(config::Settings().auth.query_cache_ms);
    EXPECT_EQ(log_in(script, "alice", "new", found("new")), "RRSSSSSKZ");
    EXPECT_EQ(script.shard.user_lookups_found.get(), 2u);
}

TEST(AuthQuery, IsNotAskedForUsersOfTheFile) {
    ProxyScript script{UserSetup()};
    EXPECT_EQ(log_in_cached(script, "app", "secret"), "RRSSSSSKZ");
}

TEST(AuthQuery, NobodyIsKeptForAShortTime) {
    ProxyScript script{UserSetup()};
    EXPECT_EQ(log_in(script, "ghost", "pw", kNobody), "E");
    EXPECT_EQ(log_in_cached(script, "ghost", "pw"), "E");
    script.advance_ms(config::Settings().auth.query_negative_cache_ms);
    EXPECT_EQ(log_in(script, "ghost", "pw", found("pw")), "RRSSSSSKZ");
    EXPECT_EQ(script.shard.user_lookups_unknown.get(), 1u);
}

TEST(AuthQuery, AWrongPasswordMakesItAskAgainSooner) {
    ProxyScript script{UserSetup()};
    EXPECT_EQ(log_in(script, "alice", "new", found("old")), "E");
    script.advance_ms(config::Settings().auth.query_negative_cache_ms);
    EXPECT_EQ(log_in(script, "alice", "new", found("new")), "RRSSSSSKZ");
}

TEST(AuthQuery, KeptAnswersServeWhileTheDatabaseIsAway) {
    ProxyScript script{UserSetup()};
    EXPECT_EQ(log_in(script, "alice", "pw", found("pw")), "RRSSSSSKZ");
    EXPECT_EQ(log_in(script, "ghost", "pw", kNobody), "E");
    script.advance_ms(10 * config::Settings().auth.query_cache_ms);
    EXPECT_EQ(log_in(script, "alice", "pw", kAway), "RRSSSSSKZ");
    EXPECT_EQ(log_in(script, "ghost", "pw", kAway), "E");
    EXPECT_EQ(script.shard.user_lookups_failed.get(), 2u);
}

TEST(AuthQuery, WithoutAnAnswerNobodyIsJudged) {
    ProxyScript script{UserSetup()};
    auto& client = begin(script, "alice");
    script.answer_look_up(kAway);
    auto messages = client.take();
    ASSERT_EQ(types_of(messages), "E");
    EXPECT_EQ(messages[0].field('C'), "57P03");
    EXPECT_THAT(messages[0].field('M'), HasSubstr("auth.query"));
}

TEST(AuthQuery, OneQuestionServesAllWhoWait) {
    ProxyScript script{UserSetup()};
    auto& first = begin(script, "alice");
    auto& second = begin(script, "alice");
    auto& gone = begin(script, "alice");
    script.hang_up(gone);
    EXPECT_THAT(script.looked_up, ElementsAre("alice"));
    script.answer_look_up(found("pw"));
    EXPECT_EQ(types_of(scram_answer(script, first, "pw")), "RRSSSSSKZ");
    EXPECT_EQ(types_of(scram_answer(script, second, "pw")), "RRSSSSSKZ");
}

TEST(AuthQuery, QuestionsUnderWayAreBounded) {
    UserSetup setup;
    setup.settings.auth.query_max_in_flight = 2;
    ProxyScript script(setup);
    std::vector<ScriptClient*> clients;
    for (const char* user : {"a", "b", "c", "d"}) clients.push_back(&begin(script, user));
    EXPECT_THAT(script.looked_up, ElementsAre("a", "b"));
    script.hang_up(*clients[2]);  // nobody waits for c any more
    script.answer_look_up(found("pw"));
    EXPECT_THAT(script.looked_up, ElementsAre("b", "d"));
    script.answer_look_up(found("pw"));
    script.answer_look_up(found("pw"));
    for (std::size_t i : {0u, 1u, 3u})
        EXPECT_EQ(types_of(scram_answer(script, *clients[i], "pw")), "RRSSSSSKZ") << i;
}

TEST(AuthQuery, InventedNamesDoNotPushOutRealOnes) {
    UserSetup setup;
    setup.settings.auth.query_cache_entries = 3;
    ProxyScript script(setup);
    EXPECT_EQ(log_in(script, "alice", "pw", found("pw")), "RRSSSSSKZ");
    for (int i = 0; i < 20; ++i)
        EXPECT_EQ(log_in(script, "ghost" + std::to_string(i), "pw", kNobody), "E");
    EXPECT_EQ(script.plane().users().cached(), 3u);
    EXPECT_EQ(log_in_cached(script, "alice", "pw"), "RRSSSSSKZ");
}

TEST(AuthQuery, WhatAnotherWorkerWasToldIsKept) {
    ProxyScript script{UserSetup()};
    script.plane().user_answered("alice", found("pw"), script.now());
    script.plane().user_answered("bob", kAway, script.now());
    EXPECT_EQ(log_in_cached(script, "alice", "pw"), "RRSSSSSKZ");
    EXPECT_EQ(script.plane().users().cached(), 1u);
    EXPECT_EQ(script.shard.user_lookups_found.get(), 0u);
}

TEST(AuthQuery, ALoginTimesOutWhileItWaits) {
    ProxyScript script{UserSetup()};
    auto& client = begin(script, "alice");
    script.advance_ms(config::Settings().auth.login_timeout_ms + 1);
    EXPECT_EQ(client.take_types(), "E");
    script.answer_look_up(found("pw"));
    EXPECT_EQ(script.plane().session_count(), 0u);
    EXPECT_EQ(log_in_cached(script, "alice", "pw"), "RRSSSSSKZ");
}

TEST(AuthQuery, AnAnswerBeforeTheQuestionIsNoPassword) {
    ProxyScript script{UserSetup()};
    auto& client = begin(script, "alice");
    script.send(client, password_message("pw"));
    EXPECT_EQ(client.take_types(), "");
    script.answer_look_up(found("pw"));
    auto messages = client.take();
    ASSERT_EQ(types_of(messages), "RE");
    EXPECT_EQ(messages[1].field('C'), "08P01");
    EXPECT_TRUE(client.closed());
}

TEST(AuthQuery, UnderTrustFindsWhatTheServerIsToBeTold) {
    UserSetup setup;
    setup.settings.auth.method = config::AuthMethod::Trust;
    ProxyScript script(setup);
    script.world.login = ModelWorld::Login::Md5;
    auto& client = script.accept();
    script.send(client, startup({{"user", "alice"}, {"database", "db"}}) + query("SELECT 'x'"));
    EXPECT_EQ(client.take_types(), "");
    script.answer_look_up(found(*protocol::md5_stored("alice", "secret")));
    EXPECT_EQ(client.take_types(), "RSSSSSKZTDCZ");
}

TEST(AuthQuery, ASecretThatIsNoneIsNobodys) {
    ProxyScript script{UserSetup()};
    EXPECT_EQ(log_in(script, "alice", "pw", found("SCRAM-SHA-256$nonsense")), "E");
    EXPECT_EQ(log_in(script, "bob", "x", found("")), "E");
}

TEST(ScramSecretOnly, TheClientsOwnLoginOpensTheServer) {
    for (bool looked_up : {false, true}) {
        UserSetup setup;
        if (!looked_up) setup.user_file = "\"alice\" \"" + scram_secret("pw") + "\"\n";
        ProxyScript script(setup);
        script.world.login = ModelWorld::Login::Scram;
        script.world.password = "pw";
        auto& client = begin(script, "alice");
        if (looked_up) script.answer_look_up(found(scram_secret("pw")));
        EXPECT_EQ(types_of(scram_answer(script, client, "pw")), "RRSSSSSKZ");
        EXPECT_EQ(script.ask(client, query("SELECT 'x'")), "TDCZ");
        // A connection that is made later, with nobody logging in.
        script.database_goes();
        script.database_returns();
        EXPECT_EQ(script.ask(client, query("SELECT 'x'")), "TDCZ") << looked_up;
    }
}

TEST(ScramSecretOnly, StaysGoodWhenTheAnswerIsTheSame) {
    ProxyScript script{UserSetup()};
    script.world.login = ModelWorld::Login::Scram;
    script.world.password = "pw";
    EXPECT_EQ(log_in(script, "alice", "pw", found(scram_secret("pw"))), "RRSSSSSKZ");
    script.advance_ms(config::Settings().auth.query_cache_ms);
    EXPECT_EQ(log_in(script, "alice", "pw", found(scram_secret("pw"))), "RRSSSSSKZ");
}

TEST(ScramSecretOnly, OfAnotherSaltSaysWhatToDo) {
    UserSetup setup;
    setup.user_file = "\"alice\" \"" + scram_secret("pw", 4'096) + "\"\n";
    ProxyScript script(setup);
    script.world.login = ModelWorld::Login::Scram;
    script.world.password = "pw";
    auto& client = script.accept(false);
    auto messages = scram_login(script, client, "alice", "pw");
    ASSERT_EQ(types_of(messages), "RE");
    EXPECT_THAT(messages[1].field('M'), HasSubstr("another SCRAM secret"));
}

TEST(ScramSecretOnly, UnderTrustCannotOpenAServerThatAsks) {
    UserSetup setup;
    setup.settings.auth.method = config::AuthMethod::Trust;
    setup.user_file = "\"alice\" \"" + scram_secret("pw") + "\"\n";
    ProxyScript script(setup);
    script.world.login = ModelWorld::Login::Scram;
    auto& client = script.accept();
    script.send(client, startup({{"user", "alice"}, {"database", "db"}}));
    auto messages = client.take();
    ASSERT_EQ(types_of(messages), "E");
    EXPECT_THAT(messages[0].field('M'), HasSubstr("logged in by it"));
}

TEST(Md5HashOnly, OpensMd5ServersAndNoOthers) {
    UserSetup setup;
    setup.settings.auth.method = config::AuthMethod::Md5;
    setup.user_file = "\"alice\" \"" + *protocol::md5_stored("alice", "secret") + "\"\n";
    for (auto login : {ModelWorld::Login::Md5, ModelWorld::Login::Scram}) {
        ProxyScript script(setup);
        script.world.login = login;
        auto& client = begin(script, "alice");
        auto request = client.take();
        ASSERT_EQ(types_of(request), "R");
        auto salt = base::as_bytes(request[0].payload).subspan(4);
        auto stored = protocol::md5_stored("alice", "secret");
        script.send(client, password_message(*protocol::md5_response(*stored, salt.first<4>())));
        auto messages = client.take();
        bool md5 = login == ModelWorld::Login::Md5;
        ASSERT_EQ(types_of(messages), md5 ? "RSSSSSKZ" : "E");
        if (!md5) {
            EXPECT_THAT(messages[0].field('M'), HasSubstr("an md5 hash serves md5 only"));
        }
    }
}

TEST(CancelKey, IsRandomInBothPartsAndComparedWhole) {
    ProxyScript script;
    std::set<std::string> pids;
    std::string key;
    for (int i = 0; i < 50; ++i) {
        auto& client = script.accept();
        script.send(client, startup({{"user", "app"}, {"database", "db"}}));
        key = client.take().at(6).payload;
        pids.insert(key.substr(0, 4));
        EXPECT_GE(base::load_be32(base::as_bytes(key).data()), 1u << 30);
    }
    EXPECT_EQ(pids.size(), 50u);
    auto pid = base::load_be32(base::as_bytes(key).data());
    for (std::size_t i = 4; i < 8; ++i) {
        std::string wrong = key.substr(4);
        wrong[i - 4] = static_cast<char>(wrong[i - 4] ^ 1);
        auto& guess = script.accept();
        script.send(guess, cancel_request(pid, wrong));
        EXPECT_TRUE(guess.closed());
    }
    EXPECT_EQ(script.cancels_elsewhere, 4);
    EXPECT_EQ(script.shard.cancels_forwarded.get(), 0u);
}

}  // namespace
}  // namespace pgsidecar::test
