#include "proxy/core/prepared_statements.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "tests/support/byte_literals.hpp"

namespace pgsidecar::proxy {
namespace {

using namespace test::literals;
using testing::ElementsAre;
using testing::IsEmpty;

model::StatementShapePtr no_shape() { return {}; }

PreparedStatementPtr intern(PreparedStatements& all, std::string_view text,
                            const PreparedStatementPtr& before = {}) {
    return all.intern({text}, before, no_shape);
}

// ---- interning

TEST(PreparedStatements, OneStatementForOneTextTypesAndContext) {
    PreparedStatements all(7);
    std::string int4 = "00000017"_bytes, text = "00000019"_bytes;
    auto a = all.intern({"select $1", base::as_bytes(int4), 0}, {}, no_shape);
    auto same = all.intern({"select $1", base::as_bytes(int4), 0}, {}, no_shape);
    auto other_type = all.intern({"select $1", base::as_bytes(text), 0}, {}, no_shape);
    auto no_type = all.intern({"select $1", {}, 0}, {}, no_shape);
    auto other_context = all.intern({"select $1", base::as_bytes(int4), 1}, {}, no_shape);
    auto other_text = all.intern({"select $2", base::as_bytes(int4), 0}, {}, no_shape);
    EXPECT_EQ(a.get(), same.get());
    EXPECT_EQ(all.size(), 5u);
    for (const auto& other : {other_type, no_type, other_context, other_text}) {
        EXPECT_NE(other->id(), a->id());
        EXPECT_NE(other->server_name(), a->server_name());
    }
    EXPECT_THAT(a->type_oids(), ElementsAre(23u));
    EXPECT_THAT(no_type->type_oids(), IsEmpty());
    EXPECT_EQ(all.stats().hits, 1u);
    EXPECT_EQ(all.stats().misses, 5u);
}

TEST(PreparedStatements, TheShapeIsAskedForOnce) {
    PreparedStatements all;
    int asked = 0;
    auto shape_of = [&] {
        ++asked;
        auto* shape = new model::StatementShape;
        shape->table = "t";
        return model::StatementShapePtr(shape);
    };
    auto a = all.intern({"insert into t values (1)"}, {}, shape_of);
    auto b = all.intern({"insert into t values (1)"}, a, shape_of);
    auto c = all.intern({"insert into t values (1)"}, {}, shape_of);
    EXPECT_EQ(asked, 1);
    EXPECT_EQ(a.get(), b.get());
    EXPECT_EQ(c->shape()->table, "t");
}

TEST(PreparedStatements, HoldsItsParseUnderItsOwnName) {
    PreparedStatements all;
    std::string int4 = "00000017"_bytes;
    for (int i = 0; i < 30; ++i) intern(all, "select " + std::to_string(i));
    auto s = all.intern({"select $1", base::as_bytes(int4)}, {}, no_shape);
    EXPECT_EQ(s->server_name(), "pgs_1f");
    EXPECT_EQ(base::as_text(s->parse_message()),
              "50 0000001b 'pgs_1f' 00 'select $1' 00 0001 00000017"_bytes);
    std::string out;
    s->append_parse(out, "");
    s->append_parse(out, "s1");
    EXPECT_EQ(out,
              "50 00000015 00 'select $1' 00 0001 00000017"
              "50 00000017 's1' 00 'select $1' 00 0001 00000017"_bytes);
    EXPECT_NE(s->server_name(), PreparedStatements::kNoStatement);
    EXPECT_TRUE(s->server_name().starts_with(PreparedStatements::kPrefix));
}

TEST(PreparedStatements, AnEmptyTextIsAStatement) {
    PreparedStatements all;
    auto s = intern(all, "");
    EXPECT_TRUE(s->whole());
    EXPECT_EQ(s->text(), "");
    EXPECT_EQ(base::as_text(s->parse_message()), "50 0000000d 'pgs_1' 00 00 0000"_bytes);
}

TEST(PreparedStatements, WhatCannotBeParsedAgainIsSharedWithNobody) {
    PreparedStatements all;
    auto zero = all.intern({std::string_view("a\0b", 3)}, {}, no_shape);
    auto pieces = all.make_unshared({});
    for (const auto& s : {zero, pieces}) {
        EXPECT_FALSE(s->whole());
        EXPECT_EQ(s->text(), "");
        EXPECT_TRUE(s->parse_message().empty());
        EXPECT_FALSE(s->is({""}));
    }
    EXPECT_EQ(pieces->server_name(), "pgs_2");
    EXPECT_EQ(all.size(), 0u);
    EXPECT_NE(intern(all, "")->id(), zero->id());
}

// ---- memory

TEST(PreparedStatements, TextsThatNeverRepeatLeaveNothingBehind) {
    PreparedStatements all(0, {.recent = 10, .recent_bytes = 1u << 20, .learned_bytes = 1'000});
    PreparedStatementPtr unnamed;
    std::size_t most = 0;
    for (int i = 0; i < 10'000; ++i) {
        unnamed = intern(all, "select " + std::to_string(i), unnamed);
        most = std::max(most, all.bytes());
    }
    EXPECT_EQ(all.size(), 10u);
    EXPECT_LT(most, 10'000u);
    PreparedStatements small(0, {.recent = 1'000, .recent_bytes = 10'000, .learned_bytes = 0});
    for (int i = 0; i < 1'000; ++i) intern(small, std::to_string(i) + std::string(500, 'x'));
    EXPECT_LE(small.bytes(), 10'000u);
    EXPECT_GE(small.size(), 5u);
}

TEST(PreparedStatements, RecentOnesAreFoundAgainAlthoughNobodyHasThem) {
    PreparedStatements all(0, {.recent = 3, .recent_bytes = 1u << 20, .learned_bytes = 0});
    std::uint64_t a = intern(all, "a")->id(), b = intern(all, "b")->id();
    intern(all, "c");
    EXPECT_EQ(intern(all, "a")->id(), a);
    intern(all, "d");  // pushes b out, which was used least recently
    EXPECT_EQ(intern(all, "a")->id(), a);
    EXPECT_NE(intern(all, "b")->id(), b);
}

TEST(PreparedStatements, ALongTextIsNotKeptForItself) {
    PreparedStatements all(0, {.recent = 10, .recent_bytes = 8'000, .learned_bytes = 0});
    auto s = intern(all, std::string(5'000, 'x'));
    EXPECT_EQ(all.size(), 1u);
    s = {};
    EXPECT_EQ(all.size(), 0u);
    EXPECT_EQ(all.bytes(), 0u);
}

TEST(PreparedStatements, StatementsMayOutliveTheTable) {
    PreparedStatementPtr kept;
    {
        PreparedStatements all;
        kept = intern(all, "select 1");
        intern(all, "select 2");
    }
    EXPECT_EQ(kept->text(), "select 1");
    kept->learn_parameters({});
    EXPECT_EQ(kept->learned(), nullptr);
}

// ---- what the server said

TEST(PreparedStatements, LearnsItsDescriptionAndSeesItChange) {
    PreparedStatements all(0, {.recent = 4, .recent_bytes = 1u << 20, .learned_bytes = 20});
    auto s = intern(all, "select $1, $2");
    std::size_t before = all.bytes();
    EXPECT_EQ(s->learned(), nullptr);
    EXPECT_THAT(s->learned_types(), IsEmpty());
    std::string types = "0002 00000017 00000019"_bytes, row = "0001 'a' 00"_bytes, wide(21, 'x');
    s->learn_parameters(base::as_bytes(types));
    EXPECT_THAT(s->learned_types(), ElementsAre(23u, 25u));
    EXPECT_FALSE(s->learn_result('T', base::as_bytes(row)));
    EXPECT_EQ(s->learned()->result, "54 00000008 0001 'a' 00"_bytes);
    EXPECT_FALSE(s->learn_result('T', base::as_bytes(row)));
    EXPECT_TRUE(s->learn_result('n', {}));
    EXPECT_EQ(s->learned()->result, "6e 00000004"_bytes);
    EXPECT_FALSE(s->learn_result('T', base::as_bytes(wide)));
    EXPECT_EQ(s->learned()->result, "6e 00000004"_bytes);
    EXPECT_GT(all.bytes(), before);
    s = {};
    for (int i = 0; i < 4; ++i) intern(all, std::to_string(i));
    EXPECT_LE(all.bytes(), before * 4 + 64);
}

}  // namespace
}  // namespace pgsidecar::proxy
