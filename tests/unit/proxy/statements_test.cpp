#include <gmock/gmock.h>

#include "tests/support/proxy_script/proxy_script.hpp"

namespace pgsidecar::test {
namespace {

using model::Outcome;
using model::StatementKind;

TEST(Statements, EveryStatementOfASimpleQueryIsARecord) {
    ProxyScript script;
    auto& client = script.login({{"application_name", "shop"}});
    EXPECT_EQ(script.ask(client, query("INSERT INTO t VALUES (1);UPDATE t SET a = 1;SELECT 'x'")),
              "CCTDCZ");
    ASSERT_EQ(script.records.size(), 3u);
    const auto& r = script.records;
    EXPECT_EQ(r[0].shape->kind, StatementKind::Insert);
    EXPECT_EQ(r[0].affected_rows, 1);
    EXPECT_EQ(r[1].shape->kind, StatementKind::Update);
    EXPECT_EQ(r[1].affected_rows, 3);
    EXPECT_EQ(r[2].shape->kind, StatementKind::Select);
    EXPECT_EQ(r[2].rows_returned, 1u);
    for (const auto& record : r) {
        EXPECT_EQ(record.outcome, Outcome::Success);
        EXPECT_EQ(record.source->service, "shop");
        EXPECT_EQ(record.source->user, "app");
    }
}

TEST(Statements, AnErrorEndsASimpleQuery) {
    ProxyScript script;
    auto& client = script.login();
    EXPECT_EQ(script.ask(client, query("SELECT 'x';SELECT 1/0;SELECT 'never'")), "TDCEZ");
    ASSERT_EQ(script.records.size(), 2u);
    EXPECT_EQ(script.records[0].outcome, Outcome::Success);
    EXPECT_EQ(script.records[1].outcome, Outcome::Failure);
    EXPECT_EQ(std::string(script.records[1].sqlstate.data(), 5), "22012");
}

TEST(Statements, EveryExecuteIsARecordOfItsOwnShape) {
    ProxyScript script;
    auto& client = script.login();
    std::string bytes = parse("up", "UPDATE t SET a = 2") + parse("del", "DELETE FROM t") +
                        bind("p1", "up") + bind("p2", "del") + execute("p1") + execute("p2") +
                        sync();
    EXPECT_EQ(script.ask(client, bytes), "1122CCZ");
    ASSERT_EQ(script.records.size(), 2u);
    EXPECT_EQ(script.records[0].shape->kind, StatementKind::Update);
    EXPECT_EQ(script.records[0].affected_rows, 3);
    EXPECT_EQ(script.records[1].shape->kind, StatementKind::Delete);
    EXPECT_EQ(script.records[1].affected_rows, 2);
}

TEST(Statements, TheErrorRecordHoldsNoValues) {
    ProxyScript script;
    auto& client = script.login();
    script.ask(client, query("SELECT 'hidden-value' FRM"));
    script.ask(client, query("FROBNICATE 'hidden-value'"));
    ASSERT_EQ(script.records.size(), 2u);
    for (const auto& record : script.records) {
        EXPECT_EQ(std::string(record.error.data()).find("hidden-value"), std::string::npos);
        if (record.shape) {
            EXPECT_EQ(record.shape->text.find("hidden-value"), std::string::npos);
        }
    }
    EXPECT_EQ(script.records[1].outcome, Outcome::Failure);
    EXPECT_NE(std::string(script.records[1].error.data()), "");
}

TEST(Statements, AnEmptyQueryIsNoRecord) {
    ProxyScript script;
    auto& client = script.login();
    EXPECT_EQ(script.ask(client, query("")), "IZ");
    EXPECT_TRUE(script.records.empty());
}

TEST(Statements, CopyInAndOutAndItsFailure) {
    ProxyScript script;
    auto& client = script.login();
    EXPECT_EQ(script.ask(client, query("COPY t TO STDOUT")), "HddcCZ");
    EXPECT_EQ(script.ask(client, query("COPY t FROM STDIN")), "G");
    EXPECT_EQ(script.ask(client, typed('d', "1\n") + typed('d', "2\n")), "");
    EXPECT_EQ(script.ask(client, typed('c')), "CZ");
    EXPECT_EQ(script.ask(client, query("COPY t FROM STDIN") + typed('f', zero_ended("no"))), "GEZ");
    ASSERT_EQ(script.records.size(), 3u);
    EXPECT_EQ(script.records[0].affected_rows, 2);
    EXPECT_EQ(script.records[1].affected_rows, 2);
    EXPECT_EQ(script.records[2].outcome, Outcome::Failure);
    EXPECT_EQ(script.shard.servers_idle.get(), 1);
}

TEST(Statements, ExtendedCopyWithEverythingSentAhead) {
    ProxyScript script;
    auto& client = script.login();
    std::string copy = parse("", "COPY t FROM STDIN") + bind("", "") + execute("");
    EXPECT_EQ(script.ask(client, copy + typed('d', "1\n") + typed('c') + sync()), "12GCZ");
    // A Sync during the COPY is ignored by the server; the one behind it counts.
    EXPECT_EQ(script.ask(client, copy + sync()), "12G");
    EXPECT_EQ(script.ask(client, typed('c') + sync()), "CZ");
    EXPECT_EQ(script.ask(client, query("SELECT 'x'")), "TDCZ");
    EXPECT_EQ(script.shard.clients_active.get(), 0);
    EXPECT_EQ(script.records.size(), 3u);
}

TEST(Statements, FunctionCallAndDescribeAreRelayed) {
    ProxyScript script;
    auto& client = script.login();
    EXPECT_EQ(script.ask(client, typed('F', be32(1) + be16(0) + be16(0) + be16(0))), "VZ");
    std::string bytes = parse("s", "SELECT 'x'") + describe('S', "s") + bind("", "s") +
                        describe('P', "") + execute("") + close_named('S', "s") + sync();
    EXPECT_EQ(script.ask(client, bytes), "1tT2TDC3Z");
}

TEST(Statements, APipelineBehindAnErrorIsAnsweredPerSync) {
    ProxyScript script;
    auto& client = script.login();
    std::string bytes = extended("SELECT 'a'") + extended("SELECT 1/0") + extended("SELECT 'b'") +
                        bind("", "missing") + execute("") + execute("") + sync();
    EXPECT_EQ(script.ask(client, bytes), "12DCZ12EZ12DCZEZ");
    EXPECT_EQ(script.shard.clients_active.get(), 0);
}

TEST(Statements, AHundredThousandPipelinedAreBounded) {
    ScriptSetup setup;
    setup.settings.limits.max_pipeline = 1'000;
    ProxyScript script(setup);
    auto& client = script.login();
    std::string one = extended("SELECT 'x'"), all;
    for (int i = 0; i < 100'000; ++i) all += one;
    client.write(all);
    script.world.answers = false;
    script.run();
    // The server is slow: the client is not read beyond the limit.
    EXPECT_FALSE(client.channel.reading);
    EXPECT_GT(client.channel.from_peer.size(), all.size() - 200'000);
    script.world.answers = true;
    script.run();
    auto messages = client.take();
    EXPECT_EQ(messages.size(), 500'000u);
    EXPECT_EQ(script.records.size(), 100'000u);
    EXPECT_EQ(script.shard.clients_active.get(), 0);
}

TEST(Statements, UnknownOutcomeWhenTheServerVanishes) {
    ProxyScript script;
    auto& client = script.login();
    script.send(client, query("SELECT 'done'") + query("SELECT die()"));
    auto messages = client.take();
    ASSERT_EQ(types_of(messages), "TDCZEZ");
    EXPECT_EQ(messages[4].field('V'), "ERROR");
    EXPECT_EQ(messages[4].field('C'), "08007");
    EXPECT_FALSE(client.closed());
    ASSERT_EQ(script.records.size(), 2u);
    EXPECT_EQ(script.records[0].outcome, Outcome::Success);
    EXPECT_EQ(script.records[1].outcome, Outcome::Unknown);
    EXPECT_EQ(script.lost, 1);
    EXPECT_EQ(script.shard.servers.get(), 0);
    EXPECT_EQ(script.shard.servers_active.get(), 0);
}

TEST(Statements, AFatalErrorOfTheServerEndsTheStatementAndNotTheSession) {
    ProxyScript script;
    auto& client = script.login();
    script.send(client, query("SELECT fatal()"));
    auto messages = client.take();
    ASSERT_EQ(types_of(messages), "EZ");
    EXPECT_EQ(messages[0].field('C'), "08007");
    EXPECT_THAT(messages[0].field('D'), testing::HasSubstr("terminating connection"));
    EXPECT_EQ(script.ask(client, query("SELECT 'x'")), "TDCZ");
    ASSERT_EQ(script.records.size(), 2u);
    EXPECT_EQ(script.records[0].outcome, Outcome::Unknown);
}

}  // namespace
}  // namespace pgsidecar::test
