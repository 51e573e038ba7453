// Mode mock: no database at all, and yet everything that a client asks succeeds (R29-R31).

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "tests/support/pq.hpp"
#include "tests/support/proxy_under_test.hpp"
#include "tests/support/raw_client.hpp"

namespace pgsidecar::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class Mock : public testing::TestWithParam<const char*> {
protected:
    void SetUp() override {
        if (proxy_kind() != ProxyKind::Sidecar)
            GTEST_SKIP() << "needs the sidecar: nobody else has a mode mock";
    }
    void TearDown() override {
        if (!proxy_) return;
        EXPECT_TRUE(proxy_->running()) << "the sidecar ended during the test";
        if (HasFailure()) std::cerr << "--- sidecar log\n" << proxy_->log_tail(20);
    }

    /// url: no server listens there, but its user is the only one let in; empty: anybody is.
    void start(const std::string& url = "",
               std::vector<std::pair<std::string, std::string>> flags = {}) {
        proxy_.reset();
        ProxySettings settings;
        settings.pool_mode = GetParam();
        settings.upstream_url = url.empty() ? "postgres://127.0.0.1:1/unused" : url;
        settings.flags = std::move(flags);
        settings.flags.emplace_back("mode", "mock");
        settings.flags.emplace_back("database-url", url);
        proxy_ = ProxyUnderTest::start(std::move(settings));
    }
    std::string conninfo(const std::string& user = "anybody", const std::string& more = "") {
        return proxy_->conninfo(user, "dbname=shop " + more);
    }
    PqConnection client(const std::string& more = "") {
        return PqConnection(conninfo("anybody", more));
    }

    std::unique_ptr<ProxyUnderTest> proxy_;
};

TEST_P(Mock, AnybodyConnectsAndSelects) {
    start();
    auto c = client("application_name=app");
    EXPECT_EQ(PQserverVersion(c.get()), 150000);
    EXPECT_EQ(c.scalar("select 1"), "1");
    EXPECT_EQ(c.scalar("select current_user || '@' || current_database()"), "anybody@shop");
    EXPECT_EQ(c.scalar("show application_name"), "app");
    EXPECT_EQ(c.query("select $1::int + 1", {"41"}).value(), "42");
    EXPECT_EQ(c.scalar("select count(*) from nowhere"), "0");
    EXPECT_EQ(PQntuples(c.query("select a, b from nowhere").get()), 0);
}

TEST_P(Mock, WritesSucceedAndNothingIsStored) {
    start();
    auto c = client();
    c.run("create table items (id int, name text)");
    auto inserted = c.query("insert into items values (1, 'a'), (2, 'b')");
    EXPECT_STREQ(PQcmdTuples(inserted.get()), "2");
    auto returned = c.query("insert into items (id, name) values ($1, $2) returning *", {"3", "c"});
    ASSERT_TRUE(returned.ok()) << returned.message();
    EXPECT_EQ(returned.value(0, 0), "3");
    EXPECT_EQ(PQftype(returned.get(), 0), 23u);
    EXPECT_EQ(returned.value(0, 1), "c");
    EXPECT_STREQ(PQcmdTuples(c.query("update items set name = 'x'").get()), "0");
    EXPECT_EQ(c.scalar("select count(*) from items"), "0");
}

TEST_P(Mock, TransactionsHaveTheirStates) {
    start();
    auto c = client();
    c.run("begin");
    EXPECT_EQ(PQtransactionStatus(c.get()), PQTRANS_INTRANS);
    c.run("insert into t values (1)");
    EXPECT_EQ(c.query("selec 1").sqlstate(), "42601");
    EXPECT_EQ(PQtransactionStatus(c.get()), PQTRANS_INERROR);
    EXPECT_EQ(c.query("select 1").sqlstate(), "25P02");
    c.run("rollback");
    EXPECT_EQ(PQtransactionStatus(c.get()), PQTRANS_IDLE);
    c.run("begin; savepoint s; insert into t values (1); rollback to s; commit");
    EXPECT_EQ(c.scalar("select 2"), "2");
}

TEST_P(Mock, SettingsFollowTheirClient) {
    start();
    auto one = client("options='-c work_mem=1MB'"), two = client();
    one.run("set application_name = 'one'");
    two.run("set application_name = 'two'; set search_path = b");
    EXPECT_EQ(one.scalar("show application_name"), "one");
    EXPECT_EQ(one.scalar("show work_mem"), "1MB");
    EXPECT_EQ(two.scalar("show application_name"), "two");
    EXPECT_STREQ(PQparameterStatus(two.get(), "application_name"), "two");
}

TEST_P(Mock, CopyInIsCounted) {
    start();
    auto c = client();
    ASSERT_EQ(c.query("copy t from stdin").status(), PGRES_COPY_IN);
    const std::string row(70'000, 'x');
    for (int i = 0; i < 100; ++i) {
        ASSERT_EQ(PQputCopyData(c.get(), (row + "\n").c_str(), 70'001), 1);
    }
    ASSERT_EQ(PQputCopyEnd(c.get(), nullptr), 1);
    PqResult done(PQgetResult(c.get()));
    EXPECT_STREQ(PQcmdTuples(done.get()), "100");
}

TEST_P(Mock, LargeStatementsAndParametersPass) {
    start();
    auto c = client();
    const std::string big(5'000'000, 'y');
    EXPECT_EQ(c.query("select length('" + big + "'), 1").value(0, 1), "1");
    EXPECT_EQ(c.query("select $1", {big}).value(), big);
    std::string rows = "insert into t values (0)";
    for (int i = 0; i < 100'000; ++i) rows += ",(" + std::to_string(i) + ")";
    EXPECT_STREQ(PQcmdTuples(c.query(rows).get()), "100001");
}

TEST_P(Mock, ACancelRequestDoesNoHarm) {
    start();
    auto c = client();
    PGcancel* cancel = PQgetCancel(c.get());
    char problem[256] = "";
    EXPECT_EQ(PQcancel(cancel, problem, sizeof problem), 1) << problem;
    PQfreeCancel(cancel);
    EXPECT_EQ(c.scalar("select 3"), "3");
}

TEST_P(Mock, TheUserOfTheAddressIsTheOnlyOne) {
    start("postgres://app@127.0.0.1:1/shop");
    EXPECT_TRUE(PqConnection::try_connect(conninfo("app")).connected());
    auto other = PqConnection::try_connect(conninfo("other"));
    EXPECT_FALSE(other.connected());
    EXPECT_THAT(other.error(), HasSubstr("other"));
}

TEST_P(Mock, PasswordsAreCheckedWhenAsked) {
    TempFolder folder;
    std::string users = folder.write("users", "\"anna\" \"secret\"\n");
    start("", {{"auth-method", "scram-sha-256"}, {"auth-user-file", users}});
    EXPECT_TRUE(PqConnection::try_connect(conninfo("anna", "password=secret")).connected());
    EXPECT_FALSE(PqConnection::try_connect(conninfo("anna", "password=wrong")).connected());
    EXPECT_FALSE(PqConnection::try_connect(conninfo("anybody", "password=x")).connected());
}

TEST_P(Mock, HealthIsAlwaysGoodAndTheStatusWarns) {
    start("", {{"health-readiness", "upstream"}});
    EXPECT_EQ(http_get(proxy_->http_port(), "/readyz").status, 200);
    std::string status = http_get(proxy_->http_port(), "/api/status").body;
    EXPECT_THAT(status, HasSubstr("\"mode\":\"mock\""));
    EXPECT_THAT(status, HasSubstr("\"status\":\"connected\""));
    EXPECT_THAT(proxy_->log(), HasSubstr("Mock mode is active"));
    auto c = client();
    c.run("insert into t values (1), (2)");
    EXPECT_TRUE(eventually(5s, [&] {
        return http_get(proxy_->http_port(), "/api/operations").body.find("\"affectedRows\":2") !=
               std::string::npos;
    })) << "operations are recorded in mode mock too (R94)";
}

TEST_P(Mock, ManyClientsOnSeveralWorkers) {
    start("", {{"workers", "2"}});
    client().run("create table shared_by_workers (id int)");
    std::vector<std::thread> threads;
    std::atomic<int> good{0};
    for (int t = 0; t < 16; ++t) {
        threads.emplace_back([&] {
            auto c = client();
            for (int i = 0; i < 50; ++i) {
                c.run("begin; insert into t values (1); commit");
                good += c.scalar("select " + std::to_string(i)) == std::to_string(i) ? 1 : 0;
            }
            auto typed = c.query("select id from shared_by_workers");
            EXPECT_EQ(PQftype(typed.get(), 0), 23u);
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(good, 800);
    EXPECT_EQ(proxy_->terminate(10s), 0);
    proxy_.reset();
}

TEST_P(Mock, AStopInTheMiddleOfWorkIsClean) {
    start("", {{"shutdown-client-wait-ms", "200"}});
    auto c = client();
    c.run("begin");
    std::string many;
    for (int i = 0; i < 20'000; ++i) many += "select 1;";
    c.send(many);
    EXPECT_EQ(proxy_->terminate(20s), 0);
    proxy_.reset();
}

TEST_P(Mock, AReaderThatDoesNotReadCostsNoMemory) {
    start();
    RawClient raw(proxy_->port());
    raw.login({{"user", "anybody"}, {"database", "shop"}});
    std::size_t before = proxy_->rss();
    const std::string statement = wire::query("select '" + std::string(1'000, 'x') + "'");
    std::string flood;
    for (int i = 0; i < 60'000; ++i) flood += statement;
    EXPECT_FALSE(raw.socket().write_all(flood, 2s)) << "the sidecar read 60 MB without an end";
    EXPECT_LT(proxy_->peak_rss(), before + proxy_->memory_bound(40u << 20));
    EXPECT_EQ(client().scalar("select 4"), "4") << "others are served meanwhile";
}

TEST_P(Mock, PsqlStartsAndDescribesNothing) {
    start();
    Command psql;
    psql.argv = {"psql",
                 "-XAt",
                 conninfo(),
                 "-c",
                 "\\d",
                 "-c",
                 "select 1",
                 "-c",
                 "create table t (id int); insert into t values (1) returning id",
                 "-c",
                 "select * from t"};
    psql.env = {{"PGSSLMODE", "disable"}};
    std::string said = run(psql, 20s);
    EXPECT_THAT(said, HasSubstr("Did not find any relations."));
    EXPECT_THAT(said, HasSubstr("INSERT 0 1"));
}

INSTANTIATE_TEST_SUITE_P(PoolModes, Mock, testing::Values("session", "transaction"),
                         [](const auto& mode) { return std::string(mode.param); });

}  // namespace
}  // namespace pgsidecar::test
