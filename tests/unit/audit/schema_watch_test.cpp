#include "audit/schema_watch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgsidecar::audit {
namespace {

using testing::HasSubstr;

TEST(SchemaQuestion, NamesAreParameters) {
    const auto question = schema_question({"audit_logs", "app.Odd\"name", "log_*"});
    EXPECT_EQ(question.parameters,
              (std::vector<db::Value>{"audit_logs", "app", "Odd\"name", "log_"}));
    EXPECT_THAT(question.sql, HasSubstr("c.relname::text OPERATOR(pg_catalog.=) $1::text"));
    EXPECT_THAT(question.sql, HasSubstr("n.nspname::text OPERATOR(pg_catalog.=) $2::text"));
    EXPECT_THAT(question.sql, HasSubstr("pg_catalog.starts_with(c.relname::text, $4::text)"));
    EXPECT_EQ(question.sql.find("Odd"), std::string::npos);
}

TEST(SchemaQuestion, NoTablesAskForNothing) {
    EXPECT_THAT(schema_question({}).sql, HasSubstr("(false)"));
}

TEST(LearnedSchema, GathersColumnsByTable) {
    db::Rows rows;
    rows.rows = {{"a", "t", "id", "20"},
                 {"a", "t", "body", "25"},
                 {"b", "t", "id", "2950"},
                 {"b", std::nullopt, "id", "1"},
                 {"short"}};
    const auto schema = learned_schema("db", rows);
    EXPECT_EQ(schema.database, "db");
    ASSERT_EQ(schema.tables.size(), 2U);
    EXPECT_EQ(schema.tables[0].columns,
              (std::vector<std::pair<std::string, std::uint32_t>>{{"id", 20}, {"body", 25}}));
    EXPECT_EQ(schema.tables[1].schema, "b");
    EXPECT_EQ(schema.tables[1].columns[0].second, 2950U);
}

}  // namespace
}  // namespace pgsidecar::audit
