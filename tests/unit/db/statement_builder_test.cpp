#include "db/statement_builder.hpp"

#include <gtest/gtest.h>

namespace pgsidecar::db {
namespace {

Result<std::string> quote(std::string_view name) {
    if (name.empty()) return Error(model::other_error("empty", "", false));
    return '<' + std::string(name) + '>';
}

TEST(StatementBuilder, InsertSendsValuesAsParameters) {
    auto built =
        build_insert(quote, {"users", "app"}, {{"name", "x'; DROP TABLE users"}, {"age", {}}});
    ASSERT_TRUE(built);
    EXPECT_EQ(built->sql, "INSERT INTO <app>.<users> (<name>, <age>) VALUES ($1, $2) RETURNING *");
    EXPECT_EQ(built->parameters, (std::vector<Value>{"x'; DROP TABLE users", std::nullopt}));
}

TEST(StatementBuilder, InsertOfNothingTakesTheDefaults) {
    auto built = build_insert(quote, {"users"}, {});
    ASSERT_TRUE(built);
    EXPECT_EQ(built->sql, "INSERT INTO <users> DEFAULT VALUES RETURNING *");
}

TEST(StatementBuilder, UpdateAndDeleteGoById) {
    auto update = build_update(quote, {"users"}, "7", {{"name", "a"}, {"age", "3"}});
    ASSERT_TRUE(update);
    EXPECT_EQ(update->sql,
              "UPDATE <users> SET <name> = $1, <age> = $2 WHERE \"id\" = $3 RETURNING *");
    EXPECT_EQ(update->parameters, (std::vector<Value>{"a", "3", "7"}));
    auto gone = build_delete(quote, {"users"}, "7");
    ASSERT_TRUE(gone);
    EXPECT_EQ(gone->sql, "DELETE FROM <users> WHERE \"id\" = $1 RETURNING *");
    EXPECT_EQ(gone->parameters, (std::vector<Value>{"7"}));
}

TEST(StatementBuilder, WhatCannotBeQuotedIsNotBuilt) {
    EXPECT_FALSE(build_insert(quote, {""}, {}));
    EXPECT_FALSE(build_insert(quote, {"t"}, {{"", "1"}}));
    EXPECT_FALSE(build_update(quote, {"t"}, "1", {{"", "1"}}));
    EXPECT_FALSE(build_update(quote, {"t"}, "1", {}));
    EXPECT_FALSE(build_delete(quote, {""}, "1"));
}

}  // namespace
}  // namespace pgsidecar::db
