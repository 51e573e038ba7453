#include "audit/flush_plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/audit/flush_fake_spool.hpp"

namespace pgsidecar::audit {
namespace {

using Kind = db::PipelineCommand::Kind;

/// The commands as one reads them: SQL, "again", or the setting that is set.
std::vector<std::string> words(const FlushPlan& plan) {
    std::vector<std::string> out;
    for (const auto& command : plan.commands()) {
        db::BindParameters parameters;
        EXPECT_TRUE(parameters.read(command.parameters));
        switch (command.kind) {
            case Kind::Query:
                out.emplace_back(command.text.substr(0, command.text.find(' ')));
                break;
            case Kind::Again: out.emplace_back("again"); break;
            case Kind::Prepared:
                out.push_back(std::string("set ") + parameters.values()[0] +
                              (parameters.values()[1] != nullptr ? "" : " back"));
                break;
        }
    }
    return out;
}

StoredEntry stored(std::uint64_t sequence, std::int64_t accepted_us, model::SpoolEntry entry) {
    return {sequence, accepted_us, std::move(entry)};
}

TEST(FlushPlan, SetsContextAndTimeOnlyWhenTheyChange) {
    const auto app = make_context("app"), own = make_context("sidecar");
    const StoredEntry entries[] = {stored(1, 10, make_entry(app, {"INSERT a", "INSERT b"})),
                                   stored(2, 10, make_entry(app, {"INSERT c"})),
                                   stored(3, 20, make_entry(app, {"INSERT d"})),
                                   stored(4, 20, make_entry(own, {"INSERT e"}))};
    FlushPlan plan("sidecar");
    for (std::size_t i = 0; i < 4; ++i) ASSERT_TRUE(plan.add(i, entries[i]));
    plan.finish("id", 4, 0, "me");
    EXPECT_THAT(words(plan),
                testing::ElementsAre("PREPARE", "set role", "set pgsidecar.accepted_at", "INSERT",
                                     "INSERT", "INSERT", "set pgsidecar.accepted_at", "INSERT",
                                     "set role back", "INSERT", "DEALLOCATE", "UPDATE"));
    EXPECT_EQ(plan.entries(), 4U);
    EXPECT_EQ(plan.entry_of(0), std::nullopt);
    EXPECT_EQ(plan.entry_of(1), 0U);
    EXPECT_TRUE(plan.sets_role(1));
    EXPECT_FALSE(plan.sets_role(8));
    EXPECT_EQ(plan.entry_of(5), 1U);
    EXPECT_EQ(plan.entry_of(8), 3U);
    EXPECT_EQ(plan.entry_of(10), std::nullopt);
    EXPECT_EQ(plan.entry_of(99), std::nullopt);
}

TEST(FlushPlan, EqualStatementsAreParsedOnce) {
    const auto own = make_context("sidecar"),
               other = make_context("sidecar", "postgres", {{"a.x", "1"}});
    auto make = [&](std::uint64_t n, const model::SpoolContextPtr& context, std::uint32_t type) {
        auto entry = make_entry(context, {"INSERT $1"});
        entry.statements[0].types = {type};
        entry.statements[0].parameters = db::bind_body({"x"});
        return stored(n, static_cast<std::int64_t>(n), std::move(entry));
    };
    const StoredEntry entries[] = {make(1, own, 23), make(2, own, 23), make(3, own, 25),
                                   make(4, other, 25)};
    FlushPlan plan("sidecar");
    for (std::size_t i = 0; i < 4; ++i) ASSERT_TRUE(plan.add(i, entries[i]));
    EXPECT_THAT(words(plan), testing::ElementsAre("PREPARE", "set pgsidecar.accepted_at", "INSERT",
                                                  "set pgsidecar.accepted_at", "again",
                                                  "set pgsidecar.accepted_at", "INSERT", "set a.x",
                                                  "set pgsidecar.accepted_at", "INSERT"));
}

TEST(FlushPlan, ADamagedEntryIsNotAdded) {
    FlushPlan plan("sidecar");
    EXPECT_FALSE(plan.add(0, stored(1, 0, make_entry(make_context("a"), {}))));
    EXPECT_FALSE(plan.add(0, stored(1, 0, make_entry({}, {"INSERT a"}))));
    EXPECT_EQ(plan.entries(), 0U);
}

}  // namespace
}  // namespace pgsidecar::audit
