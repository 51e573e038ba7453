#include "realtime/recent_operations.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgsidecar::realtime {
namespace {

using testing::ElementsAre;

/// The number of a record is its id's last byte.
model::OperationRecord record(std::uint8_t number, model::StatementKind kind,
                              std::string table = {}, bool success = true) {
    auto* shape = new model::StatementShape;
    shape->kind = kind;
    shape->table = std::move(table);
    model::OperationRecord out;
    out.id.bytes[15] = number;
    out.shape = model::StatementShapePtr(shape);
    out.outcome = success ? model::Outcome::Success : model::Outcome::Failure;
    return out;
}

model::OperationRecord insert(std::uint8_t number, bool success = true) {
    return record(number, model::StatementKind::Insert, "public.orders", success);
}

std::vector<int> numbers(const std::vector<model::DatabaseOperation>& operations) {
    std::vector<int> out;
    for (const auto& one : operations) out.push_back(one.id.back() - '0');
    return out;
}

TEST(RecentOperations, NewestFirstAndTheOldestGivesWay) {
    RecentOperations recent(3);
    std::vector<model::OperationRecord> first{insert(1), insert(2)}, second{insert(3), insert(4)};
    recent.add(first);
    recent.add(second);
    EXPECT_THAT(numbers(recent.find({})), ElementsAre(4, 3, 2));
}

TEST(RecentOperations, BatchLargerThanTheRingKeepsItsNewest) {
    RecentOperations recent(2);
    std::vector<model::OperationRecord> batch{insert(1), insert(2), insert(3)};
    recent.add(batch);
    EXPECT_THAT(numbers(recent.find({})), ElementsAre(3, 2));
}

TEST(RecentOperations, FiltersTogether) {
    RecentOperations recent(10);
    std::vector<model::OperationRecord> batch{insert(1), insert(2, false),
                                              record(3, model::StatementKind::Select)};
    recent.add(batch);
    EXPECT_THAT(numbers(recent.find({.limit = 1})), ElementsAre(3));
    EXPECT_THAT(numbers(recent.find({.type = "insert"})), ElementsAre(2, 1));
    EXPECT_THAT(numbers(recent.find({.type = "insert", .success = true})), ElementsAre(1));
    EXPECT_THAT(numbers(recent.find({.table = "orders"})), ElementsAre(2, 1));
    EXPECT_THAT(numbers(recent.find({.table = "public.orders"})), ElementsAre(2, 1));
    EXPECT_THAT(numbers(recent.find({.table = "ders"})), ElementsAre());
    EXPECT_THAT(numbers(recent.find({.table = "other.orders"})), ElementsAre());
}

}  // namespace
}  // namespace pgsidecar::realtime
