#include "tests/unit/ws/router_bench.hpp"

namespace pgsidecar::ws {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

using DeskRoutesTest = RouterTest;

std::vector<std::int64_t> ids(const rapidjson::Document& page) {
    std::vector<std::int64_t> out;
    for (const auto& row : page["sessions"].GetArray()) out.push_back(row["id"].GetInt64());
    return out;
}

TEST_F(DeskRoutesTest, HistoryComesInColumnsOfOneLength) {
    metrics::ActivitySample first, second;
    first.at_ms = 1'000;
    first.statements_per_second = 812.5;
    first.p50_ms = 0.41234;
    first.levels.connected = true;
    second.at_ms = 2'000;
    second.levels.queue_entries = 3;
    second.levels.queue_oldest_age_ms = 17;
    desk.history_page = {500, 900, {first, second}};
    auto page = json(get("/api/history"));
    EXPECT_EQ(page["seconds"].GetInt(), 900);
    EXPECT_EQ(page["stepMs"].GetInt(), 1'000);
    EXPECT_EQ(page["startedAtMs"].GetInt64(), 500);
    EXPECT_GT(page["nowMs"].GetInt64(), 1'600'000'000'000);
    const auto& columns = page["samples"];
    for (const char* name :
         {"atMs", "statementsPerSecond", "failedPerSecond", "p50Ms", "p99Ms", "poolWaitP99Ms",
          "poolWaitShare", "clients", "clientsWaiting", "serversInUse", "serversOpen",
          "healthLatencyMs", "connected", "queueEntries", "queueOldestAgeMs", "feedClients"}) {
        ASSERT_TRUE(columns.HasMember(name)) << name;
        EXPECT_EQ(columns[name].Size(), 2U) << name;
    }
    EXPECT_DOUBLE_EQ(columns["statementsPerSecond"][0].GetDouble(), 812.5);
    EXPECT_DOUBLE_EQ(columns["p50Ms"][0].GetDouble(), 0.412);
    EXPECT_TRUE(columns["p50Ms"][1].IsNull());
    EXPECT_EQ(columns["connected"][0].GetInt(), 1);
    EXPECT_TRUE(columns["queueOldestAgeMs"][0].IsNull());
    EXPECT_EQ(columns["queueOldestAgeMs"][1].GetInt(), 17);
    EXPECT_EQ(json(get("/api/history?since=1000"))["samples"]["atMs"].Size(), 1U);
    EXPECT_EQ(json(get("/api/history?since=2000"))["samples"]["atMs"].Size(), 0U);
    for (const char* bad : {"-1", "x", "", "1.5", "99999999999999999999"})
        EXPECT_EQ(error(get(std::string("/api/history?since=") + bad)), "400 BAD_REQUEST") << bad;
}

TEST_F(DeskRoutesTest, TopStatementsAskForOrderAndLimit) {
    auto* shape = new model::StatementShape;
    shape->fingerprint = 0xabc;
    shape->text = "SELECT $1";
    shape->kind = model::StatementKind::Select;
    metrics::TopStatement row;
    row.shape = model::StatementShapePtr(shape);
    row.service = "web\xff";
    row.calls = 4;
    row.total_ns = 10'000'000;
    desk.top_page.top.statements = {row, metrics::TopStatement{}};
    desk.top_page.records_lost = 5;
    auto page = json(get("/api/top?order=mean&limit=7"));
    EXPECT_EQ(desk.asked_order, metrics::TopOrder::Mean);
    EXPECT_EQ(desk.asked_limit, 7U);
    EXPECT_STREQ(page["order"].GetString(), "mean");
    EXPECT_EQ(page["recordsLostTotal"].GetInt(), 5);
    const auto& one = page["statements"][0];
    EXPECT_STREQ(one["fingerprint"].GetString(), "0000000000000abc");
    EXPECT_STREQ(one["statement"].GetString(), "SELECT $1");
    EXPECT_STREQ(one["kind"].GetString(), "select");
    EXPECT_DOUBLE_EQ(one["meanMs"].GetDouble(), 2.5);
    EXPECT_TRUE(one["table"].IsNull());
    EXPECT_STREQ(page["statements"][1]["statement"].GetString(), "");
    json(get("/api/top"));
    EXPECT_EQ(desk.asked_order, metrics::TopOrder::Total);
    EXPECT_EQ(desk.asked_limit, 10U) << "http.max_rows is below the usual 50";
    for (const char* bad : {"order=sql", "order=", "limit=0", "limit=11", "limit=1x", "limit="})
        EXPECT_EQ(error(get(std::string("/api/top?") + bad)), "400 BAD_REQUEST") << bad;
}

TEST_F(DeskRoutesTest, SessionsThatWaitComeFirstThenThoseWithAConnection) {
    for (std::int64_t id = 1; id <= 6; ++id) {
        SessionRow row;
        row.id = id;
        row.state = "idle";
        row.connected_at_us = 10 - id;
        desk.session_rows.push_back(row);
    }
    desk.session_rows[0].state = desk.session_rows[1].state = "waiting";
    desk.session_rows[0].waiting_since_us = 2'000'000;
    desk.session_rows[1].waiting_since_us = 1'000'000;
    desk.session_rows[2].state = "active";
    desk.session_rows[2].server_pid = 4'711;
    desk.session_rows[2].pin_reasons = {"temp_table", "listen"};
    auto page = json(get("/api/sessions"));
    EXPECT_THAT(ids(page), ElementsAre(2, 1, 3, 6, 5, 4));
    EXPECT_EQ(page["total"].GetInt(), 6);
    EXPECT_FALSE(page["truncated"].GetBool());
    EXPECT_TRUE(page["mayKill"].GetBool());
    EXPECT_EQ(page["sessions"][0]["waitingSinceMs"].GetInt(), 1'000);
    const auto& pinned = page["sessions"][2];
    EXPECT_EQ(pinned["serverPid"].GetInt(), 4'711);
    EXPECT_EQ(pinned["pinReasons"].Size(), 2U);
    EXPECT_TRUE(pinned["waitingSinceMs"].IsNull());
    EXPECT_TRUE(pinned["tls"].IsNull());
    page = json(get("/api/sessions?limit=2"));
    EXPECT_THAT(ids(page), ElementsAre(2, 1));
    EXPECT_EQ(page["total"].GetInt(), 6);
    EXPECT_TRUE(page["truncated"].GetBool());
    page = json(get("/api/sessions?state=idle"));
    EXPECT_THAT(ids(page), ElementsAre(6, 5, 4));
    EXPECT_EQ(page["total"].GetInt(), 3);
    for (const char* bad : {"limit=11", "limit=-1", "state=busy"})
        EXPECT_EQ(error(get(std::string("/api/sessions?") + bad)), "400 BAD_REQUEST") << bad;
}

TEST_F(DeskRoutesTest, KillTakesOneIdAndSaysWhenThereIsNone) {
    auto page = json(post("/api/sessions/kill", R"({"id":7})"));
    EXPECT_TRUE(page["ok"].GetBool());
    EXPECT_EQ(page["id"].GetInt(), 7);
    EXPECT_THAT(desk.killed, ElementsAre(7));
    for (const char* bad : {"", "7", "{}", R"({"id":"7"})", R"({"id":0})", R"({"all":true})"})
        EXPECT_EQ(error(post("/api/sessions/kill", bad)), "400 BAD_REQUEST") << bad;
    EXPECT_EQ(error(get("/api/sessions/kill")), "405 METHOD_NOT_ALLOWED");
    EXPECT_THAT(desk.killed, SizeIs(1));
    desk.fault = DeskFault{DeskFault::Kind::NotFound, "No client has that id."};
    EXPECT_EQ(error(post("/api/sessions/kill", R"({"id":8})")), "404 NOT_FOUND");
}

TEST_F(DeskRoutesTest, PoolsAreBounded) {
    desk.pools_page.pool_mode = "auto";
    for (int i = 0; i < 12; ++i)
        desk.pools_page.pools.emplace_back().database = "d" + std::to_string(i);
    auto page = json(get("/api/pools"));
    EXPECT_EQ(page["pools"].Size(), 10U);
    EXPECT_EQ(page["total"].GetInt(), 12);
    EXPECT_TRUE(page["truncated"].GetBool());
}

TEST_F(DeskRoutesTest, QueueHasPagesOfBothLists) {
    QueueRow waits, died;
    waits.sequence = 41;
    waits.tables = {"public.orders"};
    died.sequence = 12;
    died.death = QueueRow::Death{"23505", "duplicate key", 5'000'000};
    desk.queue_page.enabled = true;
    desk.queue_page.entries = {waits};
    desk.queue_page.dead_letters = {died};
    desk.queue_page.more_dead_letters = true;
    auto page = json(get("/api/queue"));
    EXPECT_TRUE(page["problem"].IsNull());
    EXPECT_TRUE(page["oldestAgeMs"].IsNull());
    EXPECT_STREQ(page["entries"][0]["state"].GetString(), "waiting");
    EXPECT_TRUE(page["entries"][0]["error"].IsNull());
    EXPECT_TRUE(page["nextEntry"].IsNull());
    EXPECT_STREQ(page["deadLetters"][0]["error"]["sqlstate"].GetString(), "23505");
    EXPECT_EQ(page["deadLetters"][0]["error"]["diedAtMs"].GetInt(), 5'000);
    EXPECT_EQ(page["nextDeadLetter"].GetInt(), 12);
    EXPECT_TRUE(desk.asked_queue->waiting && desk.asked_queue->dead);
    json(get("/api/queue?state=dead&after=12&limit=3"));
    EXPECT_FALSE(desk.asked_queue->waiting);
    EXPECT_EQ(desk.asked_queue->after, 12U);
    EXPECT_EQ(desk.asked_queue->limit, 3U);
    for (const char* bad : {"after=12", "state=all", "state=dead&after=-1", "limit=11",
                            "state=dead&after=9223372036854775808"}) {
        EXPECT_EQ(error(get(std::string("/api/queue?") + bad)), "400 BAD_REQUEST") << bad;
    }
}

TEST_F(DeskRoutesTest, DeadLettersAreOrderedOneByOneOrAll) {
    auto report = json(post("/api/queue/retry", R"({"sequence":12})"));
    EXPECT_EQ(report["done"].GetInt(), 1);
    EXPECT_EQ(report["refused"].GetInt(), 2);
    EXPECT_EQ(report["remaining"].GetInt(), 3);
    json(post("/api/queue/discard", R"({"all":true})"));
    ASSERT_THAT(desk.orders, SizeIs(2));
    EXPECT_EQ(desk.orders[0].verb, DeadOrder::Verb::Retry);
    EXPECT_EQ(desk.orders[0].sequence, 12U);
    EXPECT_EQ(desk.orders[1].verb, DeadOrder::Verb::Discard);
    EXPECT_EQ(desk.orders[1].sequence, 0U);
    EXPECT_EQ(desk.orders[1].limit, 10U);
    for (const char* path : {"/api/queue/retry", "/api/queue/discard"}) {
        for (const char* bad :
             {"", "{}", R"({"sequence":0})", R"({"all":false})", R"({"sequence":1,"all":true})"}) {
            EXPECT_EQ(error(post(path, bad)), "400 BAD_REQUEST") << path << bad;
        }
    }
    EXPECT_THAT(desk.orders, SizeIs(2));
    desk.fault = DeskFault{DeskFault::Kind::Conflict, "It is damaged."};
    EXPECT_EQ(error(post("/api/queue/retry", R"({"sequence":1})")), "409 CONFLICT");
}

TEST_F(DeskRoutesTest, ConfigurationAndReload) {
    desk.config_page.version = "0.1.0";
    desk.config_page.listeners = {{"postgresql", "127.0.0.1", 6'432, "prefer"},
                                  {"http", "127.0.0.1", 6'480, ""}};
    desk.config_page.settings = {{"http.token", "***", "", "environment", false}};
    auto page = json(get("/api/config"));
    EXPECT_STREQ(page["changeSource"]["origin"].GetString(), "none");
    EXPECT_STREQ(page["listeners"][0]["tls"].GetString(), "prefer");
    EXPECT_TRUE(page["listeners"][1]["tls"].IsNull());
    EXPECT_STREQ(page["settings"][0]["value"].GetString(), "***");
    auto report = json(post("/api/reload"));
    EXPECT_STREQ(report["changed"][0].GetString(), "log.level");
    EXPECT_STREQ(report["needsRestart"][0].GetString(), "listen.port");
    EXPECT_STREQ(report["warnings"][0].GetString(), "careful");
    desk.fault = DeskFault{DeskFault::Kind::BadConfiguration, "line 3"};
    EXPECT_EQ(error(post("/api/reload")), "422 BAD_CONFIGURATION");
    EXPECT_THAT(post("/api/reload").body, HasSubstr("line 3"));
    desk.fault = DeskFault{DeskFault::Kind::Unavailable, "stopping"};
    EXPECT_EQ(error(get("/api/config")), "503 UNAVAILABLE");
    desk.fault = DeskFault{DeskFault::Kind::Timeout, "late"};
    EXPECT_EQ(error(get("/api/pools")), "503 TIMEOUT");
}

struct Guarded {
    Method method;
    const char* target;
    const char* scope;
    const char* body = "";
};
constexpr Guarded kGuarded[] = {
    {Method::Get, "/api/history", "status:read"},
    {Method::Get, "/api/top", "operations:read"},
    {Method::Get, "/api/sessions", "sessions:read"},
    {Method::Get, "/api/pools", "sessions:read"},
    {Method::Get, "/api/queue", "queue:read"},
    {Method::Get, "/api/config", "config:read"},
    {Method::Post, "/api/sessions/kill", "admin:sessions", R"({"id":1})"},
    {Method::Post, "/api/queue/retry", "admin:queue", R"({"sequence":1})"},
    {Method::Post, "/api/queue/discard", "admin:queue", R"({"sequence":1})"},
    {Method::Post, "/api/reload", "admin:reload"},
};

TEST_F(DeskRoutesTest, EachNeedsItsScopeAndNoOtherHelps) {
    std::vector<std::string> others{"metrics:read", "db:reconnect", "admin:broadcast",
                                    "admin:clients", "channel:read:*"};
    for (const auto& route : kGuarded) {
        allow("right", {route.scope});
        std::vector<std::string> wrong = others;
        for (const auto& other : kGuarded) {
            if (std::string(other.scope) != route.scope) wrong.emplace_back(other.scope);
        }
        allow("wrong", wrong);
        allow("none", {});
        const std::string at = route.target;
        token = "right";
        EXPECT_EQ(ask(route.method, at, route.body).status, 200) << at;
        token = "wrong";
        EXPECT_EQ(error(ask(route.method, at, route.body)), "403 FORBIDDEN") << at;
        token = "none";
        EXPECT_EQ(error(ask(route.method, at, route.body)), "403 FORBIDDEN") << at;
        token = "unknown";
        EXPECT_EQ(error(ask(route.method, at, route.body)), "401 UNAUTHORIZED") << at;
        token = "";
        EXPECT_EQ(error(ask(route.method, at, route.body)), "401 UNAUTHORIZED") << at;
    }
    EXPECT_THAT(desk.killed, SizeIs(1));
    EXPECT_THAT(desk.orders, SizeIs(2));
    EXPECT_EQ(desk.reloads, 1);
}

TEST_F(DeskRoutesTest, AnotherPagesOriginIsRefusedEvenWithAToken) {
    allow("all", {"*"});
    token = "all";
    origin = "https://evil.example";
    for (const auto& route : kGuarded)
        EXPECT_EQ(error(ask(route.method, route.target, route.body)), "403 FORBIDDEN");
    origin = "http://localhost:6480";
    EXPECT_EQ(post("/api/reload").status, 200);
    EXPECT_EQ(desk.reloads, 1);
    EXPECT_THAT(desk.killed, IsEmpty());
}

TEST_F(DeskRoutesTest, ReadersAreToldWhatTheyMayChange) {
    allow("reader", {"status:read", "sessions:read", "queue:read", "config:read"});
    token = "reader";
    EXPECT_FALSE(json(get("/api/sessions"))["mayKill"].GetBool());
    EXPECT_FALSE(json(get("/api/queue"))["mayChange"].GetBool());
    EXPECT_FALSE(json(get("/api/config"))["mayReload"].GetBool());
    EXPECT_FALSE(json(get("/api/status"))["mayReconnect"].GetBool());
    allow("admin", {"*"});
    token = "admin";
    EXPECT_TRUE(json(get("/api/queue"))["mayChange"].GetBool());
    EXPECT_TRUE(json(get("/api/config"))["mayReload"].GetBool());
    EXPECT_TRUE(json(get("/api/status"))["mayReconnect"].GetBool());
}

TEST_F(DeskRoutesTest, TheProbesListenerHasNoneOfIt) {
    HttpRequest request;
    request.edge = Edge::Probes;
    request.method = Method::Get;
    for (const auto& route : kGuarded) {
        request.target = route.target;
        int status = 0;
        router().handle(request, [&](const HttpResponse& response) { status = response.status; });
        EXPECT_EQ(status, 404) << route.target;
    }
}

TEST_F(DeskRoutesTest, AReloadedLimitHoldsAtOnce) {
    EXPECT_EQ(get("/api/top?limit=10").status, 200);
    router().set_max_rows(3);
    EXPECT_EQ(error(get("/api/top?limit=10")), "400 BAD_REQUEST");
    EXPECT_EQ(get("/api/top?limit=3").status, 200);
}

}  // namespace
}  // namespace pgsidecar::ws
