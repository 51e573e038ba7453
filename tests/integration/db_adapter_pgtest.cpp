#include <chrono>
#include <memory>

#include "base/clock.hpp"
#include "tests/integration/db_bench.hpp"
#include "tests/support/fake_server.hpp"
#include "tests/support/gate.hpp"

namespace pgsidecar::db {
namespace {

using model::ErrorCode;
using Adapter = WithCluster;

TEST_F(Adapter, ChecksHealthAndSaysWhatItFound) {
    Bench bench(cluster.url());
    auto report = bench.await(bench.adapter.health_check(5'000));
    EXPECT_TRUE(report.result.success) << report.error.server_message;
    EXPECT_TRUE(model::validate(report.result, base::read_clocks().wall_us).empty());
    EXPECT_EQ(report.result.details["role"], "primary");
    EXPECT_FALSE(report.result.details["serverVersion"].empty());
    EXPECT_GT(report.result.latency_ms, 0);
    EXPECT_TRUE(bench.adapter.is_connected());
    EXPECT_EQ(bench.adapter.get_connection_status().status, model::ConnectionStatus::Connected);
}

TEST_F(Adapter, ReachesTheServerByNameAndByUnixSocket) {
    std::string port = std::to_string(cluster.port());
    for (const auto& url :
         {"postgres://postgres@localhost:" + port + "/postgres",
          "postgres://postgres@/postgres?host=" + cluster.socket_folder() + "&port=" + port}) {
        Bench bench(url);
        bench.connect();
        EXPECT_TRUE(bench.query("SELECT 1"));
    }
}

TEST_F(Adapter, LogsInByScramAndMd5) {
    for (const char* user : {"app_scram", "app_md5"}) {
        Bench bench(cluster.url(user, "secret"));
        bench.connect();
        auto rows = bench.query("SELECT current_user, current_setting('application_name')");
        ASSERT_TRUE(rows);
        EXPECT_EQ(rows->rows, (std::vector<std::vector<Value>>{{user, "pgsidecar"}}));
    }
}

TEST_F(Adapter, TriesEveryHostInTurn) {
    test::Gate refusing(cluster.port());
    refusing.refuse();
    Bench bench("postgres://postgres@127.0.0.1:" + std::to_string(refusing.port()) +
                ",127.0.0.1:" + std::to_string(cluster.port()) + "/postgres");
    bench.connect();
    EXPECT_TRUE(bench.query("SELECT 1"));
}

TEST_F(Adapter, ASilentHostLeavesTimeForTheNext) {
    test::FakeServer silent([](test::FakeConnection& connection) { connection.wait_for_close(); });
    Bench bench("postgres://postgres@127.0.0.1:" + std::to_string(silent.port()) +
                ",127.0.0.1:" + std::to_string(cluster.port()) + "/postgres");
    auto connected = bench.await(bench.adapter.connect(2'000));
    EXPECT_TRUE(connected) << connected.error().message;
}

TEST_F(Adapter, InsertUpdateAndDeleteReturnTheRow) {
    Bench bench(cluster.url());
    bench.connect();
    ASSERT_TRUE(
        bench.query("CREATE TEMP TABLE \"odd \"\"name\" (id bigserial PRIMARY KEY, "
                    "\"a;b\" text, n int DEFAULT 7)"));
    TableName table{"odd \"name"};
    std::string value = "'; DROP TABLE users; -- \xc3\xa4\n\\";
    auto inserted = bench.await(bench.adapter.insert(table, {{"a;b", value}, {"n", std::nullopt}}));
    ASSERT_TRUE(inserted) << inserted.error().server_message;
    ASSERT_EQ(inserted->size(), 1U);
    EXPECT_EQ(*inserted->find(0, "a;b"), value);
    EXPECT_EQ(*inserted->find(0, "n"), std::nullopt);
    EXPECT_EQ(inserted->affected, 1);
    auto defaults = bench.await(bench.adapter.insert(table, {}));
    ASSERT_TRUE(defaults);
    EXPECT_EQ(*defaults->find(0, "n"), "7");
    auto updated = bench.await(bench.adapter.update(table, "1", {{"n", "8"}}));
    ASSERT_TRUE(updated);
    EXPECT_EQ(*updated->find(0, "n"), "8");
    auto removed = bench.await(bench.adapter.remove(table, "1"));
    ASSERT_TRUE(removed);
    EXPECT_EQ(*removed->find(0, "a;b"), value);
    auto none = bench.await(bench.adapter.remove(table, "1"));
    ASSERT_TRUE(none);
    EXPECT_TRUE(none->empty());
}

TEST_F(Adapter, ErrorsOfStatementsAreValues) {
    Bench bench(cluster.url());
    bench.connect();
    auto missing = bench.query("SELECT * FROM no_such_table");
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, ErrorCode::SchemaMissing);
    ASSERT_TRUE(bench.query("CREATE TEMP TABLE u (id int CONSTRAINT u_only UNIQUE, s text)"));
    ASSERT_TRUE(bench.query("INSERT INTO u VALUES (1, 'hidden')"));
    auto twice = bench.query("INSERT INTO u VALUES ($1, $2)", {"1", "hidden"});
    ASSERT_FALSE(twice);
    EXPECT_EQ(
        twice.error().message,
        "Operation violates database constraints: unique constraint \"u_only\" on table \"u\"");
    EXPECT_TRUE(bench.adapter.is_connected());
}

TEST_F(Adapter, BadCallsAreNotSent) {
    Bench bench(cluster.url());
    EXPECT_EQ(bench.query("SELECT 1").error().code, ErrorCode::DbDisconnected);
    bench.connect();
    EXPECT_FALSE(bench.query("SELECT $1", {std::string("a\0b", 3)}));
    EXPECT_FALSE(bench.query(std::string("SELECT 1\0", 9)));
    EXPECT_FALSE(bench.query("SELECT 1", std::vector<Value>(70'000)));
    EXPECT_FALSE(bench.await(bench.adapter.insert({std::string("a\0b", 3)}, {})));
    EXPECT_FALSE(bench.await(bench.adapter.insert({"\xff\xfe"}, {})));
    EXPECT_TRUE(bench.query("SELECT 1"));
    EXPECT_FALSE(bench.query("COPY (SELECT 1) TO STDOUT"));
}

TEST_F(Adapter, LargeParametersAndAnswersPass) {
    Bench bench(cluster.url());
    bench.connect();
    std::string big(20'000'000, 'x');
    auto rows = bench.query("SELECT $1::text", {big});
    ASSERT_TRUE(rows);
    EXPECT_EQ(rows->rows[0][0]->size(), big.size());
}

TEST_F(Adapter, OperationsQueueUpOnOneConnection) {
    Bench bench(cluster.url());
    bench.connect();
    std::vector<std::optional<Result<Rows>>> answers(20);
    for (std::size_t i = 0; i < answers.size(); ++i) {
        bench.begin(bench.adapter.query("SELECT $1::int, pg_backend_pid()", {std::to_string(i)}),
                    answers[i]);
    }
    ASSERT_TRUE(bench.run_until([&] { return answers.back().has_value(); }));
    for (std::size_t i = 0; i < answers.size(); ++i) {
        EXPECT_EQ((*answers[i])->rows[0][0], std::to_string(i));
        EXPECT_EQ((*answers[i])->rows[0][1], (*answers[0])->rows[0][1]);
    }
}

TEST_F(Adapter, AStatementThatTakesTooLongTimesOut) {
    Bench bench(cluster.url());
    bench.connect();
    auto slow = bench.query("SELECT pg_sleep(60)");
    ASSERT_FALSE(slow);
    EXPECT_EQ(slow.error().message, "Database operation timed out after 5000ms");
    EXPECT_FALSE(bench.adapter.is_connected());
}

asio::awaitable<Result<void>> insert_pair(Client& client) {
    auto first = co_await client.query("INSERT INTO pairs VALUES (1)");
    if (!first) co_return first.error();
    auto second = co_await client.query("INSERT INTO pairs VALUES (1)");
    if (!second) co_return second.error();
    co_return Result<void>();
}

asio::awaitable<Result<void>> insert_one(Client& client) {
    auto done = co_await client.query("INSERT INTO pairs VALUES (2)");
    if (!done) co_return done.error();
    co_return Result<void>();
}

asio::awaitable<Result<void>> ignore_an_error(Client& client) {
    auto ignored = co_await client.query("SELECT * FROM no_such_table");
    EXPECT_FALSE(ignored);
    co_return Result<void>();
}

asio::awaitable<Result<void>> throw_something(Client& client) {
    auto done = co_await client.query("INSERT INTO pairs VALUES (3)");
    EXPECT_TRUE(done);
    throw std::runtime_error("secret 4711");
}

asio::awaitable<Result<void>> commit_inside(Client& client) {
    auto done = co_await client.query("COMMIT");
    EXPECT_TRUE(done);
    co_return Result<void>();
}

asio::awaitable<Result<void>> sleep_inside(Client& client) {
    auto done = co_await client.query("SELECT pg_sleep(60)");
    if (!done) co_return done.error();
    co_return Result<void>();
}

asio::awaitable<Result<void>> kill_own_backend(Client& client) {
    auto done = co_await client.query("SELECT pg_terminate_backend(pg_backend_pid())");
    if (!done) co_return done.error();
    co_return Result<void>();
}

TEST_F(Adapter, TransactionsCommitOrRollBackWhole) {
    Bench bench(cluster.url());
    bench.connect();
    ASSERT_TRUE(bench.query("CREATE TEMP TABLE pairs (id int CONSTRAINT pairs_key PRIMARY KEY)"));
    auto run = [&](DatabaseAdapter::Work work) {
        return bench.await(bench.adapter.transaction(work, 5'000));
    };
    auto count = [&] { return *bench.query("SELECT count(*) FROM pairs")->rows[0][0]; };
    auto failed = run(insert_pair);
    ASSERT_FALSE(failed);
    EXPECT_EQ(
        failed.error().message,
        "Transaction failed and was rolled back: Operation violates database constraints: unique "
        "constraint \"pairs_key\" on table \"pairs\"");
    EXPECT_EQ(failed.error().sqlstate, "23505");
    EXPECT_EQ(count(), "0");
    EXPECT_TRUE(run(insert_one));
    EXPECT_EQ(count(), "1");
    EXPECT_EQ(run(ignore_an_error).error().code, ErrorCode::TxRollback);
    EXPECT_EQ(run(throw_something).error().message.find("4711"), std::string::npos);
    EXPECT_EQ(count(), "1");
    EXPECT_FALSE(run(commit_inside));
    EXPECT_TRUE(bench.adapter.is_connected());
    EXPECT_TRUE(bench.query("SELECT current_setting('statement_timeout')")->rows[0][0] == "0");
}

TEST_F(Adapter, TheServerEndsAStatementThatATransactionGaveUpOn) {
    Bench bench(cluster.url());
    bench.connect();
    auto pid = *bench.query("SELECT pg_backend_pid()")->rows[0][0];
    auto slow = bench.await(bench.adapter.transaction(sleep_inside, 500));
    ASSERT_FALSE(slow);
    EXPECT_EQ(slow.error().code, ErrorCode::TxRollback);
    Bench other(cluster.url());
    other.connect();
    EXPECT_TRUE(test::eventually(5s, [&] {
        auto rows = other.query(
            "SELECT 1 FROM pg_stat_activity WHERE pid = $1::int AND state = 'active'", {pid});
        return rows && rows->empty();
    }));
}

TEST_F(Adapter, ATransactionsLostConnectionIsARollbackThatCanBeRepeated) {
    Bench bench(cluster.url());
    bench.connect();
    auto lost = bench.await(bench.adapter.transaction(kill_own_backend, 5'000));
    ASSERT_FALSE(lost);
    EXPECT_EQ(lost.error().code, ErrorCode::TxRollback);
    EXPECT_TRUE(lost.error().transient);
    EXPECT_FALSE(lost.error().fate_unknown);
    EXPECT_FALSE(bench.adapter.is_connected());
    bench.connect();
    EXPECT_TRUE(bench.query("SELECT 1"));
}

TEST_F(Adapter, ALossDuringCommitIsOfUnknownFate) {
    test::FakeServer server([](test::FakeConnection& connection) {
        if (!connection.accept_login()) return;
        connection.read_message();  // BEGIN; SET LOCAL
        connection.send(test::wire::message('C', std::string("BEGIN\0", 6)) +
                        test::wire::message('Z', "T"));
        connection.read_message();  // COMMIT, unanswered
    });
    Bench bench(fake_url(server.port()));
    bench.connect();
    auto nothing = [](Client&) -> asio::awaitable<Result<void>> { co_return Result<void>(); };
    auto done = bench.await(bench.adapter.transaction(nothing, 5'000));
    ASSERT_FALSE(done);
    EXPECT_TRUE(done.error().fate_unknown);
    EXPECT_EQ(done.error().code, ErrorCode::ConnReset);
}

}  // namespace
}  // namespace pgsidecar::db
