#include "proxy/core/prepared_statements.hpp"

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "protocol/messages/frontend_decode.hpp"
#include "proxy/core/client_statements.hpp"
#include "proxy/core/server_statements.hpp"
#include "tests/support/byte_literals.hpp"

namespace pgsidecar::proxy {
namespace {

using namespace test::literals;
using testing::ElementsAre;
using testing::IsEmpty;
using Outcome = StepOutcome;

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

// ---- a client's names

struct Client {
    PreparedStatements all;
    ClientStatements names;
    std::uint32_t section = 0;

    StatementStep parse(std::string_view name, std::string_view text) {
        StatementStep step = StatementStep::of(intern(all, text));
        EXPECT_TRUE(names.parse(name, step, section));
        return step;
    }
    StatementStep close(std::string_view name) {
        StatementStep step;
        names.close(name, step, section);
        return step;
    }
    StatementStep query() {
        StatementStep step;
        names.query(step, section);
        return step;
    }
    StatementStep deallocate_all(ServerStatements& server) {
        StatementStep step;
        server.deallocate_all(step);
        names.deallocate_all();
        return step;
    }
    void done(const StatementStep& step) { names.resolve(step, Outcome::Done); }
    void skipped(const StatementStep& step) { names.resolve(step, Outcome::Skipped); }
    void failed(const StatementStep& step) { names.resolve(step, Outcome::Failed); }
    std::string text(std::string_view name) const {
        const auto& s = names.statement(name);
        return s ? std::string(s->text()) : "none";
    }
    bool settled(std::string_view name) const { return names.find(name, section).settled; }
};

TEST(ClientStatements, AnIdleClientCostsFourWords) { EXPECT_LE(sizeof(ClientStatements), 32u); }

TEST(ClientStatements, ANameStandsForWhatWasParsedLast) {
    Client c;
    EXPECT_EQ(c.text("s"), "none");
    EXPECT_TRUE(c.settled("s"));
    c.done(c.parse("s", "select 1"));
    c.done(c.parse("", "select 2"));
    EXPECT_EQ(c.text("s"), "select 1");
    EXPECT_EQ(c.text(""), "select 2");
    c.done(c.close("s"));
    EXPECT_EQ(c.text("s"), "none");
    EXPECT_EQ(c.names.size(), 0u);
    EXPECT_EQ(c.close("s").slot, nullptr);
    c.done(c.close(""));
    EXPECT_EQ(c.text(""), "none");
    EXPECT_EQ(c.close("").slot, nullptr);
}

TEST(ClientStatements, WhatIsSentCountsAtOnceWithinItsSection) {
    Client c;
    auto first = c.parse("s", "select 1");
    EXPECT_EQ(c.text("s"), "select 1");
    EXPECT_TRUE(c.settled("s"));
    ++c.section;
    EXPECT_FALSE(c.settled("s"));
    c.done(first);
    EXPECT_TRUE(c.settled("s"));
}

TEST(ClientStatements, ASkippedParseLeavesTheNameAsItWas) {
    Client c;
    auto fresh = c.parse("s", "select 1");
    c.skipped(fresh);
    EXPECT_EQ(c.text("s"), "none");
    EXPECT_EQ(c.names.size(), 0u);
    c.done(c.parse("s", "select 1"));
    auto close = c.close("s");
    auto again = c.parse("s", "select 2");
    auto more = c.close("s");
    EXPECT_EQ(c.text("s"), "none");
    c.skipped(close);
    c.skipped(again);
    c.skipped(more);
    EXPECT_EQ(c.text("s"), "select 1");
    EXPECT_TRUE(c.settled("s"));
}

TEST(ClientStatements, AFailedUnnamedParseDropsTheUnnamedStatement) {
    Client c;
    c.done(c.parse("", "select 1"));
    c.failed(c.parse("", "selekt"));
    EXPECT_EQ(c.text(""), "none");
    c.done(c.parse("", "select 1"));
    c.skipped(c.parse("", "selekt"));
    EXPECT_EQ(c.text(""), "select 1");
    c.done(c.parse("s", "select 1"));
    c.done(c.close("s"));
    c.failed(c.parse("s", "selekt"));
    EXPECT_EQ(c.text("s"), "none");
}

TEST(ClientStatements, AQueryDropsTheUnnamedStatementEvenWhenItFails) {
    Client c;
    EXPECT_EQ(c.query().slot, nullptr);
    c.done(c.parse("", "select 1"));
    auto query = c.query();
    EXPECT_EQ(c.text(""), "none");
    c.failed(query);
    EXPECT_EQ(c.text(""), "none");
    c.done(c.parse("", "select 1"));
    c.skipped(c.query());
    EXPECT_EQ(c.text(""), "select 1");
}

// One section fails, the next has been sent already.
TEST(ClientStatements, LaterSectionsStandWhenAnEarlierOneFails) {
    Client c;
    c.done(c.parse("s", "old"));
    auto close1 = c.close("s");
    auto parse1 = c.parse("s", "one");
    ++c.section;
    auto close2 = c.close("s");
    auto parse2 = c.parse("s", "two");
    EXPECT_EQ(c.text("s"), "two");
    c.skipped(close1);
    c.skipped(parse1);
    EXPECT_FALSE(c.settled("s"));
    c.done(close2);
    EXPECT_FALSE(c.settled("s"));
    c.done(parse2);
    EXPECT_TRUE(c.settled("s"));
    EXPECT_EQ(c.text("s"), "two");
}

TEST(ClientStatements, BothSectionsFail) {
    Client c;
    c.done(c.parse("", "old"));
    auto parse1 = c.parse("", "one");
    ++c.section;
    auto parse2 = c.parse("", "two");
    auto parse3 = c.parse("", "three");
    c.skipped(parse1);
    c.done(parse2);
    c.skipped(parse3);
    EXPECT_EQ(c.text(""), "two");
    auto parse4 = c.parse("", "four");
    ++c.section;
    auto parse5 = c.parse("", "five");
    c.skipped(parse4);
    c.skipped(parse5);
    EXPECT_EQ(c.text(""), "two");
}

TEST(ClientStatements, TenThousandNamesAndNotOneMore) {
    Client c;
    for (std::size_t i = 0; i < ClientStatements::kMaxNames; ++i) {
        c.done(c.parse("s" + std::to_string(i), "select " + std::to_string(i % 100)));
    }
    EXPECT_EQ(c.names.size(), ClientStatements::kMaxNames);
    EXPECT_EQ(c.all.size(), 100u);
    EXPECT_EQ(c.text("s9999"), "select 99");
    StatementStep step = StatementStep::of(intern(c.all, "select 1"));
    EXPECT_FALSE(c.names.parse("one more", step, 0));
    EXPECT_EQ(step.slot, nullptr);
    EXPECT_TRUE(c.names.parse("s1", step, 0));
    c.done(step);
    c.done(c.close("s5"));
    c.done(c.parse("one more", "select 1"));
}

TEST(ClientStatements, TooMuchTextIsRefused) {
    Client c;
    std::string big(8u << 20, 'x');
    for (int i = 0; i < 8; ++i)
        c.done(c.parse("s" + std::to_string(i), big.substr(0, big.size() - 1)));
    StatementStep step = StatementStep::of(intern(c.all, "not so long"));
    EXPECT_FALSE(c.names.parse("t", step, 0));
    c.done(c.close("s0"));
    EXPECT_TRUE(c.names.parse("t", step, 0));
}

// As PostgreSQL 15 does, whose tables of names compare 63 bytes.
TEST(ClientStatements, NamesAreTheSameWhenTheirFirst63BytesAre) {
    Client c;
    std::string common(63, 'n'), megabyte(1u << 20, 'n');
    c.done(c.parse(common + "aaa", "select 1"));
    EXPECT_EQ(c.text(common), "select 1");
    EXPECT_EQ(c.text(megabyte), "select 1");
    EXPECT_EQ(c.text(common.substr(1)), "none");
    c.names.bind(megabyte, c.names.statement(megabyte));
    EXPECT_EQ(c.names.portal(common)->text(), "select 1");
}

TEST(ClientStatements, DeallocateAllLeavesOnlyTheUnnamedOne) {
    Client c;
    ServerStatements server;
    c.done(c.parse("a", "select 1"));
    c.done(c.parse("", "select 2"));
    auto step = c.deallocate_all(server);
    EXPECT_FALSE(c.settled("a"));
    EXPECT_TRUE(c.settled(""));
    auto later = c.parse("b", "select 3");
    c.done(step);
    EXPECT_EQ(c.text("a"), "none");
    EXPECT_EQ(c.text(""), "select 2");
    EXPECT_EQ(c.text("b"), "none");
    c.done(later);
    EXPECT_EQ(c.text("b"), "select 3");
    c.failed(c.deallocate_all(server));
    EXPECT_EQ(c.text("b"), "select 3");
    EXPECT_TRUE(c.settled("b"));
}

TEST(ClientStatements, PortalsEndWithTheirTransaction) {
    Client c;
    c.done(c.parse("s", "select 1"));
    c.names.bind("", c.names.statement("s"));
    c.names.bind("p", c.names.statement("s"));
    c.names.bind("nothing", c.names.statement("unknown"));
    c.done(c.close("s"));
    EXPECT_EQ(c.names.portal("")->text(), "select 1");
    EXPECT_EQ(c.names.portal("p")->text(), "select 1");
    EXPECT_FALSE(c.names.portal("nothing"));
    c.names.close_portal("p");
    EXPECT_FALSE(c.names.portal("p"));
    c.names.bind("p", c.names.portal(""));
    c.names.transaction_over();
    EXPECT_FALSE(c.names.portal(""));
    EXPECT_FALSE(c.names.portal("p"));
    for (std::size_t i = 0; i < ClientStatements::kMaxNames + 5; ++i)
        c.names.bind(std::to_string(i + 1), {});
    c.names.transaction_over();
}

TEST(ClientStatements, WhatOnlyItsServerHasKeepsItThere) {
    Client c;
    StatementStep unnamed = StatementStep::of(c.all.make_unshared({}));
    StatementStep named = StatementStep::of(c.all.make_unshared({}));
    EXPECT_TRUE(c.names.parse("", unnamed, 0));
    EXPECT_TRUE(c.names.needs_its_server());
    c.done(unnamed);
    c.done(c.parse("", "select 1"));
    EXPECT_FALSE(c.names.needs_its_server());
    EXPECT_TRUE(c.names.parse("s", named, 0));
    c.done(named);
    EXPECT_TRUE(c.names.needs_its_server());
    auto close = c.close("s");
    EXPECT_FALSE(c.names.needs_its_server());
    c.skipped(close);
    EXPECT_TRUE(c.names.needs_its_server());
    c.done(c.close("s"));
    EXPECT_FALSE(c.names.needs_its_server());
}

}  // namespace
}  // namespace pgsidecar::proxy
