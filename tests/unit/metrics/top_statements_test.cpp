#include "metrics/top_statements.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace pgsidecar::metrics {
namespace {

using testing::ElementsAre;

struct Call {
    std::uint64_t fingerprint = 1;
    std::string service = "web";
    double ms = 1;
    bool failed = false;
    std::uint64_t rows = 0;
    std::int64_t affected = -1;
};

model::OperationRecord record(const Call& call) {
    auto* shape = new model::StatementShape;
    shape->fingerprint = call.fingerprint;
    shape->text = "statement " + std::to_string(call.fingerprint);
    auto* source = new model::OperationSource;
    source->service = call.service;
    model::OperationRecord out;
    out.shape = model::StatementShapePtr(shape);
    out.source = model::OperationSourcePtr(source);
    out.duration_ns = static_cast<std::int64_t>(call.ms * 1e6);
    out.start_us = 1'000;
    out.rows_returned = call.rows;
    out.affected_rows = call.affected;
    if (call.failed) out.outcome = model::Outcome::Failure;
    return out;
}

void add(TopStatements& top, const Call& call, int times = 1) {
    std::vector<model::OperationRecord> batch(static_cast<std::size_t>(times), record(call));
    top.add(batch);
}

std::vector<std::uint64_t> fingerprints(const TopStatements::Page& page) {
    std::vector<std::uint64_t> out;
    for (const auto& row : page.statements) out.push_back(row.shape->fingerprint);
    return out;
}

TEST(TopStatements, SumsUpByTextAndService) {
    TopStatements top(10, 77);
    add(top, {.ms = 2, .rows = 3}, 99);
    add(top, {.ms = 40, .failed = true});
    add(top, {.service = "worker", .ms = 5, .affected = 4});
    const auto page = top.find(TopOrder::Total, 10);
    EXPECT_EQ(page.since_us, 77);
    EXPECT_EQ(page.tracked, 2U);
    EXPECT_EQ(page.calls, 101U);
    EXPECT_EQ(page.total_ns, 243'000'000);
    const TopStatement& web = page.statements.at(0);
    EXPECT_EQ(web.shape->text, "statement 1");
    EXPECT_EQ(web.service, "web");
    EXPECT_EQ(web.calls, 100U);
    EXPECT_EQ(web.errors, 1U);
    EXPECT_EQ(web.rows, 297U);
    EXPECT_EQ(web.total_ns, 238'000'000);
    EXPECT_EQ(web.max_ns, 40'000'000);
    EXPECT_NEAR(static_cast<double>(web.p99_ns), 2e6, 0.5e6);
    EXPECT_EQ(web.last_us, 41'000);
    EXPECT_EQ(page.statements.at(1).rows, 4U);
}

TEST(TopStatements, EveryOrderPutsTheLargestFirstAndTheLimitHolds) {
    TopStatements top(10, 0);
    add(top, {.fingerprint = 1, .ms = 1, .rows = 2}, 1'000);
    add(top, {.fingerprint = 2, .ms = 100, .rows = 50}, 20);
    add(top, {.fingerprint = 3, .ms = 300, .failed = true}, 2);
    using enum TopOrder;
    EXPECT_THAT(fingerprints(top.find(Total, 10)), ElementsAre(2, 1, 3));
    EXPECT_THAT(fingerprints(top.find(Calls, 10)), ElementsAre(1, 2, 3));
    EXPECT_THAT(fingerprints(top.find(Mean, 10)), ElementsAre(3, 2, 1));
    EXPECT_THAT(fingerprints(top.find(Max, 10)), ElementsAre(3, 2, 1));
    EXPECT_THAT(fingerprints(top.find(P99, 10)), ElementsAre(3, 2, 1));
    EXPECT_THAT(fingerprints(top.find(Errors, 1)), ElementsAre(3));
    EXPECT_THAT(fingerprints(top.find(Rows, 2)), ElementsAre(1, 2));
}

TEST(TopStatements, WhatIsCalledAgainAndAgainOutlivesAFloodOfOthers) {
    TopStatements top(20, 0);
    constexpr std::uint64_t kOften = 1'000'000, kOnceOften = 2'000'000;
    add(top, {.fingerprint = kOnceOften}, 500);
    for (std::uint64_t i = 1; i <= 5'000; ++i) {
        if (i % 10 == 1) add(top, {.fingerprint = kOften});
        add(top, {.fingerprint = i});
    }
    EXPECT_LE(top.tracked(), 20U);
    EXPECT_GE(top.evicted(), 4'980U);
    const auto page = top.find(TopOrder::Calls, 20);
    EXPECT_EQ(page.statements.at(0).shape->fingerprint, kOften);
    EXPECT_EQ(page.statements.at(0).calls, 500U);
    EXPECT_EQ(page.calls, 6'000U) << "those that gave way are part of the whole";
    EXPECT_THAT(fingerprints(page), testing::Not(testing::Contains(kOnceOften)));
}

TEST(TopStatements, ServicesMadeUpByClientsAreBoundedToo) {
    TopStatements top(5, 0);
    for (int i = 0; i < 1'000; ++i) add(top, {.service = "service " + std::to_string(i)});
    EXPECT_LE(top.tracked(), 5U);
}

TEST(TopStatements, CapacityOneAndNone) {
    TopStatements one(1, 0), none(0, 0);
    for (std::uint64_t i = 1; i <= 3; ++i) {
        add(one, {.fingerprint = i});
        add(none, {.fingerprint = i});
    }
    EXPECT_THAT(fingerprints(one.find(TopOrder::Total, 5)), ElementsAre(3));
    EXPECT_EQ(none.find(TopOrder::Total, 5).calls, 0U);
    EXPECT_EQ(none.tracked(), 0U);
}

TEST(TopStatements, RecordsWithoutTextSourceOrSensibleTimesAreTaken) {
    TopStatements top(5, 0);
    model::OperationRecord bare;
    bare.duration_ns = -5;
    bare.pool_wait_ns = -5;
    top.add({&bare, 1});
    const auto page = top.find(TopOrder::Total, 5);
    EXPECT_EQ(page.statements.at(0).shape.get(), nullptr);
    EXPECT_EQ(page.statements.at(0).total_ns, 0);
    EXPECT_EQ(page.statements.at(0).pool_wait_ns, 0);
}

TEST(TopOrder, WordsThereAndBack) {
    for (const char* word : {"total", "calls", "mean", "max", "p99", "errors", "rows"})
        EXPECT_EQ(to_string(*top_order_of(word)), word);
    for (const char* word : {"", "Total", "total ", "sql"})
        EXPECT_FALSE(top_order_of(word)) << word;
}

}  // namespace
}  // namespace pgsidecar::metrics
