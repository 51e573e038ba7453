#include "proxy/core/server_statements.hpp"

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "proxy/core/client_statements.hpp"

namespace pgsidecar::proxy {
namespace {

using Need = ServerStatements::Need;
using Outcome = StepOutcome;

struct Server {
    PreparedStatements all;
    ServerStatements table;

    explicit Server(std::size_t max = 500, PreparedStatements::Limits limits = {})
        : all(0, limits), table(max) {}

    PreparedStatementPtr statement(std::string_view text) {
        return all.intern({text}, {}, [] { return model::StatementShapePtr(); });
    }
    Need need(std::string_view text) { return table.need(statement(text)); }
    StatementStep parse(std::string_view text) {
        StatementStep step = StatementStep::of(statement(text));
        table.parse(step);
        return step;
    }
    StatementStep close(std::string_view text) {
        StatementStep step = StatementStep::of(statement(text));
        table.close(step);
        return step;
    }
    StatementStep parse_unnamed(std::string_view text) {
        StatementStep step = StatementStep::of(statement(text));
        table.parse_unnamed(step);
        return step;
    }
    void done(const StatementStep& step) { table.resolve(step, Outcome::Done); }
    void skipped(const StatementStep& step) { table.resolve(step, Outcome::Skipped); }
    void failed(const StatementStep& step) { table.resolve(step, Outcome::Failed); }
};

TEST(ServerStatements, AStatementIsParsedOnce) {
    Server s;
    EXPECT_EQ(s.need("a"), Need::Parse);
    EXPECT_EQ(s.table.size(), 0u);
    auto step = s.parse("a");
    EXPECT_EQ(s.need("a"), Need::Nothing);
    s.done(step);
    EXPECT_EQ(s.need("a"), Need::Nothing);
    s.table.sync_sent();
    EXPECT_EQ(s.need("a"), Need::Nothing);
    EXPECT_EQ(s.table.size(), 1u);
}

TEST(ServerStatements, AParseThatFailsIsForgotten) {
    Server s;
    s.failed(s.parse("a"));
    EXPECT_EQ(s.need("a"), Need::Parse);
    s.skipped(s.parse("a"));
    EXPECT_EQ(s.need("a"), Need::Parse);
    EXPECT_EQ(s.table.size(), 0u);
}

// It may be skipped by an error that has not come yet; with the section it was sent in, but without
// this one.
TEST(ServerStatements, AParseOfAnEarlierSectionIsNotTrustedBeforeItsAnswer) {
    Server s;
    auto first = s.parse("a");
    s.table.sync_sent();
    EXPECT_EQ(s.need("a"), Need::CloseAndParse);
    auto close = s.close("a");
    auto again = s.parse("a");
    EXPECT_EQ(s.need("a"), Need::Nothing);
    s.skipped(first);
    EXPECT_EQ(s.need("a"), Need::Nothing);
    s.done(close);
    s.done(again);
    EXPECT_EQ(s.need("a"), Need::Nothing);
    EXPECT_EQ(s.table.size(), 1u);
}

TEST(ServerStatements, ACloseThatWasSkippedLeavesTheStatement) {
    Server s;
    s.done(s.parse("a"));
    auto close = s.close("a");
    EXPECT_EQ(s.need("a"), Need::Parse);
    EXPECT_EQ(s.table.size(), 0u);
    s.table.sync_sent();
    EXPECT_EQ(s.need("a"), Need::CloseAndParse);
    s.skipped(close);
    EXPECT_EQ(s.need("a"), Need::Nothing);
    EXPECT_EQ(s.table.size(), 1u);
}

TEST(ServerStatements, TheLeastRecentlyUsedIsEvicted) {
    Server s(2);
    s.done(s.parse("a"));
    s.done(s.parse("b"));
    EXPECT_FALSE(s.table.evict().statement);
    EXPECT_EQ(s.need("a"), Need::Nothing);
    auto parse = s.parse("c");
    auto victim = s.table.evict();
    ASSERT_TRUE(victim.statement);
    EXPECT_EQ(victim.statement->text(), "b");
    EXPECT_FALSE(s.table.evict().statement);
    s.done(parse);
    s.done(victim);
    EXPECT_EQ(s.need("b"), Need::Parse);
    EXPECT_EQ(s.need("a"), Need::Nothing);
    EXPECT_EQ(s.need("c"), Need::Nothing);
}

TEST(ServerStatements, EvictionInOnePipelineOfManyStatements) {
    Server s(1);
    std::vector<StatementStep> steps;
    for (std::string text : {"a", "b", "a", "c"}) {
        ASSERT_EQ(s.need(text), Need::Parse) << text;
        steps.push_back(s.parse(text));
        auto victim = s.table.evict();
        if (victim.statement) steps.push_back(victim);
        EXPECT_FALSE(s.table.evict().statement);
        EXPECT_EQ(s.table.size(), 1u);
    }
    ASSERT_EQ(steps.size(), 7u);
    // Parse a, Parse b, Close a, Parse a, Close b; then an error.
    for (std::size_t i = 0; i < 5; ++i) s.done(steps[i]);
    for (std::size_t i = 5; i < 7; ++i) s.skipped(steps[i]);
    EXPECT_EQ(s.need("a"), Need::Nothing);
    EXPECT_EQ(s.need("b"), Need::Parse);
    EXPECT_EQ(s.need("c"), Need::Parse);
    EXPECT_EQ(s.table.size(), 1u);
}

TEST(ServerStatements, ASmallerLimitIsReachedByEviction) {
    Server s(100);
    for (int i = 0; i < 50; ++i) s.done(s.parse("s" + std::to_string(i)));
    s.table.set_max(0);
    int closed = 0;
    for (auto step = s.table.evict(); step.statement; step = s.table.evict()) {
        s.done(step);
        ++closed;
    }
    EXPECT_EQ(closed, 49);
    EXPECT_EQ(s.need("s49"), Need::Nothing);
}

TEST(ServerStatements, ATableOfTenThousand) {
    Server s(10'000);
    for (int i = 0; i < 20'000; ++i) {
        s.done(s.parse("s" + std::to_string(i)));
        if (auto step = s.table.evict(); step.statement) s.done(step);
    }
    EXPECT_EQ(s.table.size(), 10'000u);
    EXPECT_EQ(s.need("s10000"), Need::Nothing);
    EXPECT_EQ(s.need("s9999"), Need::Parse);
}

TEST(ServerStatements, AServerKeepsAStatementThatNoClientHasAnyMore) {
    Server s(500, {.recent = 0, .recent_bytes = 0, .learned_bytes = 0});
    s.done(s.parse("a"));
    EXPECT_EQ(s.all.size(), 1u);
    EXPECT_EQ(s.need("a"), Need::Nothing);
    s.done(s.close("a"));
    EXPECT_EQ(s.all.size(), 0u);
}

TEST(ServerStatements, WhatIsDistrustedIsMadeAnew) {
    Server s;
    s.done(s.parse("a"));
    StatementStep use = StatementStep::of(s.statement("a"));
    s.table.distrust(use);
    EXPECT_EQ(s.need("a"), Need::CloseAndParse);
    EXPECT_EQ(s.table.size(), 1u);
    auto close = s.close("a");
    auto parse = s.parse("a");
    EXPECT_EQ(s.need("a"), Need::Nothing);
    s.skipped(close);
    s.skipped(parse);
    EXPECT_EQ(s.need("a"), Need::CloseAndParse);
    s.done(s.close("a"));
    s.done(s.parse("a"));
    EXPECT_EQ(s.need("a"), Need::Nothing);
}

// 42P05: it is there although we did not know.
TEST(ServerStatements, ADuplicateIsClosedFirst) {
    Server s;
    auto parse = s.parse("a");
    s.failed(parse);
    s.table.distrust(parse);
    EXPECT_EQ(s.need("a"), Need::CloseAndParse);
    s.table.distrust(StatementStep());
    EXPECT_EQ(s.table.size(), 1u);
}

TEST(ServerStatements, NothingIsCertainWhileAllAreBeingDeallocated) {
    Server s;
    s.done(s.parse("a"));
    auto pending = s.parse("b");
    StatementStep all;
    s.table.deallocate_all(all);
    EXPECT_EQ(s.need("a"), Need::CloseAndParse);
    EXPECT_EQ(s.need("b"), Need::CloseAndParse);
    EXPECT_EQ(s.need("c"), Need::Parse);
    s.done(pending);
    EXPECT_EQ(s.need("b"), Need::CloseAndParse);
    auto close = s.close("a"), parse = s.parse("a");
    EXPECT_EQ(s.need("a"), Need::Nothing);
    s.done(all);
    EXPECT_EQ(s.need("b"), Need::Parse);
    EXPECT_EQ(s.need("a"), Need::Nothing);
    s.done(close);
    s.done(parse);
    EXPECT_EQ(s.need("a"), Need::Nothing);
    EXPECT_EQ(s.table.size(), 1u);
}

TEST(ServerStatements, ADeallocateAllThatDidNotSucceed) {
    Server s;
    s.done(s.parse("a"));
    StatementStep skipped, failed;
    s.table.deallocate_all(skipped);
    s.table.resolve(skipped, Outcome::Skipped);
    EXPECT_EQ(s.need("a"), Need::Nothing);
    // In a Query with several statements it may have been done before another one failed.
    s.table.deallocate_all(failed);
    s.table.resolve(failed, Outcome::Failed);
    EXPECT_EQ(s.need("a"), Need::CloseAndParse);
}

TEST(ServerStatements, ClearForgetsAll) {
    Server s;
    s.done(s.parse("a"));
    s.done(s.parse_unnamed("u"));
    s.table.clear();
    EXPECT_EQ(s.table.size(), 0u);
    EXPECT_EQ(s.need("a"), Need::Parse);
    EXPECT_FALSE(s.table.unnamed_is(s.statement("u")));
}

TEST(ServerStatements, WhatIsNotWholeIsNotCounted) {
    Server s(1);
    auto statement = s.all.make_unshared({});
    EXPECT_EQ(s.table.need(statement), Need::Nothing);
    StatementStep step = StatementStep::of(statement);
    s.table.parse(step);
    EXPECT_EQ(s.table.size(), 0u);
    s.done(step);
    s.table.distrust(step);
    s.table.close(step);
    s.done(step);
    EXPECT_EQ(s.table.size(), 0u);
}

// ---- unnamed

TEST(ServerStatements, KnowsWhoseUnnamedStatementItHas) {
    Server s;
    EXPECT_TRUE(s.table.unnamed_is_none());
    auto step = s.parse_unnamed("a");
    EXPECT_TRUE(s.table.unnamed_is(s.statement("a")));
    EXPECT_FALSE(s.table.unnamed_is(s.statement("b")));
    EXPECT_FALSE(s.table.unnamed_is_none());
    s.table.sync_sent();
    EXPECT_FALSE(s.table.unnamed_is(s.statement("a")));
    s.done(step);
    EXPECT_TRUE(s.table.unnamed_is(s.statement("a")));
    StatementStep close;
    s.table.close_unnamed(close);
    s.done(close);
    EXPECT_TRUE(s.table.unnamed_is_none());
}

TEST(ServerStatements, AfterAnErrorNobodyKnowsTheUnnamedOne) {
    Server s;
    auto first = s.parse_unnamed("a"), second = s.parse_unnamed("b");
    s.done(first);
    s.skipped(second);
    for (auto text : {"a", "b"}) EXPECT_FALSE(s.table.unnamed_is(s.statement(text)));
    EXPECT_FALSE(s.table.unnamed_is_none());
    s.failed(s.parse_unnamed("a"));
    EXPECT_FALSE(s.table.unnamed_is(s.statement("a")));
    s.done(s.parse_unnamed("a"));
    EXPECT_TRUE(s.table.unnamed_is(s.statement("a")));
    s.table.query_sent();
    EXPECT_FALSE(s.table.unnamed_is(s.statement("a")));
    EXPECT_FALSE(s.table.unnamed_is_none());
    StatementStep unreadable;
    s.table.parse_unnamed(unreadable);
    s.done(unreadable);
    EXPECT_FALSE(s.table.unnamed_is_none());
}

TEST(ServerStatements, TheNextSectionsUnnamedStatementStandsWhenOneFails) {
    Server s;
    auto first = s.parse_unnamed("a");
    s.table.sync_sent();
    auto second = s.parse_unnamed("b");
    s.skipped(first);
    EXPECT_TRUE(s.table.unnamed_is(s.statement("b")));
    s.done(second);
    EXPECT_TRUE(s.table.unnamed_is(s.statement("b")));
}

// ---- errors

TEST(StaleStatement, IsToldByCodeAndRoutine) {
    auto of = [](std::string_view state, std::string_view routine, std::string_view words = {}) {
        protocol::ErrorFields fields;
        fields.sqlstate = state;
        fields.routine = routine;
        fields.message = words;
        return stale_statement(fields);
    };
    using Stale = StaleStatement;
    constexpr std::string_view kWords = "cached plan must not change result type";
    EXPECT_EQ(of("0A000", "RevalidateCachedQuery", kWords), Stale::ResultChanged);
    EXPECT_EQ(of("0A000", "RevalidateCachedQuery", "in another language"), Stale::ResultChanged);
    EXPECT_EQ(of("0A000", "", kWords), Stale::ResultChanged);
    EXPECT_EQ(of("0A000", "", "something else"), Stale::No);
    EXPECT_EQ(of("0A000", "transformLockingClause", kWords), Stale::No);
    EXPECT_EQ(of("26000", "FetchPreparedStatement"), Stale::Missing);
    EXPECT_EQ(of("42P05", "StorePreparedStatement"), Stale::Duplicate);
    EXPECT_EQ(of("42601", "scanner_yyerror"), Stale::No);
    EXPECT_EQ(of("", ""), Stale::No);
}

}  // namespace
}  // namespace pgsidecar::proxy
