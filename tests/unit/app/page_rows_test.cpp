#include "app/page_rows.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace pgsidecar::app {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

TEST(PageRows, ASessionsReasonsAndWaitAreTakenApart) {
    proxy::admin::WorkerFacts worker;
    worker.worker = 3;
    proxy::admin::ClientFacts pinned, waits;
    pinned.id = 1;
    pinned.pin = "listen, temp_table";
    pinned.server_pid = 77;
    waits.id = 2;
    waits.waiting_us = 500;
    worker.clients = {pinned, waits};
    const auto rows = session_rows({&worker, 1}, 10'000);
    ASSERT_THAT(rows, SizeIs(2));
    EXPECT_EQ(rows[0].worker, 3);
    EXPECT_THAT(rows[0].pin_reasons, ElementsAre("listen", "temp_table"));
    EXPECT_EQ(rows[0].waiting_since_us, std::nullopt);
    EXPECT_THAT(rows[1].pin_reasons, IsEmpty());
    EXPECT_EQ(rows[1].waiting_since_us, 9'500);
}

TEST(PageRows, PoolsOfAllWorkersAreOneRow) {
    std::vector<proxy::admin::WorkerFacts> facts(2);
    proxy::admin::PoolFacts pool{.user = "app", .database = "shop"};
    pool.clients = 2;
    pool.size = 10;
    pool.longest_wait_us = 5;
    facts[0].pools = {pool};
    pool.longest_wait_us = 9;
    pool.away = true;
    facts[1].pools = {pool, {.user = "app", .database = "a"}};
    const auto rows = pool_rows(facts);
    ASSERT_THAT(rows, SizeIs(2));
    EXPECT_EQ(rows[0].database, "a");
    EXPECT_EQ(rows[0].state, "ready");
    EXPECT_EQ(rows[1].clients, 4);
    EXPECT_EQ(rows[1].size, 20);
    EXPECT_EQ(rows[1].longest_wait_us, 9);
    EXPECT_EQ(rows[1].state, "away");
}

TEST(PageRows, OnlyDeadLettersHaveAnError) {
    audit::BrowsedEntry entry;
    entry.sequence = 5;
    entry.outage_class = model::OutageClass::Queue;
    entry.message = "duplicate key";
    EXPECT_FALSE(queue_row(entry, false).death);
    const auto dead = queue_row(entry, true);
    ASSERT_TRUE(dead.death);
    EXPECT_EQ(dead.death->message, "duplicate key");
    EXPECT_EQ(dead.policy, "queue");
    EXPECT_EQ(dead.verb, "insert");
}

TEST(PageRows, SecretsAreMasked) {
    config::LoadResult loaded;
    loaded.settings.http.token = "geheim";
    loaded.settings.jwt.secret = "geheim";
    const auto rows = setting_rows(loaded);
    EXPECT_GT(rows.size(), 100U);
    for (const auto& row : rows) {
        EXPECT_EQ(row.value.find("geheim"), std::string::npos) << row.key;
        EXPECT_FALSE(row.source.empty()) << row.key;
    }
}

TEST(PageRows, TlsNeedsACertificate) {
    config::Settings settings;
    EXPECT_EQ(client_tls(settings), "");
    settings.tls.cert_file = "cert.pem";
    EXPECT_EQ(client_tls(settings), "prefer");
}

}  // namespace
}  // namespace pgsidecar::app
