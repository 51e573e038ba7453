#include "audit/operation_rows.hpp"

#include <gtest/gtest.h>

#include "tests/unit/audit/operation_samples.hpp"

namespace pgsidecar::audit {
namespace {

StoredRecords stored(const model::OperationRecord& record, std::uint32_t count = 1) {
    const model::OperationRecord* pointers[] = {&record};
    return {1, count, encode_operations(pointers)};
}

TEST(OperationRows, NoRecordsMakeAnEmptyCopy) {
    OperationRows rows;
    EXPECT_EQ(rows.data(), std::string_view("PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0\377\377", 21));
    EXPECT_EQ(rows.count(), 0U);
}

TEST(OperationRows, StatementsAreThereOnce) {
    auto shape = make_shape(model::StatementKind::Insert, "INSERT INTO t VALUES ($1)", "t");
    OperationRows rows;
    rows.add(stored(make_record(make_source("a"), shape)));
    rows.add(stored(make_record(make_source("b"), shape)));
    rows.add(stored(make_record(make_source("c"), {})));
    EXPECT_EQ(rows.count(), 3U);
    ASSERT_EQ(rows.statements().size(), 1U);
    EXPECT_LT(rows.statements().begin()->first, 0) << "a fingerprint is kept bit for bit";
    EXPECT_EQ(rows.statements().begin()->second, shape->text);
}

TEST(OperationRows, AsciiOnlyReplacesTheRest) {
    auto shape = make_shape(model::StatementKind::Insert, "INSERT INTO \"t\xc3\xa4\"", "t\xc3\xa4");
    OperationRows rows(true);
    rows.add(stored(make_record(make_source("\xc3\xa4"), shape)));
    for (const char c : rows.statements().begin()->second) EXPECT_GT(c, 0);
    EXPECT_EQ(rows.data().find("\xc3\xa4"), std::string_view::npos);
}

TEST(OperationRows, WhatIsDamagedIsLeftOutAndCounted) {
    auto body = stored(make_record({}, {}), 5);
    body.body.pop_back();
    OperationRows rows;
    rows.add(body);
    EXPECT_EQ(rows.count(), 0U);
    EXPECT_EQ(rows.dropped(), 5U);
    rows.add(stored(make_record({}, {})));
    EXPECT_EQ(rows.count(), 1U);
}

}  // namespace
}  // namespace pgsidecar::audit
