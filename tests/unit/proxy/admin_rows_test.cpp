#include "proxy/admin/rows.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgsidecar::proxy::admin {
namespace {

using testing::SizeIs;

Command show(Subject subject) {
    Command command;
    command.verb = Verb::Show;
    command.subject = subject;
    return command;
}

/// The cell of a column, by its name.
Cell at(const std::vector<Row>& rows, std::size_t row, Subject subject, std::string_view name) {
    auto columns = columns_of(show(subject));
    for (std::size_t i = 0; i < columns.size(); ++i) {
        if (columns[i].name == name) return rows.at(row).at(i);
    }
    ADD_FAILURE() << "no column " << name;
    return {};
}

/// As wide as the columns, and numbers where numbers are promised.
void fits(const std::vector<Row>& rows, Subject subject) {
    auto columns = columns_of(show(subject));
    ASSERT_FALSE(rows.empty());
    for (const Row& row : rows) {
        ASSERT_EQ(row.size(), columns.size());
        for (std::size_t i = 0; i < row.size(); ++i) {
            if (std::holds_alternative<std::monostate>(row[i])) continue;
            EXPECT_EQ(std::holds_alternative<std::int64_t>(row[i]), columns[i].number)
                << columns[i].name;
        }
    }
}

std::vector<WorkerFacts> two_workers() {
    std::vector<WorkerFacts> facts(2);
    for (int i = 0; i < 2; ++i) {
        WorkerFacts& worker = facts[static_cast<std::size_t>(i)];
        worker.worker = i;
        PoolFacts pool;
        pool.user = "app";
        pool.database = "db";
        pool.clients = 3 + i;
        pool.waiting = i;
        pool.active = 2;
        pool.idle = 1;
        pool.size = 5;
        pool.longest_wait_us = i * 2'500'000;
        worker.pools.push_back(pool);
        ClientFacts client;
        client.id = 10 + i;
        client.user = "app";
        client.database = "db";
        client.state = "active";
        client.peer = {"127.0.0.1", 4'000 + i, ""};
        if (i == 1) client.server_pid = 77;
        if (i == 1) client.pin = "transaction";
        worker.clients.push_back(client);
        ServerFacts server;
        server.user = "app";
        server.database = "db";
        server.pid = 77;
        worker.servers.push_back(server);
        worker.prepared.push_back({10 + i, "app", "db", "s1", i == 0 ? "" : "SELECT $1"});
    }
    return facts;
}

TEST(AdminRows, PoolsAreSummedOverTheWorkers) {
    auto rows = pool_rows(two_workers(), "transaction");
    ASSERT_THAT(rows, SizeIs(1));
    fits(rows, Subject::Pools);
    EXPECT_EQ(at(rows, 0, Subject::Pools, "cl_active"), Cell(std::int64_t{6}));
    EXPECT_EQ(at(rows, 0, Subject::Pools, "cl_waiting"), Cell(std::int64_t{1}));
    EXPECT_EQ(at(rows, 0, Subject::Pools, "sv_active"), Cell(std::int64_t{4}));
    EXPECT_EQ(at(rows, 0, Subject::Pools, "sv_idle"), Cell(std::int64_t{2}));
    EXPECT_EQ(at(rows, 0, Subject::Pools, "pool_size"), Cell(std::int64_t{10}));
    EXPECT_EQ(at(rows, 0, Subject::Pools, "maxwait"), Cell(std::int64_t{2}));
    EXPECT_EQ(at(rows, 0, Subject::Pools, "maxwait_us"), Cell(std::int64_t{500'000}));
    EXPECT_EQ(at(rows, 0, Subject::Pools, "state"), Cell(std::string("ready")));
}

TEST(AdminRows, ClientsServersPreparedAndPinsAreListed) {
    auto facts = two_workers();
    fits(client_rows(facts), Subject::Clients);
    fits(server_rows(facts), Subject::Servers);
    fits(prepared_rows(facts), Subject::Prepared);
    fits(pin_rows(facts), Subject::Pins);
    EXPECT_EQ(at(client_rows(facts), 0, Subject::Clients, "link"), Cell());
    EXPECT_EQ(at(client_rows(facts), 1, Subject::Clients, "link"), Cell(std::int64_t{77}));
    EXPECT_EQ(at(client_rows(facts), 1, Subject::Clients, "worker"), Cell(std::int64_t{1}));
    ASSERT_THAT(pin_rows(facts), SizeIs(1));
    EXPECT_EQ(at(pin_rows(facts), 0, Subject::Pins, "client"), Cell(std::int64_t{11}));
    EXPECT_EQ(at(prepared_rows(facts), 0, Subject::Prepared, "statement"), Cell());
}

TEST(AdminRows, TheAddressesDatabaseIsListedWithoutClientsToo) {
    DatabaseFacts main{"main", "db.example", 5432, 10, "transaction", "connected", true};
    auto rows = database_rows({}, main);
    ASSERT_THAT(rows, SizeIs(1));
    fits(rows, Subject::Databases);
    EXPECT_EQ(at(rows, 0, Subject::Databases, "paused"), Cell(std::int64_t{1}));
    rows = database_rows(two_workers(), main);
    ASSERT_THAT(rows, SizeIs(2));
    EXPECT_EQ(at(rows, 0, Subject::Databases, "name"), Cell(std::string("db")));
    EXPECT_EQ(at(rows, 0, Subject::Databases, "current_connections"), Cell(std::int64_t{2}));
}

TEST(AdminRows, StatsAreSummedInMicroseconds) {
    auto a = std::make_shared<metrics::WorkerShard>(), b = std::make_shared<metrics::WorkerShard>();
    a->queries[0].add(2);
    b->queries[1].add(3);
    a->query_duration.observe(4'000);
    b->transactions.add(1);
    std::vector<std::shared_ptr<const metrics::WorkerShard>> shards{a, b};
    auto rows = stats_rows(shards);
    fits(rows, Subject::Stats);
    EXPECT_EQ(at(rows, 0, Subject::Stats, "total_query_count"), Cell(std::int64_t{5}));
    EXPECT_EQ(at(rows, 0, Subject::Stats, "total_query_time"), Cell(std::int64_t{4}));
    EXPECT_EQ(at(rows, 0, Subject::Stats, "total_xact_count"), Cell(std::int64_t{1}));
}

TEST(AdminRows, ConfigShowsSourcesAndNoSecret) {
    config::LoadInput input;
    input.args = {"--pool-size", "7", "--http-token", "geheim"};
    input.environment["DATABASE_URL"] = "postgres://app:hush@127.0.0.1/db";
    auto rows = config_rows(config::load(input));
    fits(rows, Subject::Config);
    bool seen = false;
    for (const Row& row : rows) {
        for (const Cell& cell : row) {
            EXPECT_EQ(std::get<std::string>(cell).find("hush"), std::string::npos);
            EXPECT_EQ(std::get<std::string>(cell).find("geheim"), std::string::npos);
        }
        if (row[0] != Cell(std::string("pool.size"))) continue;
        seen = true;
        EXPECT_EQ(row, (Row{std::string("pool.size"), std::string("7"), std::string("10"),
                            std::string("yes"), std::string("flag --pool-size")}));
    }
    EXPECT_TRUE(seen);
}

TEST(AdminRows, OperationsAndTheQueueFitTheirColumns) {
    model::DatabaseOperation operation;
    operation.type = "insert";
    operation.duration_ms = 1.5;
    operation.sqlstate = "23505";
    std::vector<model::DatabaseOperation> operations{operation};
    auto rows = operation_rows(operations);
    fits(rows, Subject::Operations);
    EXPECT_EQ(at(rows, 0, Subject::Operations, "duration_us"), Cell(std::int64_t{1'500}));
    EXPECT_EQ(at(rows, 0, Subject::Operations, "affected_rows"), Cell());
    QueueFacts queue;
    queue.waiting = 4;
    fits(queue_rows(queue), Subject::Queue);
    EXPECT_EQ(at(queue_rows(queue), 0, Subject::Queue, "waiting"), Cell(std::int64_t{4}));
}

}  // namespace
}  // namespace pgsidecar::proxy::admin
