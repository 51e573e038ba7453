// Who may come in, and what the sidecar proves to the server.

#include <algorithm>
#include <tuple>

#include "tests/integration/support/proxy_fixture.hpp"

namespace pgsidecar::test {
namespace {

using testing::HasSubstr;

class Auth : public ProxyTest {
protected:
    void SetUp() override {
        PGS_NEEDS_SIDECAR("PgBouncer is not set up with passwords here");
        expect_end(End::ProxyRunning);  // a good client needs a login of its own here
    }

    ProxyUnderTest& start_with(const std::string& user, const std::string& secret,
                               const std::string& method,
                               std::vector<std::pair<std::string, std::string>> more = {}) {
        users_ = std::make_unique<TempFolder>();
        std::string file = users_->write(
            "users",
            "; tests\n\"app\" \"secret\"\n\"app_md5\" \"secret\"\n\"app_scram\" \"secret\"\n");
        ProxySettings settings;
        settings.upstream_url = cluster().url(user, secret);
        settings.flags = std::move(more);
        if (!method.empty()) settings.flags.emplace_back("auth-method", method);
        if (method != "trust" && !method.empty())
            settings.flags.emplace_back("auth-user-file", file);
        return start(std::move(settings));
    }

    std::string refusal(const std::string& user, const std::string& password) {
        auto c = PqConnection::try_connect(proxy().conninfo(user, "password=" + password));
        EXPECT_FALSE(c.connected());
        return c.error();
    }

    std::unique_ptr<TempFolder> users_;
};

class AuthCombinations : public Auth,
                         public testing::WithParamInterface<std::tuple<const char*, const char*>> {
};

TEST_P(AuthCombinations, TheClientLogsInAndTheServerAcceptsTheSidecar) {
    auto [method, role] = GetParam();
    start_with(role, "secret", method);
    auto c = PqConnection(proxy().conninfo(role, "password=secret"));
    EXPECT_EQ(c.scalar("select current_user"), role);
}

std::string combination_name(
    const testing::TestParamInfo<std::tuple<const char*, const char*>>& combination) {
    auto [method, role] = combination.param;
    std::string name = std::string(method) + "_to_" + role;
    std::replace(name.begin(), name.end(), '-', '_');
    return name;
}

INSTANTIATE_TEST_SUITE_P(ClientByServer, AuthCombinations,
                         testing::Combine(testing::Values("trust", "md5", "scram-sha-256"),
                                          testing::Values("app", "app_md5", "app_scram")),
                         combination_name);

TEST_F(Auth, AWrongPasswordIsRefusedAndCounted) {
    for (const char* method : {"md5", "scram-sha-256"}) {
        start_with("app_scram", "secret", method);
        EXPECT_THAT(refusal("app_scram", "wrong"),
                    HasSubstr("password authentication failed for user \"app_scram\""));
        EXPECT_TRUE(eventually(2s, [&] {
            return proxy().metric(metric::kClientsRejected, {{"reason", "auth_failed"}}) == 1;
        })) << method;
        EXPECT_EQ(PqConnection(proxy().conninfo("app_scram", "password=secret")).scalar("select 1"),
                  "1");
    }
}

TEST_F(Auth, AnUnknownUserLooksLikeAWrongPassword) {
    for (const char* method : {"md5", "scram-sha-256"}) {
        start_with("app_scram", "secret", method);
        std::string unknown = refusal("nobody_here", "wrong"),
                    wrong = refusal("app_scram", "wrong");
        auto at = unknown.find("nobody_here");
        ASSERT_NE(at, std::string::npos) << unknown;
        unknown.replace(at, 11, "app_scram");
        // The port of the client is all that may differ, and libpq does not print it.
        EXPECT_EQ(unknown, wrong) << method;
    }
}

TEST_F(Auth, UnderTrustAnUnknownUserIsToldWhatToDo) {
    start_with("app", "", "trust");
    std::string error = refusal("somebody_else", "");
    EXPECT_THAT(error, HasSubstr("no credentials for user \"somebody_else\""));
    EXPECT_EQ(proxy().metric(metric::kClientsRejected, {{"reason", "auth_failed"}}), 1);
}

TEST_F(Auth, UsersOfTheFileGetConnectionsOfTheirOwn) {
    start_with("app_scram", "secret", "scram-sha-256");
    auto scram = PqConnection(proxy().conninfo("app_scram", "password=secret"));
    auto md5 = PqConnection(proxy().conninfo("app_md5", "password=secret"));
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(scram.scalar("select current_user"), "app_scram");
        EXPECT_EQ(md5.scalar("select current_user"), "app_md5");
    }
}

TEST_F(Auth, WhenTheServerRefusesTheSidecarTheClientGetsTheServersError) {
    start_with("app_scram", "not the password", "trust");
    EXPECT_THAT(refusal("app_scram", ""),
                HasSubstr("password authentication failed for user \"app_scram\""));
    EXPECT_TRUE(eventually(2s, [&] {
        return proxy().metric(metric::kServersClosed, {{"reason", "login_failed"}}) >= 1;
    }));
}

TEST_F(Auth, PassThroughBringsTheClientsOwnCredentialsToTheServer) {
    start_with("postgres", "", "", {{"auth-mode", "pass-through"}});
    for (const char* role : {"app", "app_md5", "app_scram"}) {
        auto c = PqConnection(proxy().conninfo(role, "password=secret"));
        EXPECT_EQ(c.scalar("select current_user"), role);
        EXPECT_EQ(c.scalar("select pg_backend_pid()"), std::to_string(PQbackendPID(c.get())));
    }
    EXPECT_THAT(refusal("app_scram", "wrong"), HasSubstr("password authentication failed"));
    EXPECT_THAT(refusal("nobody_here", "x"), HasSubstr("role \"nobody_here\" does not exist"));
}

TEST_F(Auth, SecretsNeverReachTheLog) {
    start_with("app_scram", "secret", "scram-sha-256", {{"log-level", "trace"}});
    EXPECT_EQ(PqConnection(proxy().conninfo("app_scram", "password=secret"))
                  .scalar("select 'canary_literal'"),
              "canary_literal");
    (void)refusal("app_scram", "other_canary");
    EXPECT_EQ(proxy().terminate(10s), 0);
    std::string log = proxy().log();
    EXPECT_THAT(log, testing::Not(HasSubstr("secret\"")));
    EXPECT_THAT(log, testing::Not(HasSubstr(":secret@")));
    EXPECT_THAT(log, testing::Not(HasSubstr("canary")));
    proxy_.reset();
}

}  // namespace
}  // namespace pgsidecar::test
