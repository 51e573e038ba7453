// Every statement answered to a client has one record, with the facts and without the literals.

#include <algorithm>

#include <rapidjson/document.h>

#include "tests/integration/support/proxy_fixture.hpp"

namespace pgsidecar::test {
namespace {

using testing::HasSubstr;
using testing::Not;

/// One entry of /api/operations.
struct Operation {
    std::string type, kind, table, statement, sqlstate, error, outcome, service, fingerprint, id,
        start, end;
    bool success = false;
    std::int64_t affected = -1, returned = -1;
    double duration_ms = -1;
};

Operation read_operation(const rapidjson::Value& v) {
    auto text = [&v](const char* name) -> std::string {
        auto it = v.FindMember(name);
        return it != v.MemberEnd() && it->value.IsString() ? it->value.GetString() : "";
    };
    auto number = [&v](const char* name) {
        auto it = v.FindMember(name);
        return it != v.MemberEnd() && it->value.IsNumber() ? it->value.GetDouble() : -1.0;
    };
    Operation o{text("type"),        text("kind"),  text("table"),     text("statement"),
                text("sqlstate"),    text("error"), text("outcome"),   text("service"),
                text("fingerprint"), text("id"),    text("startTime"), text("endTime")};
    o.success = v.HasMember("success") && v["success"].IsTrue();
    o.affected = static_cast<std::int64_t>(number("affectedRows"));
    o.returned = static_cast<std::int64_t>(number("rowsReturned"));
    o.duration_ms = number("durationMs");
    return o;
}

class Tracking : public BothModesTest {
protected:
    void SetUp() override {
        PGS_NEEDS_SIDECAR("its records");
        start_mode();
        direct().run(
            "set client_min_messages = error; drop table if exists orders; create table orders (id "
            "int "
            "primary key, note text); insert into orders select i, 'n' from generate_series(1, 10) "
            "i");
    }

    /// The records of one service (application_name), oldest first.
    std::vector<Operation> operations(const std::string& service) {
        auto answer = http_get(proxy().http_port(), "/api/operations?limit=1000");
        rapidjson::Document json;
        json.Parse(answer.body.c_str());
        std::vector<Operation> all;
        if (!json.IsObject() || !json.HasMember("operations")) return all;
        for (const auto& v : json["operations"].GetArray()) {
            Operation o = read_operation(v);
            if (o.service == service) all.push_back(o);
        }
        std::ranges::reverse(all);  // the newest comes first
        return all;
    }

    std::vector<Operation> operations(const std::string& service, std::size_t expected) {
        std::vector<Operation> found;
        eventually(3s, [&] { return (found = operations(service)).size() >= expected; });
        return found;
    }

    PqConnection service(const std::string& name) { return client("application_name=" + name); }
};

TEST_P(Tracking, EachStatementOfAQueryHasItsOwnRecord) {
    auto c = service("multi");
    c.query(
        "insert into orders values (100, 'secret_literal'), (101, 'x'); update orders set note = "
        "'y' where id > 5; "
        "select * from orders where id < 4; delete from orders where id = 100; begin; commit");
    auto found = operations("multi", 6);
    ASSERT_EQ(found.size(), 6u);
    EXPECT_EQ(found[0].type, "insert");
    EXPECT_EQ(found[0].affected, 2);
    EXPECT_EQ(found[1].type, "update");
    EXPECT_EQ(found[1].affected, 7);
    EXPECT_EQ(found[2].type, "query");
    EXPECT_EQ(found[2].returned, 3);
    EXPECT_EQ(found[3].type, "delete");
    EXPECT_EQ(found[3].affected, 1);
    EXPECT_EQ(found[4].type, "transaction");
    EXPECT_EQ(found[5].type, "transaction");
    for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(found[i].table, "orders") << i;
    for (const auto& o : found) {
        EXPECT_TRUE(o.success);
        EXPECT_EQ(o.outcome, "success");
        EXPECT_GE(o.duration_ms, 0);
        EXPECT_LE(o.start, o.end);
    }
}

TEST_P(Tracking, AFailedStatementIsRecordedAndThoseBehindItAreNot) {
    auto c = service("failing");
    c.query("select 1; insert into orders values (1, 'again'); select 'never run'");
    auto found = operations("failing", 2);
    ASSERT_EQ(found.size(), 2u);
    EXPECT_TRUE(found[0].success);
    EXPECT_FALSE(found[1].success);
    EXPECT_EQ(found[1].sqlstate, "23505");
    EXPECT_FALSE(found[1].error.empty());
    EXPECT_THAT(found[1].error, Not(HasSubstr("(1)")));
    EXPECT_EQ(found[1].table, "orders");
}

TEST_P(Tracking, EachExecuteHasItsOwnRecord) {
    auto c = service("executes");
    PQenterPipelineMode(c.get());
    const char* id = "3";
    for (int i = 0; i < 5; ++i) {
        PQsendQueryParams(c.get(), "select note from orders where id = $1", 1, nullptr, &id,
                          nullptr, nullptr, 0);
    }
    PQsendQueryParams(c.get(), "update orders set note = 'z' where id <= $1::int", 1, nullptr, &id,
                      nullptr, nullptr, 0);
    PQpipelineSync(c.get());
    for (int nulls = 0; nulls < 7;) {
        PGresult* r = PQgetResult(c.get());
        if (r == nullptr || PQresultStatus(r) == PGRES_PIPELINE_SYNC) ++nulls;
        PQclear(r);
    }
    auto found = operations("executes", 6);
    ASSERT_EQ(found.size(), 6u);
    for (std::size_t i = 0; i < 5; ++i) {
        EXPECT_EQ(found[i].type, "query");
        EXPECT_EQ(found[i].returned, 1);
        EXPECT_EQ(found[i].fingerprint, found[0].fingerprint);
    }
    EXPECT_EQ(found[5].type, "update");
    EXPECT_EQ(found[5].affected, 3);
}

TEST_P(Tracking, WhatAnErrorSkipsInAPipelineIsNotRecorded) {
    RawClient c(proxy().port());
    c.login({{"user", "postgres"}, {"database", "postgres"}, {"application_name", "skipping"}});
    auto unnamed = [](std::string_view sql) {
        return wire::parse("", sql) + wire::bind("", "") + wire::execute("");
    };
    c.exchange(unnamed("select 1") + unnamed("select 1/0") + unnamed("select 3") + wire::sync());
    c.exchange(unnamed("select 4") + wire::sync());
    auto found = operations("skipping", 3);
    ASSERT_EQ(found.size(), 3u);
    EXPECT_TRUE(found[0].success);
    EXPECT_EQ(found[1].sqlstate, "22012");
    EXPECT_TRUE(found[2].success);
}

TEST_P(Tracking, ASuspendedPortalIsOneRecordForEachExecute) {
    RawClient c(proxy().port());
    c.login({{"user", "postgres"}, {"database", "postgres"}, {"application_name", "portals"}});
    c.exchange(wire::parse("", "select generate_series(1, 5)") + wire::bind("", "") +
               wire::execute("", 2) + wire::execute("", 2) + wire::execute("", 2) + wire::sync());
    auto found = operations("portals", 3);
    ASSERT_EQ(found.size(), 3u);
    EXPECT_EQ(found[0].returned, 2);
    EXPECT_EQ(found[1].returned, 2);
    EXPECT_EQ(found[2].returned, 1);
}

TEST_P(Tracking, CopyIsRecordedWithItsRows) {
    auto c = service("copying");
    PqResult(PQexec(c.get(), "copy orders from stdin"));
    std::string rows = "500\tcopied_literal\n501\tb\n502\tc\n";
    PQputCopyData(c.get(), rows.data(), static_cast<int>(rows.size()));
    PQputCopyEnd(c.get(), nullptr);
    EXPECT_EQ(c.finish(5s).status(), PGRES_COMMAND_OK);
    auto found = operations("copying", 1);
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0].kind, "copy");
    EXPECT_EQ(found[0].table, "orders");
    EXPECT_EQ(found[0].affected, 3);
}

TEST_P(Tracking, NoLiteralAndNoParameterLeavesTheProcess) {
    auto c = service("literals");
    c.query(
        "select 'canary_one', $q$canary_two$q$, E'canary\\x5fthree', 424242, U&'canary_four' /* "
        "canary_five */");
    c.query("select $1::text", {"canary_six"});
    c.query("select 'canary_seven");  // a syntax error, the text of which may not leak either
    c.query("insert into orders values (1, 'canary_eight')");
    c.query("create role canary_role password 'canary_nine'");
    ASSERT_GE(operations("literals", 5).size(), 5u);
    c.query("drop role if exists canary_role");
    std::string everything = http_get(proxy().http_port(), "/api/operations?limit=1000").body +
                             http_get(proxy().http_port(), "/metrics").body + proxy().log();
    for (const char* leak : {"canary_one", "canary_two", "three", "424242", "canary_four",
                             "canary_six", "canary_seven", "canary_eight", "canary_nine"}) {
        EXPECT_THAT(everything, Not(HasSubstr(leak)));
    }
}

TEST_P(Tracking, TheFingerprintJoinsWhatDiffersInLiteralsOnly) {
    auto c = service("fingerprints");
    c.query("select note from orders where id = 1");
    c.query("select note from orders where id = 22222");
    c.query("SELECT note\n  FROM orders WHERE id = 3 -- comment");
    c.query("select note from orders where id > 1");
    auto found = operations("fingerprints", 4);
    ASSERT_EQ(found.size(), 4u);
    EXPECT_EQ(found[0].fingerprint, found[1].fingerprint);
    EXPECT_NE(found[0].fingerprint, found[3].fingerprint);
}

TEST_P(Tracking, CountersEqualTheStatementsRun) {
    Metrics before = proxy().metrics();
    auto c = service("counting");
    for (int i = 0; i < 25; ++i) c.query("select * from orders where id <= 4");
    for (int i = 0; i < 10; ++i) c.query("update orders set note = 'c' where id <= 2");
    for (int i = 0; i < 5; ++i) c.query("select 1/0");
    c.query("begin; insert into orders values (900, 'c'); rollback");
    Metrics after = proxy().metrics();
    ASSERT_TRUE(eventually(3s, [&] {
        after = proxy().metrics();
        return after.value(metric::kQueries) - before.value(metric::kQueries) >= 43;
    }));
    auto grown = [&](const char* name, const Metrics::Labels& labels) {
        return after.value(name, labels) - before.value(name, labels);
    };
    EXPECT_EQ(grown(metric::kQueries, {}), 43);
    EXPECT_EQ(grown(metric::kQueries, {{"op", "select"}}), 30);
    EXPECT_EQ(grown(metric::kQueries, {{"op", "update"}}), 10);
    EXPECT_EQ(grown(metric::kQueries, {{"op", "insert"}}), 1);
    EXPECT_EQ(grown(metric::kQueries, {{"op", "transaction"}}), 2);
    EXPECT_EQ(grown(metric::kQueryErrors, {{"sqlstate_class", "22"}}), 5);
    EXPECT_EQ(grown(metric::kRows, {{"direction", "returned"}}), 100);
    EXPECT_EQ(grown(metric::kRows, {{"direction", "affected"}}), 21);
    EXPECT_EQ(grown(metric::kOperationsRecorded, {}), 43);
    EXPECT_EQ(grown(metric::kOperationsLost, {}), 0);
}

TEST_P(Tracking, AStatementWhoseFateIsUnknownIsRecordedAsUnknown) {
    auto c = service("fate");
    c.send("do $$begin perform pg_sleep(30), 'fate'; end$$");
    ASSERT_TRUE(
        eventually(3s, [&] { return backends("state = 'active' and query like '%fate%'") == 1; }));
    cluster().kill();
    cluster().start();
    (void)c.finish(10s);
    auto found = operations("fate", 1);
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0].outcome, "unknown");
    EXPECT_FALSE(found[0].success);
    EXPECT_FALSE(found[0].error.empty());
    EXPECT_TRUE(
        eventually(10s, [&] { return PqConnection::try_connect(proxy().conninfo()).connected(); }));
}

INSTANTIATE_TEST_SUITE_P(Modes, Tracking, testing::Values("session", "transaction"), mode_name);

}  // namespace
}  // namespace pgsidecar::test
