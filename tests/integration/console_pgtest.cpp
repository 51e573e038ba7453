// The admin console and the reload of the configuration, against the real program.

#include <algorithm>
#include <csignal>

#include "tests/integration/support/proxy_fixture.hpp"

namespace pgsidecar::test {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

class Console : public ProxyTest {
protected:
    void SetUp() override { PGS_NEEDS_SIDECAR("the admin console is its own"); }

    ProxyUnderTest& start_with(std::vector<std::pair<std::string, std::string>> flags = {},
                               int pool_size = 3) {
        ProxySettings settings;
        settings.pool_size = pool_size;
        settings.flags = std::move(flags);
        return start(std::move(settings));
    }
    PqConnection console(const std::string& user = "postgres") {
        return PqConnection(proxy().conninfo(user, "dbname=pgsidecar"));
    }
    /// The value of a column in the row where another one has that value; "?" when there is none.
    static std::string cell(const PqResult& rows, const std::string& where, const std::string& is,
                            const std::string& column) {
        int key = PQfnumber(rows.get(), where.c_str()),
            wanted = PQfnumber(rows.get(), column.c_str());
        for (int row = 0; key >= 0 && wanted >= 0 && row < PQntuples(rows.get()); ++row) {
            if (rows.value(row, key) == is) return rows.value(row, wanted);
        }
        return "?";
    }
    std::string write_config(const std::string& text) {
        return folder_.write("sidecar.toml", text);
    }

    TempFolder folder_;
};

TEST_F(Console, PsqlShowsEverySubject) {
    start_with();
    auto app = client("application_name=shop");
    app.run("prepare p as select 1");
    app.run("select 'geheim'");
    for (const char* subject : {"POOLS", "CLIENTS", "SERVERS", "STATS", "DATABASES", "CONFIG",
                                "VERSION", "PREPARED", "PINS", "OPERATIONS", "QUEUE", "HELP"}) {
        Command psql;
        psql.argv = {"psql",
                     "-X",
                     "-At",
                     "-h",
                     "127.0.0.1",
                     "-p",
                     std::to_string(proxy().port()),
                     "-U",
                     "postgres",
                     "-d",
                     "pgsidecar",
                     "-c",
                     std::string("SHOW ") + subject};
        psql.env = {{"PGSSLMODE", "disable"}};
        std::string said = run(psql, 20s);
        EXPECT_THAT(said, Not(HasSubstr("geheim"))) << subject;
        EXPECT_THAT(said, Not(HasSubstr("ERROR"))) << subject;
        if (std::string(subject) == "CLIENTS") {
            EXPECT_THAT(said, AllOf(HasSubstr("|shop|"), HasSubstr("|127.0.0.1|"),
                                    HasSubstr("|console|"), HasSubstr("|psql|")));
        }
        if (std::string(subject) == "OPERATIONS") {
            EXPECT_THAT(said, HasSubstr("|shop|postgres|postgres|query|"));
        }
        if (std::string(subject) == "VERSION") {
            EXPECT_THAT(said, HasSubstr("pgsidecar "));
        }
    }
}

TEST_F(Console, FiguresAreInt8AndRight) {
    start_with();
    auto app = client();
    app.run("begin");
    auto c = console();
    auto pools = c.query("SHOW POOLS");
    ASSERT_TRUE(pools.ok()) << pools.message();
    EXPECT_EQ(PQftype(pools.get(), PQfnumber(pools.get(), "sv_active")), 20u);
    EXPECT_EQ(cell(pools, "database", "postgres", "sv_active"), "1");
    EXPECT_EQ(cell(pools, "database", "postgres", "pool_size"), "3");
    auto servers = c.query("SHOW SERVERS");
    std::string pid = app.scalar("select pg_backend_pid()");
    EXPECT_EQ(cell(servers, "remote_pid", pid, "state"), "active");
    EXPECT_EQ(cell(servers, "remote_pid", pid, "port"), std::to_string(cluster().port()));
    auto pins = c.query("SHOW PINS");
    EXPECT_EQ(cell(pins, "link", pid, "reason"), "transaction");
    EXPECT_EQ(cell(c.query("SHOW CONFIG"), "key", "pool.size", "value"), "3");
    EXPECT_EQ(cell(c.query("SHOW DATABASES"), "name", "postgres", "current_connections"), "1");
    EXPECT_NE(c.query("SHOW STATS").value(0, 2), "0");
}

TEST_F(Console, DriversExtendedQueriesAreAnswered) {
    start_with();
    auto c = console();
    c.run("BEGIN");
    auto result =
        PqResult(PQexecParams(c.get(), "SHOW POOLS", 0, nullptr, nullptr, nullptr, nullptr, 1));
    EXPECT_TRUE(result.ok()) << result.message();
    EXPECT_EQ(PQfformat(result.get(), 0), 1);
    c.run("COMMIT");
    auto prepared = PqResult(PQprepare(c.get(), "s", "SHOW CONFIG", 0, nullptr));
    ASSERT_TRUE(prepared.ok()) << prepared.message();
    auto described = PqResult(PQdescribePrepared(c.get(), "s"));
    EXPECT_EQ(PQnfields(described.get()), 5);
    EXPECT_EQ(PQnparams(described.get()), 0);
    auto rows = PqResult(PQexecPrepared(c.get(), "s", 0, nullptr, nullptr, nullptr, 0));
    EXPECT_GT(PQntuples(rows.get()), 50);
    auto bad = PqResult(
        PQexecParams(c.get(), "select * from t", 0, nullptr, nullptr, nullptr, nullptr, 0));
    EXPECT_EQ(bad.sqlstate(), "0A000");
    EXPECT_EQ(c.scalar("select 1"), "1");
}

TEST_F(Console, RightsAreByUserAndCommand) {
    std::string users = folder_.write("users", "\"app\" \"\"\n\"app_md5\" \"secret\"\n");
    start_with({{"admin-stats-users", "app"}, {"auth-user-file", users}});
    EXPECT_THAT(PqConnection::try_connect(proxy().conninfo("app_md5", "dbname=pgsidecar")).error(),
                HasSubstr("may not use the admin console"));
    auto watcher = console("app");
    EXPECT_TRUE(watcher.query("SHOW POOLS").ok());
    for (const char* change : {"PAUSE", "RESUME", "RECONNECT", "KILL 1", "RELOAD"}) {
        auto refused = watcher.query(change);
        EXPECT_EQ(refused.sqlstate(), "42501") << change;
        EXPECT_THAT(refused.field(PG_DIAG_MESSAGE_HINT), HasSubstr("admin.users"));
    }
}

TEST_F(Console, PauseWaitsForTheTransactionAndResumeGoesOn) {
    start_with();
    auto busy = client();
    busy.run("begin");
    auto later = client();
    auto c = console();
    c.send("PAUSE");
    auto watcher = console();
    ASSERT_TRUE(eventually(5s, [&] {
        return cell(watcher.query("SHOW POOLS"), "database", "postgres", "paused") == "1";
    }));
    later.send("select 42");
    EXPECT_FALSE(c.answered(200ms));
    EXPECT_FALSE(later.answered(1ms));
    EXPECT_EQ(busy.scalar("select 1"), "1");
    busy.run("commit");
    EXPECT_TRUE(c.finish(5s).ok());
    EXPECT_FALSE(later.answered(200ms));
    EXPECT_EQ(cell(c.query("SHOW SERVERS"), "database", "postgres", "state"), "?");
    EXPECT_EQ(c.query("PAUSE").sqlstate(), "55000");
    EXPECT_TRUE(c.query("RESUME").ok());
    EXPECT_EQ(later.finish(5s).value(), "42");
    EXPECT_EQ(c.query("RESUME").sqlstate(), "55000");
    EXPECT_EQ(c.query("PAUSE nothing_such").sqlstate(), "3D000");
}

TEST_F(Console, NoClientSeesARestartUnderPause) {
    start_with();
    auto app = client();
    EXPECT_EQ(app.scalar("select 1"), "1");
    auto c = console();
    c.run("PAUSE postgres");
    app.send("select 'after'");
    cluster().restart(StopMode::Fast);
    c.run("RESUME postgres");
    EXPECT_EQ(app.finish(20s).value(), "after");
}

TEST_F(Console, PauseIsTakenBackAfterItsTimeOrWhenItIsCancelled) {
    start_with({{"admin-pause-wait-ms", "300"}});
    auto busy = client();
    busy.run("begin");
    auto c = console();
    EXPECT_EQ(c.query("PAUSE").sqlstate(), "57014");
    EXPECT_EQ(client().scalar("select 1"), "1");
    start_with();
    auto again = client();
    again.run("begin");
    auto d = console();
    d.send("PAUSE");
    ASSERT_TRUE(eventually(5s, [&] {
        return cell(console().query("SHOW POOLS"), "database", "postgres", "paused") == "1";
    }));
    std::unique_ptr<PGcancel, decltype(&PQfreeCancel)> cancel(PQgetCancel(d.get()), PQfreeCancel);
    char words[256];
    ASSERT_EQ(PQcancel(cancel.get(), words, sizeof words), 1) << words;
    EXPECT_EQ(d.finish(5s).sqlstate(), "57014");
    EXPECT_EQ(client().scalar("select 1"), "1");
    // The same when its client goes.
    d.send("PAUSE");
    ASSERT_TRUE(eventually(5s, [&] {
        return cell(console().query("SHOW POOLS"), "database", "postgres", "paused") == "1";
    }));
    d.close();
    EXPECT_TRUE(eventually(5s, [&] {
        return cell(console().query("SHOW POOLS"), "database", "postgres", "paused") == "0";
    }));
}

TEST_F(Console, KillEndsAClientAndItsStatement) {
    start_with();
    auto victim = client("application_name=victim");
    victim.send("select pg_sleep(600)");
    auto c = console();
    std::string id;
    ASSERT_TRUE(eventually(5s, [&] {
        auto clients = c.query("SHOW CLIENTS");
        id = cell(clients, "application_name", "victim", "id");
        return cell(clients, "application_name", "victim", "state") == "active";
    }));
    // A cancel that overtakes the statement would find nothing to cancel.
    const std::string sleeping = "query like '%pg_sleep(600)%' and state = 'active'";
    ASSERT_TRUE(eventually(5s, [&] { return backends(sleeping) == 1; }));
    EXPECT_TRUE(c.query("KILL " + id).ok());
    EXPECT_EQ(victim.finish(5s).sqlstate(), "57P01");
    EXPECT_EQ(c.query("KILL " + id).sqlstate(), "08003");
    EXPECT_TRUE(eventually(5s, [&] { return backends(sleeping) == 0; }));
}

TEST_F(Console, ReconnectMakesNewBackends) {
    start_with({}, 1);
    auto app = client();
    std::string before = app.scalar("select pg_backend_pid()");
    EXPECT_EQ(app.scalar("select pg_backend_pid()"), before);
    auto c = console();
    c.run("RECONNECT");
    EXPECT_NE(app.scalar("select pg_backend_pid()"), before);
    app.run("begin");
    std::string during = app.scalar("select pg_backend_pid()");
    c.run("RECONNECT postgres");
    EXPECT_EQ(app.scalar("select pg_backend_pid()"), during);
    app.run("commit");
    EXPECT_NE(app.scalar("select pg_backend_pid()"), during);
}

TEST_F(Console, ReloadTakesOverWhatItCanAndSaysWhatItCannot) {
    std::string path = write_config("[limits]\nmax_pipeline = 5000\n");
    start_with({{"config", path}});
    auto c = console();
    auto config = [&](const std::string& key) {
        return cell(c.query("SHOW CONFIG"), "key", key, "value");
    };
    EXPECT_EQ(config("limits.max_pipeline"), "5000");
    write_config("[limits]\nmax_pipeline = 6000\n[audit]\nring_records = 99\n");
    EXPECT_TRUE(c.query("RELOAD").ok());
    auto notices = c.take_notices();
    EXPECT_THAT(notices, Contains(HasSubstr("limits.max_pipeline has changed")));
    EXPECT_THAT(notices, Contains(HasSubstr("audit.ring_records needs a restart")));
    EXPECT_EQ(config("limits.max_pipeline"), "6000");
    EXPECT_EQ(config("audit.ring_records"), "16384");
    EXPECT_EQ(proxy().metric("pgsidecar_config_reloads_total", {{"outcome", "success"}}), 1);

    write_config("[limits]\nmax_pipeline = 0\n");
    auto refused = c.query("RELOAD");
    EXPECT_EQ(refused.sqlstate(), "F0000");
    EXPECT_THAT(refused.field(PG_DIAG_MESSAGE_DETAIL), HasSubstr("limits.max_pipeline"));
    EXPECT_EQ(config("limits.max_pipeline"), "6000");
    EXPECT_EQ(proxy().metric("pgsidecar_config_reloads_total", {{"outcome", "failure"}}), 1);
    EXPECT_EQ(proxy().metric("pgsidecar_config_last_reload_successful"), 0);
    EXPECT_EQ(client().scalar("select 1"), "1");
}

TEST_F(Console, SighupReloadsUsersTooAndABrokenUserFileChangesNothing) {
    std::string users = folder_.write("users", "\"app\" \"secret\"\n");
    std::string path = write_config("[auth]\nuser_file = \"" + users + "\"\n[pool]\nsize = 4\n");
    ProxySettings settings;
    settings.pool_size = 4;
    settings.flags = {{"config", path}};
    start(std::move(settings));
    EXPECT_FALSE(PqConnection::try_connect(proxy().conninfo("app_md5")).connected());
    EXPECT_TRUE(PqConnection::try_connect(proxy().conninfo("app")).connected());
    folder_.write("users", "\"app\" \"secret\"\n\"app_md5\" \"secret\"\n");
    auto reloads = [&](const char* result) {
        return proxy().metric("pgsidecar_config_reloads_total", {{"outcome", result}});
    };
    proxy().signal(SIGHUP);
    ASSERT_TRUE(eventually(5s, [&] { return reloads("success") == 1; }));
    EXPECT_TRUE(PqConnection::try_connect(proxy().conninfo("app_md5")).connected());
    folder_.write("users", "broken\n");
    proxy().signal(SIGHUP);
    ASSERT_TRUE(eventually(5s, [&] { return reloads("failure") == 1; }));
    EXPECT_THAT(proxy().log(), HasSubstr("the old one stays in use"));
    EXPECT_TRUE(PqConnection::try_connect(proxy().conninfo("app_md5")).connected());
}

TEST_F(Console, AllWorkersAreSeenAndOrdered) {
    start_with({{"workers", "2"}}, 4);
    std::vector<PqConnection> apps;
    for (int i = 0; i < 6; ++i) apps.push_back(client("application_name=a" + std::to_string(i)));
    for (auto& app : apps) app.run("select 1");
    auto c = console();
    auto clients = c.query("SHOW CLIENTS");
    std::vector<std::string> ids, workers;
    for (int i = 0; i < PQntuples(clients.get()); ++i) {
        ids.push_back(clients.value(i, PQfnumber(clients.get(), "id")));
        workers.push_back(clients.value(i, PQfnumber(clients.get(), "worker")));
    }
    std::sort(ids.begin(), ids.end());
    EXPECT_EQ(std::unique(ids.begin(), ids.end()), ids.end());
    EXPECT_THAT(workers, Contains("0"));
    EXPECT_THAT(workers, Contains("1"));
    c.run("PAUSE");
    EXPECT_EQ(cell(c.query("SHOW SERVERS"), "database", "postgres", "state"), "?");
    for (auto& app : apps) app.send("select 7");
    c.run("RESUME");
    for (auto& app : apps) EXPECT_EQ(app.finish(5s).value(), "7");
    for (const std::string& id : ids) {
        if (id == cell(clients, "application_name", "a3", "id")) c.run("KILL " + id);
    }
    EXPECT_FALSE(apps[3].query("select 1").ok());
    EXPECT_TRUE(apps[4].query("select 1").ok());
}

}  // namespace
}  // namespace pgsidecar::test
