#include "proxy/core/client_statements.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "proxy/core/server_statements.hpp"

namespace pgsidecar::proxy {
namespace {

using Outcome = StepOutcome;

PreparedStatementPtr intern(PreparedStatements& all, std::string_view text) {
    return all.intern({text}, {}, [] { return model::StatementShapePtr(); });
}

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
