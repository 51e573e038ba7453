#include "realtime/recent_operations.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/realtime/samples.hpp"

namespace pgsidecar::realtime {
namespace {

using samples::operation;
using testing::ElementsAre;

std::vector<std::string> ids(const std::vector<model::DatabaseOperation>& operations) {
    std::vector<std::string> out;
    for (const auto& one : operations) out.push_back(one.id);
    return out;
}

TEST(RecentOperations, NewestFirstAndTheOldestGivesWay) {
    RecentOperations recent(3);
    std::vector<model::DatabaseOperation> first{operation("1"), operation("2")},
        second{operation("3"), operation("4")};
    recent.add(first);
    recent.add(second);
    EXPECT_THAT(ids(recent.find({})), ElementsAre("4", "3", "2"));
}

TEST(RecentOperations, BatchLargerThanTheRingKeepsItsNewest) {
    RecentOperations recent(2);
    std::vector<model::DatabaseOperation> batch{operation("1"), operation("2"), operation("3")};
    recent.add(batch);
    EXPECT_THAT(ids(recent.find({})), ElementsAre("3", "2"));
}

TEST(RecentOperations, FiltersTogether) {
    RecentOperations recent(10);
    std::vector<model::DatabaseOperation> batch{operation("ok"), operation("failed", false),
                                                operation("query")};
    batch[2].type = "query";
    batch[2].table = std::nullopt;
    recent.add(batch);
    EXPECT_THAT(ids(recent.find({.limit = 1})), ElementsAre("query"));
    EXPECT_THAT(ids(recent.find({.type = "insert"})), ElementsAre("failed", "ok"));
    EXPECT_THAT(ids(recent.find({.type = "insert", .success = true})), ElementsAre("ok"));
    EXPECT_THAT(ids(recent.find({.table = "orders"})), ElementsAre("failed", "ok"));
    EXPECT_THAT(ids(recent.find({.table = "public.orders"})), ElementsAre("failed", "ok"));
    EXPECT_THAT(ids(recent.find({.table = "ders"})), ElementsAre());
    EXPECT_THAT(ids(recent.find({.table = "other.orders"})), ElementsAre());
}

}  // namespace
}  // namespace pgsidecar::realtime
