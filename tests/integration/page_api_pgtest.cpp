// What the page reads and orders over HTTP (docs/api.md), with the real program and PostgreSQL.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidjson/document.h>

#include <csignal>
#include <iostream>
#include <memory>

#include "tests/integration/support/proxy_fixture.hpp"
#include "tests/support/sidecar_process.hpp"

namespace pgsidecar::test {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

class PageApi : public testing::Test {
protected:
    void SetUp() override {
        if (proxy_kind() != ProxyKind::Sidecar) GTEST_SKIP() << "needs the sidecar: its HTTP API";
        direct().run("DROP TABLE IF EXISTS audit_logs");
        direct().run("CREATE TABLE audit_logs (id int PRIMARY KEY, note text)");
    }
    void TearDown() override {
        if (HasFailure() && sidecar_) std::cerr << "--- log\n" << sidecar_->log_tail(30) << "---\n";
    }

    void start(std::vector<std::pair<std::string, std::string>> flags = {}) {
        SidecarOptions options;
        options.upstream_url = shared_cluster().url();
        options.spool_folder = folder_.path() + "/spool";
        options.pool_mode = "auto";
        options.flags = quick_outage_flags();
        for (auto& flag : flags) options.flags.push_back(std::move(flag));
        sidecar_ = std::make_unique<SidecarProcess>(options);
        sidecar_->start();
    }
    PqConnection direct() { return PqConnection(shared_cluster().conninfo()); }
    PqConnection client(const std::string& more = "") {
        return PqConnection(sidecar_->conninfo("postgres", more));
    }
    HttpAnswer call(const HttpCall& what) {
        HttpCall with = what;
        if (with.token.empty()) with.token = token_;
        return http_call(sidecar_->http_port(), with, 10s);
    }
    /// The document of a good answer; an empty object when it was none.
    rapidjson::Document ok(const HttpCall& what) {
        HttpAnswer answer = call(what);
        EXPECT_EQ(answer.status, 200) << what.method << " " << what.path << " " << answer.body;
        bodies_ += answer.body;
        return parsed(answer.body);
    }
    rapidjson::Document get(const std::string& path) { return ok({"GET", path}); }
    rapidjson::Document post(const std::string& path, const std::string& body = "") {
        return ok({"POST", path, body});
    }
    static rapidjson::Document parsed(const std::string& body) {
        rapidjson::Document out;
        out.Parse(body.c_str(), body.size());
        EXPECT_FALSE(out.HasParseError()) << body;
        if (out.HasParseError() || !out.IsObject()) out.SetObject();
        return out;
    }
    static std::string error(const HttpAnswer& answer) {
        auto out = parsed(answer.body);
        if (!out.HasMember("error")) return std::to_string(answer.status);
        return std::to_string(answer.status) + " " + out["error"]["code"].GetString();
    }
    /// The row of a list whose member has that value; null when there is none.
    static const rapidjson::Value* find(const rapidjson::Value& list, const char* member,
                                        const std::string& is) {
        for (const auto& row : list.GetArray()) {
            if (is == row[member].GetString()) return &row;
        }
        return nullptr;
    }
    /// The id of the session with that application_name; 0 when there is none.
    std::int64_t session_id(const std::string& application) {
        auto page = get("/api/sessions");
        const auto* row = find(page["sessions"], "application", application);
        return row == nullptr ? 0 : (*row)["id"].GetInt64();
    }
    bool connected() {
        const std::string body = call({"GET", "/api/status"}).body;
        return body.find(R"("status":"connected")") != std::string::npos;
    }
    std::uint64_t waiting() { return get("/api/queue")["waiting"].GetUint64(); }
    std::uint64_t dead() { return get("/api/queue")["dead"].GetUint64(); }

    TempFolder folder_;
    std::unique_ptr<SidecarProcess> sidecar_;
    std::string token_;
    std::string bodies_;  ///< of all that was read
};

TEST_F(PageApi, StatementsAppearInHistoryAndTop) {
    start();
    auto web = client("application_name=web"), other = client("application_name=other");
    for (int i = 0; i < 30; ++i) web.run("select 'geheim', " + std::to_string(i));
    other.run("select 'geheim', 1");
    EXPECT_FALSE(web.query("select nothing_like_this from audit_logs where note = 'geheim'").ok());
    web.run("select pg_sleep(0.05)");
    double statements = 0, failed = 0;
    std::int64_t last_ms = get("/api/history")["startedAtMs"].GetInt64();
    EXPECT_TRUE(eventually(20s,
                           [&] {
                               auto page = get("/api/history?since=" + std::to_string(last_ms));
                               const auto& columns = page["samples"];
                               for (rapidjson::SizeType i = 0; i < columns["atMs"].Size(); ++i) {
                                   const std::int64_t at_ms = columns["atMs"][i].GetInt64();
                                   EXPECT_GT(at_ms, last_ms);
                                   const double seconds =
                                       static_cast<double>(at_ms - last_ms) / 1'000;
                                   last_ms = at_ms;
                                   statements +=
                                       columns["statementsPerSecond"][i].GetDouble() * seconds;
                                   failed += columns["failedPerSecond"][i].GetDouble() * seconds;
                                   if (columns["statementsPerSecond"][i].GetDouble() > 0) {
                                       EXPECT_TRUE(columns["p99Ms"][i].IsNumber());
                                   }
                               }
                               return statements > 32 && failed > 0.9;
                           }))
        << statements << " statements, " << failed << " failed";
    EXPECT_LT(failed, 1.1);
    auto all = get("/api/history");
    const auto& columns = all["samples"];
    const auto end = columns["atMs"].Size() - 1;
    EXPECT_GE(columns["clients"][end].GetInt(), 2);
    EXPECT_GE(columns["serversOpen"][end].GetInt(), 1);
    EXPECT_EQ(columns["connected"][end].GetInt(), 1);
    EXPECT_TRUE(columns["healthLatencyMs"][end].IsNumber());
    EXPECT_EQ(columns["queueEntries"][end].GetInt(), 0);

    auto top = get("/api/top?order=calls");
    const auto* row = find(top["statements"], "service", "web");
    ASSERT_NE(row, nullptr);
    EXPECT_EQ((*row)["calls"].GetInt(), 30);
    EXPECT_EQ((*row)["rows"].GetInt(), 30);
    EXPECT_STREQ((*row)["statement"].GetString(), "select ?, ?");
    auto slowest = get("/api/top?order=max&limit=1");
    ASSERT_EQ(slowest["statements"].Size(), 1U);
    EXPECT_GE(slowest["statements"][0]["maxMs"].GetDouble(), 50);
    auto errors = get("/api/top?order=errors&limit=1");
    EXPECT_EQ(errors["statements"][0]["errors"].GetInt(), 1);
    EXPECT_THAT(bodies_, Not(HasSubstr("geheim")));
}

TEST_F(PageApi, APinnedSessionShowsItsReasonAndCanBeEnded) {
    start();
    auto pinned = client("application_name=pinned"), open = client("application_name=open");
    pinned.run("create temp table scratch (x int)");
    open.run("begin");
    open.run("select 1");
    auto page = get("/api/sessions");
    const auto* row = find(page["sessions"], "application", "pinned");
    ASSERT_NE(row, nullptr);
    EXPECT_STREQ((*row)["pinReasons"][0].GetString(), "temp_table");
    EXPECT_STREQ((*row)["state"].GetString(), "active");
    EXPECT_STREQ((*row)["transaction"].GetString(), "none");
    EXPECT_STREQ((*row)["user"].GetString(), "postgres");
    EXPECT_STREQ((*row)["address"].GetString(), "127.0.0.1");
    EXPECT_GT((*row)["serverPid"].GetInt(), 0);
    const auto* in_transaction = find(page["sessions"], "application", "open");
    ASSERT_NE(in_transaction, nullptr);
    EXPECT_STREQ((*in_transaction)["transaction"].GetString(), "open");
    EXPECT_STREQ((*in_transaction)["pinReasons"][0].GetString(), "transaction");
    EXPECT_FALSE(open.query("select 1/0").ok());
    auto failed = get("/api/sessions");
    EXPECT_STREQ((*find(failed["sessions"], "application", "open"))["transaction"].GetString(),
                 "failed");
    auto pools = get("/api/pools");
    ASSERT_EQ(pools["pools"].Size(), 1U);
    EXPECT_EQ(pools["pools"][0]["clients"].GetInt(), 2);
    EXPECT_EQ(pools["pools"][0]["serversActive"].GetInt(), 2);
    EXPECT_STREQ(pools["poolMode"].GetString(), "auto");

    const std::string id = std::to_string((*row)["id"].GetInt64());
    EXPECT_TRUE(post("/api/sessions/kill", "{\"id\":" + id + "}")["ok"].GetBool());
    EXPECT_FALSE(pinned.query("select 1").ok());
    EXPECT_EQ(session_id("pinned"), 0);
    EXPECT_NE(session_id("open"), 0);
    EXPECT_EQ(error(call({"POST", "/api/sessions/kill", "{\"id\":" + id + "}"})), "404 NOT_FOUND");
    EXPECT_EQ(sidecar_->metrics().value("pgsidecar_http_orders_total", {{"outcome", "done"}}), 1);
    EXPECT_EQ(sidecar_->metrics().value("pgsidecar_http_orders_total", {{"outcome", "refused"}}),
              1);
}

TEST_F(PageApi, QueuedWritesAndDeadLettersAreShownRetriedAndDiscarded) {
    start();
    auto writer = client("application_name=shop");
    direct().run("insert into audit_logs values (1, 'there already'), (2, 'likewise')");
    EXPECT_EQ(writer.scalar("select count(*) from audit_logs"), "2");
    ASSERT_TRUE(eventually(10s, [&] { return connected(); }));
    shared_cluster().stop(StopMode::Fast);
    ASSERT_TRUE(eventually(20s, [&] { return !connected(); }));
    for (const char* id : {"1", "2", "3"}) {
        auto said =
            writer.query("insert into audit_logs values (" + std::string(id) + ", 'geheim')");
        EXPECT_TRUE(said.ok()) << said.message();
    }
    auto page = get("/api/queue");
    EXPECT_TRUE(page["enabled"].GetBool());
    EXPECT_EQ(page["waiting"].GetInt(), 3);
    EXPECT_TRUE(page["oldestAgeMs"].IsNumber());
    ASSERT_EQ(page["entries"].Size(), 3U);
    const auto& entry = page["entries"][0];
    EXPECT_STREQ(entry["policy"].GetString(), "durable");
    EXPECT_STREQ(entry["verb"].GetString(), "insert");
    EXPECT_STREQ(entry["tables"][0].GetString(), "audit_logs");
    EXPECT_STREQ(entry["application"].GetString(), "shop");
    EXPECT_EQ(entry["rows"].GetInt(), 1);
    auto first = get("/api/queue?state=waiting&limit=2");
    EXPECT_EQ(first["entries"].Size(), 2U);
    auto rest =
        get("/api/queue?state=waiting&after=" + std::to_string(first["nextEntry"].GetUint64()));
    EXPECT_EQ(rest["entries"].Size(), 1U);
    EXPECT_TRUE(rest["nextEntry"].IsNull());
    EXPECT_TRUE(eventually(5s, [&] {
        auto history = get("/api/history");
        const auto& queue = history["samples"]["queueEntries"];
        return !queue.Empty() && queue[queue.Size() - 1].GetInt() == 3;
    }));

    shared_cluster().start();
    ASSERT_TRUE(eventually(20s, [&] { return waiting() == 0 && dead() == 2; }));
    EXPECT_EQ(direct().scalar("select note from audit_logs where id = 3"), "geheim");
    page = get("/api/queue?state=dead");
    ASSERT_EQ(page["deadLetters"].Size(), 2U);
    EXPECT_STREQ(page["deadLetters"][0]["error"]["sqlstate"].GetString(), "23505");
    const auto retried = page["deadLetters"][0]["sequence"].GetUint64();
    const auto discarded = page["deadLetters"][1]["sequence"].GetUint64();
    auto sequence = [](std::uint64_t n) { return "{\"sequence\":" + std::to_string(n) + "}"; };

    direct().run("delete from audit_logs where id = 1");
    EXPECT_EQ(post("/api/queue/retry", sequence(retried))["remaining"].GetInt(), 1);
    EXPECT_TRUE(eventually(10s, [&] {
        return direct().scalar(
                   "select count(*) from audit_logs where id = 1 and note = 'geheim'") == "1";
    }));
    EXPECT_EQ(post("/api/queue/discard", sequence(discarded))["remaining"].GetInt(), 0);
    EXPECT_EQ(direct().scalar("select note from audit_logs where id = 2"), "likewise");
    for (const char* order : {"/api/queue/retry", "/api/queue/discard"})
        EXPECT_EQ(error(call({"POST", order, sequence(discarded)})), "404 NOT_FOUND");
    EXPECT_EQ(post("/api/queue/retry", R"({"all":true})")["done"].GetInt(), 0);
    EXPECT_EQ(dead() + waiting(), 0U);
    EXPECT_THAT(bodies_, Not(HasSubstr("geheim")));
}

TEST_F(PageApi, TokensWithoutTheScopeAreRefused) {
    const std::string tokens = folder_.write(
        "tokens",
        "viewer see viewer status:read,operations:read,sessions:read,queue:read,config:read\n"
        "admin do admin admin:*\n");
    start({{"feed-token-file", tokens}});
    const std::vector<std::string> shows{"/api/history", "/api/top",   "/api/sessions",
                                         "/api/pools",   "/api/queue", "/api/config"};
    const std::vector<std::pair<std::string, std::string>> orders{
        {"/api/sessions/kill", R"({"id":1000000})"},
        {"/api/queue/retry", R"({"sequence":1000000})"},
        {"/api/queue/discard", R"({"sequence":1000000})"},
        {"/api/reload", ""}};
    for (const auto& path : shows) {
        EXPECT_EQ(error(call({"GET", path})), "401 UNAUTHORIZED") << path;
        EXPECT_EQ(error(call({"GET", path, "", "wrong"})), "401 UNAUTHORIZED") << path;
        EXPECT_EQ(error(call({"GET", path, "", "do"})), "403 FORBIDDEN") << path;
        EXPECT_EQ(call({"GET", path, "", "see"}).status, 200) << path;
        EXPECT_EQ(error(call({"POST", path, "", "see"})), "405 METHOD_NOT_ALLOWED") << path;
    }
    for (const auto& [path, body] : orders) {
        EXPECT_EQ(error(call({"POST", path, body})), "401 UNAUTHORIZED") << path;
        EXPECT_EQ(error(call({"POST", path, body, "see"})), "403 FORBIDDEN") << path;
        EXPECT_EQ(error(call({"POST", path, body, "do", "https://evil.example"})), "403 FORBIDDEN")
            << path;
        const HttpAnswer good = call({"POST", path, body, "do"});
        EXPECT_EQ(good.status, path == "/api/reload" ? 200 : 404) << path << good.body;
    }
    token_ = "see";
    EXPECT_FALSE(get("/api/sessions")["mayKill"].GetBool());
    EXPECT_FALSE(get("/api/config")["mayReload"].GetBool());
}

TEST_F(PageApi, ConfigurationIsShownWithoutSecretsAndReloaded) {
    const std::string file = folder_.write("sidecar.toml", "[log]\nlevel = \"info\"\n");
    start({{"config", file}, {"http-token", "geheim"}});
    token_ = "geheim";
    auto page = get("/api/config");
    const auto* level = find(page["settings"], "key", "log.level");
    ASSERT_NE(level, nullptr);
    EXPECT_STREQ((*level)["value"].GetString(), "info");
    EXPECT_TRUE((*level)["reloadable"].GetBool());
    EXPECT_THAT((*level)["source"].GetString(), HasSubstr("sidecar.toml"));
    const auto* listener = find(page["listeners"], "name", "postgresql");
    ASSERT_NE(listener, nullptr);
    EXPECT_EQ((*listener)["port"].GetInt(), sidecar_->port());
    EXPECT_EQ((*find(page["listeners"], "name", "http"))["port"].GetInt(), sidecar_->http_port());
    EXPECT_STREQ(page["poolMode"].GetString(), "auto");
    EXPECT_FALSE(std::string(page["version"].GetString()).empty());
    EXPECT_GE(page["uptimeMs"].GetInt64(), 0);

    folder_.write("sidecar.toml", "[log]\nlevel = \"debug\"\n");
    auto report = post("/api/reload");
    ASSERT_EQ(report["changed"].Size(), 1U);
    EXPECT_STREQ(report["changed"][0].GetString(), "log.level");
    folder_.write("sidecar.toml", "[log]\nlevel = \"shout\"\n");
    const HttpAnswer refused = call({"POST", "/api/reload"});
    EXPECT_EQ(error(refused), "422 BAD_CONFIGURATION");
    EXPECT_THAT(refused.body, HasSubstr("log.level"));
    page = get("/api/config");
    EXPECT_STREQ((*find(page["settings"], "key", "log.level"))["value"].GetString(), "debug");
    EXPECT_FALSE(page["lastReload"]["ok"].GetBool());
    EXPECT_THAT(bodies_ + refused.body, Not(HasSubstr("geheim")));
}

TEST_F(PageApi, BadInputIsAnsweredAndAFrozenDatabaseHoldsNothingUp) {
    start();
    for (const char* path :
         {"/api/history?since=x", "/api/top?order=name", "/api/top?limit=0",
          "/api/sessions?state=?", "/api/queue?after=1", "/api/queue?limit=-5"}) {
        EXPECT_EQ(error(call({"GET", path})), "400 BAD_REQUEST") << path;
    }
    for (const std::string& body : {std::string("{"), std::string("[]"), std::string(60'000, '[')})
        EXPECT_EQ(error(call({"POST", "/api/sessions/kill", body})), "400 BAD_REQUEST");
    EXPECT_EQ(error(call({"POST", "/api/queue/retry", std::string(200'000, ' ')})), "413 LIMIT");
    auto busy = client();
    busy.run("select 1");
    shared_cluster().freeze();
    for (const char* path :
         {"/api/history", "/api/top", "/api/sessions", "/api/pools", "/api/queue", "/api/config"}) {
        EXPECT_EQ(http_call(sidecar_->http_port(), {"GET", path}, 2s).status, 200) << path;
    }
    shared_cluster().thaw();
    EXPECT_TRUE(eventually(10s, [&] { return client().query("select 1").ok(); }));
}

}  // namespace
}  // namespace pgsidecar::test
