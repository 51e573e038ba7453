// Users that only the database knows, secrets without passwords, and what a failed login tells.

#include <algorithm>
#include <chrono>
#include <random>
#include <vector>

#include "tests/integration/support/proxy_fixture.hpp"

namespace pgsidecar::test {
namespace {

using testing::HasSubstr;

constexpr char kQuery[] = "select usename, passwd from pg_catalog.pg_shadow where usename = $1";
constexpr char kLookups[] = "pgsidecar_user_lookups_total";

class AuthUsers : public ProxyTest {
protected:
    void SetUp() override {
        PGS_NEEDS_SIDECAR("PgBouncer is not set up with passwords here");
        expect_end(End::ProxyRunning);  // a good client needs a login of its own here
    }

    using Flags = std::vector<std::pair<std::string, std::string>>;

    ProxyUnderTest& start_with(const std::string& method, Flags more, const std::string& file = "",
                               const std::string& user = "postgres") {
        ProxySettings settings;
        settings.upstream_url = cluster().url(user);
        settings.flags = std::move(more);
        settings.flags.emplace_back("auth-method", method);
        if (!file.empty())
            settings.flags.emplace_back("auth-user-file", folder_.write("users", file));
        return start(std::move(settings));
    }
    PqConnection try_login(const std::string& user, const std::string& password) {
        return PqConnection::try_connect(proxy().conninfo(user, "password=" + password));
    }
    std::string refusal(const std::string& user, const std::string& password) {
        auto c = try_login(user, password);
        EXPECT_FALSE(c.connected());
        return c.error();
    }
    double lookups(const char* result) { return proxy().metric(kLookups, {{"result", result}}); }
    std::string stored(const std::string& user) {
        return direct().scalar("select rolpassword from pg_authid where rolname = '" + user + "'");
    }

    TempFolder folder_;
};

TEST_F(AuthUsers, AuthQueryFindsThemAndTheirLoginsOpenTheServer) {
    for (const char* method : {"scram-sha-256", "md5"}) {
        start_with(method, {{"auth-query", kQuery}});
        for (const char* user : {"app_scram", "app_md5"}) {
            bool works = method == std::string("md5") || user == std::string("app_scram");
            for (int i = 0; i < 3; ++i) {
                auto c = try_login(user, "secret");
                ASSERT_EQ(c.connected(), works) << method << ' ' << user << ": " << c.error();
                if (works) {
                    EXPECT_EQ(c.scalar("select current_user"), user);
                }
                if (!works) break;
            }
        }
        EXPECT_EQ(lookups("found"), 2) << method;
        EXPECT_THAT(refusal("app_scram", "wrong"), HasSubstr("password authentication failed"));
    }
}

TEST_F(AuthUsers, ALearnedKeyOpensConnectionsThatAreMadeLater) {
    start_with("scram-sha-256", {{"auth-query", kQuery}});
    auto c = PqConnection(proxy().conninfo("app_scram", "password=secret"));
    std::string first = c.scalar("select pg_backend_pid()");
    direct().run("select pg_terminate_backend(" + first + ")");
    ASSERT_TRUE(eventually(5s, [&] {
        return direct().scalar("select count(*) from pg_stat_activity where pid = " + first) == "0";
    }));
    EXPECT_NE(c.scalar("select pg_backend_pid()"), first);
    EXPECT_EQ(c.scalar("select current_user"), "app_scram");
}

TEST_F(AuthUsers, TheUserFileMayHoldSecretsAlone) {
    std::string file = "\"app_scram\" \"" + stored("app_scram") + "\"\n\"app_md5\" \"" +
                       stored("app_md5") + "\"\n";
    start_with("md5", {}, file);
    for (const char* user : {"app_scram", "app_md5"}) {
        auto c = try_login(user, "secret");
        ASSERT_TRUE(c.connected()) << c.error();
        EXPECT_EQ(c.scalar("select current_user"), user);
        EXPECT_THAT(refusal(user, "wrong"), HasSubstr("password authentication failed"));
    }
}

TEST_F(AuthUsers, ASecretOfAnotherSaltSaysWhatToDo) {
    auto d = direct();
    std::string file = "\"app_scram\" \"" + stored("app_scram") + "\"\n";
    d.run("set password_encryption = 'scram-sha-256'; alter role app_scram password 'secret'");
    start_with("scram-sha-256", {}, file);
    EXPECT_THAT(refusal("app_scram", "secret"), HasSubstr("another SCRAM secret of this user"));
}

TEST_F(AuthUsers, AuthQueryUserAsksInTheirPlace) {
    auto d = direct();
    d.run(
        "create or replace function public.sidecar_user(text) returns table(n name, s text) "
        "language sql security definer as 'select usename, passwd from pg_catalog.pg_shadow "
        "where usename = $1'; revoke all on function public.sidecar_user(text) from public; "
        "grant execute on function public.sidecar_user(text) to app_scram");
    const std::string query = "select n, s from public.sidecar_user($1)";
    start_with("md5", {{"auth-query", query}, {"auth-query-user", "app_scram"}},
               "\"app_scram\" \"secret\"\n", "app");
    auto c = PqConnection(proxy().conninfo("app_md5", "password=secret"));
    EXPECT_EQ(c.scalar("select current_user"), "app_md5");
    // The user of the address may not run it: nobody can be judged, and the log has the cause.
    start_with("md5", {{"auth-query", query}}, "", "app");
    EXPECT_THAT(refusal("app_md5", "secret"), HasSubstr("does not answer auth.query"));
    EXPECT_THAT(proxy().log(), HasSubstr("auth.query is not answered"));
    EXPECT_THAT(proxy().log(), HasSubstr("42501"));
    EXPECT_EQ(lookups("failed"), 1);
}

TEST_F(AuthUsers, AChangedPasswordIsKnownAfterOneRefusal) {
    auto d = direct();
    d.run("create role app_changes login password 'old'");
    start_with("scram-sha-256", {{"auth-query", kQuery}, {"auth-query-negative-cache-ms", "1"}});
    EXPECT_TRUE(try_login("app_changes", "old").connected());
    d.run("alter role app_changes password 'new'");
    EXPECT_THAT(refusal("app_changes", "new"), HasSubstr("password authentication failed"));
    EXPECT_TRUE(try_login("app_changes", "new").connected());
    EXPECT_FALSE(try_login("app_changes", "old").connected());
    proxy_.reset();
    d.run("drop role app_changes");
}

TEST_F(AuthUsers, WhileTheDatabaseIsAwayKeptAnswersServe) {
    start_with("scram-sha-256", {{"auth-query", kQuery}, {"auth-query-cache-ms", "1"}});
    auto stays = PqConnection(proxy().conninfo("app_scram", "password=secret"));
    EXPECT_EQ(stays.scalar("select 1"), "1");
    cluster().stop(StopMode::Fast);
    auto comes = try_login("app_scram", "secret");
    EXPECT_TRUE(comes.connected()) << comes.error();
    EXPECT_THAT(refusal("app_scram", "wrong"), HasSubstr("password authentication failed"));
    EXPECT_THAT(refusal("app_md5", "secret"), HasSubstr("does not answer auth.query"));
    EXPECT_GE(lookups("failed"), 3);
    cluster().start();
    EXPECT_EQ(comes.scalar("select current_user"), "app_scram");
    EXPECT_TRUE(eventually(10s, [&] { return try_login("app_scram", "secret").connected(); }));
}

TEST_F(AuthUsers, AFailureTellsNothingByTextOrTime) {
    for (bool by_query : {false, true}) {
        Flags flags;
        if (by_query) flags.emplace_back("auth-query", kQuery);
        start_with("scram-sha-256", flags, "\"app_scram\" \"" + stored("app_scram") + "\"\n");
        auto fail = [&](const std::string& user, std::string& text) {
            auto begun = std::chrono::steady_clock::now();
            text = refusal(user, "wrong");
            auto at = text.find(user);
            if (at != std::string::npos) text.replace(at, user.size(), "USER");
            return std::chrono::steady_clock::now() - begun;
        };
        std::string known_text, unknown_text;
        for (int i = 0; i < 3; ++i) {
            auto known = fail("app_scram", known_text);
            auto unknown = fail("nobody_" + std::to_string(i), unknown_text);
            EXPECT_EQ(known_text, unknown_text);
            EXPECT_GE(known, 500ms);
            EXPECT_GE(unknown, 500ms);
            // The worker looks every 250 ms; the rest is for a busy machine.
            EXPECT_LT(known, 1'400ms);
            EXPECT_LT(unknown, 1'400ms);
        }
    }
}

TEST_F(AuthUsers, TrustIsForUnixSocketsToo) {
    TempFolder sockets;
    start_with("trust", {{"listen-unix-socket-dir", sockets.path()}}, "", "app");
    std::string words =
        " user=app dbname=postgres connect_timeout=10 port=" + std::to_string(proxy().port());
    auto by_socket = PqConnection("host=" + sockets.path() + words);
    EXPECT_EQ(by_socket.scalar("select current_user"), "app");
    auto by_loopback = PqConnection("host=127.0.0.1" + words);
    EXPECT_EQ(by_loopback.scalar("select current_user"), "app");
}

TEST_F(AuthUsers, NamesOfAMegabyteCostTheirSenderAlone) {
    start_with("scram-sha-256", {{"auth-query", kQuery}, {"limits-max-startup-bytes", "1048576"}});
    auto before = proxy().rss();
    for (int i = 0; i < 60; ++i) {
        RawClient client(proxy().port());
        std::string name = std::to_string(i) + std::string(1'000'000, 'n');
        client.send(wire::startup({{"user", name}, {"database", "postgres"}}));
        auto asked = client.read_message();
        ASSERT_TRUE(asked.has_value());
        EXPECT_EQ(asked->type, 'R');
    }
    EXPECT_LT(proxy().rss(), before + proxy().memory_bound(160u << 20));
    auto good = PqConnection(proxy().conninfo("app_scram", "password=secret"));
    EXPECT_EQ(good.scalar("select 1"), "1");
    EXPECT_LT(proxy().log().size(), 100'000u);
}

TEST_F(AuthUsers, GuessedCancelKeysAreCountedByAllWorkersAndStrikeNobody) {
    start_with("trust", {{"workers", "2"}}, "", "app");
    auto victim = PqConnection(proxy().conninfo("app"));
    victim.send("select pg_sleep(1.5)");
    std::mt19937 random(11);
    auto pid = static_cast<std::uint32_t>(PQbackendPID(victim.get()));
    auto other = PqConnection(proxy().conninfo("app"));
    constexpr int kGuesses = 600;
    for (int i = 0; i < kGuesses; ++i) {
        RawClient guess(proxy().port());
        guess.send(wire::cancel_request(i % 2 == 0 ? pid : static_cast<std::uint32_t>(random()),
                                        static_cast<std::uint32_t>(random())));
        if (i % 50 == 0) {
            EXPECT_EQ(other.scalar("select 1"), "1");
        }
    }
    EXPECT_TRUE(eventually(5s, [&] {
        return proxy().metric(metric::kCancelsUnknownKey) == kGuesses;
    })) << proxy().metric(metric::kCancelsUnknownKey);
    EXPECT_EQ(victim.finish(5s).status(), PGRES_TUPLES_OK);
    EXPECT_EQ(proxy().metric(metric::kCancelsForwarded), 0);
}

TEST_F(AuthUsers, SettingsThatCannotWorkAreRefusedAtTheStart) {
    struct Row {
        Flags flags;
        const char* file;
        const char* words;
    };
    const Row rows[] = {
        {{{"auth-query", "select 1, 2"}}, "", "does not use $1"},
        {{{"auth-query", kQuery}, {"auth-query-user", "asker"}}, "", "is not in auth.user_file"},
        {{{"auth-query", kQuery}, {"auth-query-user", "asker"}},
         "\"asker\" \"md500112233445566778899aabbccddeeff\"\n",
         "write the password itself"},
        {{}, "", "need auth.user_file or auth.query"},
    };
    for (const Row& row : rows) {
        Command command;
        command.argv = {sidecar_binary(),
                        "--auth-method",
                        "scram-sha-256",
                        "--listen-port",
                        "0",
                        "--http-port",
                        "0"};
        for (const auto& [flag, value] : row.flags) {
            command.argv.push_back("--" + flag);
            command.argv.push_back(value);
        }
        if (*row.file != '\0') {
            command.argv.push_back("--auth-user-file");
            command.argv.push_back(folder_.write("users", row.file));
        }
        command.env = {{"DATABASE_URL", cluster().url()},
                       {"XDG_STATE_HOME", folder_.path()},
                       {"HOME", folder_.path()}};
        command.output_file = folder_.path() + "/output";
        ChildProcess process(command);
        EXPECT_EQ(process.exit_code(10s), 78) << row.words;
        EXPECT_THAT(read_file(command.output_file), HasSubstr(row.words));
    }
}

}  // namespace
}  // namespace pgsidecar::test
