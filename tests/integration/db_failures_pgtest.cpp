#include <chrono>
#include <memory>

#include "base/clock.hpp"
#include "tests/integration/db_bench.hpp"
#include "tests/support/fake_server.hpp"

namespace pgsidecar::db {
namespace {

using model::ErrorCode;
using AdapterFailures = WithCluster;

TEST_F(AdapterFailures, RefusedPort) {
    Bench bench(fake_url(1));
    auto report = bench.await(bench.adapter.health_check(2'000));
    EXPECT_EQ(report.error.code, ErrorCode::ConnRefused);
    EXPECT_TRUE(report.error.transient);
    EXPECT_FALSE(report.result.success);
    EXPECT_EQ(report.result.error,
              "Cannot connect to database. Please check if PostgreSQL is running.");
}

TEST_F(AdapterFailures, UnknownHost) {
    Bench bench("postgres://app@no-such-host.invalid:5432/postgres");
    auto report = bench.await(bench.adapter.health_check(10'000));
    EXPECT_EQ(report.error.code, ErrorCode::NotFound) << report.error.message;
    EXPECT_TRUE(report.error.transient);
}

TEST_F(AdapterFailures, AMissingUnixSocket) {
    Bench bench("postgres://app@/postgres?host=/tmp/pgsidecar-no-such-folder");
    EXPECT_EQ(bench.await(bench.adapter.health_check(2'000)).error.code, ErrorCode::ConnRefused);
}

TEST_F(AdapterFailures, WrongPasswordIsPermanent) {
    for (const char* user : {"app_scram", "app_md5"}) {
        Bench bench(cluster.url(user, "wrong"));
        auto report = bench.await(bench.adapter.health_check(2'000));
        EXPECT_EQ(report.error.code, ErrorCode::AuthFailed);
        EXPECT_EQ(report.error.sqlstate, "28P01");
        EXPECT_FALSE(report.error.transient);
        EXPECT_EQ(report.error.message.find("wrong"), std::string::npos);
    }
}

TEST_F(AdapterFailures, NoPasswordAtAllIsPermanent) {
    Bench bench(cluster.url("app_scram"));
    auto report = bench.await(bench.adapter.health_check(2'000));
    EXPECT_EQ(report.error.code, ErrorCode::AuthFailed);
    EXPECT_FALSE(report.error.transient);
}

TEST_F(AdapterFailures, UnknownDatabaseIsPermanent) {
    Bench bench("postgres://postgres@127.0.0.1:" + std::to_string(cluster.port()) + "/nope");
    auto report = bench.await(bench.adapter.health_check(2'000));
    EXPECT_EQ(report.error.sqlstate, "3D000");
    EXPECT_FALSE(report.error.transient);
}

TEST_F(AdapterFailures, SupabaseInsistsOnTls) {
    Bench bench(cluster.url() + "?sslmode=disable", model::DatabaseMode::Supabase);
    auto report = bench.await(bench.adapter.health_check(2'000));
    EXPECT_FALSE(report.result.success);
    EXPECT_FALSE(report.error.transient);
    EXPECT_EQ(report.error.message, model::tls_refused().message);
}

TEST_F(AdapterFailures, ASilentServerTimesOutInTime) {
    test::FakeServer silent([](test::FakeConnection& connection) { connection.wait_for_close(); });
    Bench bench(fake_url(silent.port()));
    auto begun = std::chrono::steady_clock::now();
    auto report = bench.await(bench.adapter.health_check(300));
    EXPECT_EQ(report.error.message, "Database operation timed out after 300ms");
    EXPECT_TRUE(report.error.transient);
    EXPECT_LT(std::chrono::steady_clock::now() - begun, 2s);
    EXPECT_GE(report.result.latency_ms, 299);
}

TEST_F(AdapterFailures, AServerThatLogsInAndThenSaysNothingTimesOut) {
    test::FakeServer mute([](test::FakeConnection& connection) {
        connection.accept_login();
        connection.wait_for_close();
    });
    Bench bench(fake_url(mute.port()));
    auto report = bench.await(bench.adapter.health_check(300));
    EXPECT_EQ(report.error.code, ErrorCode::Timeout);
    EXPECT_FALSE(bench.adapter.is_connected());
}

TEST_F(AdapterFailures, NonsenseIsAnErrorAndNotAHang) {
    for (const std::string& nonsense :
         {std::string("HTTP/1.1 400 Bad Request\r\n\r\n"), std::string(64, '\0'),
          std::string(100'000, 'R'), std::string("E\0\0\0\5\0", 6),
          std::string("E\xff\xff\xff\xff", 5), std::string("Z")}) {
        test::FakeServer server([&nonsense](test::FakeConnection& connection) {
            connection.read_startup();
            connection.send(nonsense);
        });
        Bench bench(fake_url(server.port()));
        auto report = bench.await(bench.adapter.health_check(1'000));
        EXPECT_FALSE(report.result.success);
        EXPECT_TRUE(report.error.transient) << report.error.message;
    }
}

TEST_F(AdapterFailures, AnErrorWithoutSqlstateIsUnknown) {
    test::FakeServer server([](test::FakeConnection& connection) {
        if (!connection.accept_login()) return;
        connection.read_message();
        connection.send(test::wire::message('E', std::string("MBoom\0\0", 7)) +
                        test::wire::message('Z', "I"));
        connection.wait_for_close();
    });
    Bench bench(fake_url(server.port()));
    auto report = bench.await(bench.adapter.health_check(1'000));
    EXPECT_FALSE(report.result.success);
    EXPECT_EQ(report.error.code, ErrorCode::Unknown);
}

TEST_F(AdapterFailures, DisconnectEndsWhatIsUnderWay) {
    Bench bench(cluster.url());
    bench.connect();
    std::optional<Result<Rows>> first, second;
    bench.begin(bench.adapter.query("SELECT pg_sleep(60)", {}), first);
    bench.begin(bench.adapter.query("SELECT 1", {}), second);
    EXPECT_FALSE(bench.run_until([&] { return first.has_value(); }, 200ms));
    bench.adapter.disconnect();
    ASSERT_TRUE(bench.run_until([&] { return first && second; }, 2s));
    EXPECT_EQ(first->error().code, ErrorCode::DbDisconnected);
    EXPECT_EQ(second->error().code, ErrorCode::DbDisconnected);
    EXPECT_EQ(bench.adapter.get_connection_status().status, model::ConnectionStatus::Disconnected);
    bench.connect();
}

TEST_F(AdapterFailures, AKilledBackendIsNoticedWhileIdleAndReplacedByTheNextCheck) {
    Bench bench(cluster.url());
    std::optional<Error> noticed;
    bench.adapter.on_idle_loss([&](const Error& error) { noticed = error; });
    bench.connect();
    auto pid = *bench.query("SELECT pg_backend_pid()")->rows[0][0];
    Bench other(cluster.url());
    other.connect();
    ASSERT_TRUE(other.query("SELECT pg_terminate_backend($1::int)", {pid}));
    ASSERT_TRUE(bench.run_until([&] { return noticed.has_value(); }, 5s));
    EXPECT_EQ(noticed->sqlstate, "57P01");
    EXPECT_FALSE(bench.adapter.is_connected());
    EXPECT_TRUE(bench.await(bench.adapter.health_check(2'000)).result.success);
}

TEST_F(AdapterFailures, IdleNewsThatIsNoLossKeepsTheConnection) {
    Bench bench(cluster.url());
    int losses = 0;
    bench.adapter.on_idle_loss([&](const Error&) { ++losses; });
    bench.connect();
    ASSERT_TRUE(bench.query("LISTEN news"));
    Bench other(cluster.url());
    other.connect();
    for (int i = 0; i < 5; ++i) {
        ASSERT_TRUE(other.query("NOTIFY news, 'x'"));
        bench.run_until([] { return false; }, 30ms);
    }
    EXPECT_EQ(losses, 0);
    EXPECT_TRUE(bench.query("SELECT 1"));
}

TEST(AdapterOutages, ServerKilledAndRestartedBetweenChecks) {
    test::PgCluster cluster;
    Bench bench(cluster.url());
    ASSERT_TRUE(bench.await(bench.adapter.health_check(5'000)).result.success);
    cluster.kill();
    auto down = bench.await(bench.adapter.health_check(2'000));
    EXPECT_FALSE(down.result.success);
    EXPECT_EQ(down.error.code, ErrorCode::ConnRefused) << down.error.server_message;
    cluster.start();
    EXPECT_TRUE(bench.await(bench.adapter.health_check(5'000)).result.success);
    // Away and back unseen: the check replaces the dead connection and finds the database healthy.
    cluster.restart(test::StopMode::Immediate);
    EXPECT_TRUE(bench.await(bench.adapter.health_check(5'000)).result.success);
}

TEST(AdapterOutages, AFrozenServerTimesOut) {
    test::PgCluster cluster;
    Bench bench(cluster.url());
    ASSERT_TRUE(bench.await(bench.adapter.health_check(5'000)).result.success);
    cluster.freeze();
    EXPECT_EQ(bench.await(bench.adapter.health_check(300)).error.code, ErrorCode::Timeout);
    cluster.thaw();
    EXPECT_TRUE(bench.await(bench.adapter.health_check(5'000)).result.success);
}

TEST(AdapterOutages, TooManyConnectionsIsTransient) {
    test::PgCluster cluster(
        "max_connections = 4\nsuperuser_reserved_connections = 0\nmax_wal_senders = 0");
    std::vector<std::unique_ptr<Bench>> benches;
    Error last;
    for (int i = 0; i < 6 && last.message.empty(); ++i) {
        benches.push_back(std::make_unique<Bench>(cluster.url()));
        auto connected = benches.back()->await(benches.back()->adapter.connect(5'000));
        if (!connected) last = connected.error();
    }
    EXPECT_EQ(last.code, ErrorCode::TooManyConnections);
    EXPECT_TRUE(last.transient);
}

TEST_F(AdapterFailures, WithoutAUserAServerThatAnswersIsHealthy) {
    // libpq then takes the system's user, whom this server does not know.
    Bench bench("postgres://127.0.0.1:" + std::to_string(cluster.port()) + "/postgres");
    auto report = bench.await(bench.adapter.health_check(5'000));
    EXPECT_TRUE(report.result.success) << report.error.message << report.error.server_message;
}

}  // namespace
}  // namespace pgsidecar::db
