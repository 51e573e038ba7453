// What people see of a spool without anything being handed out.
#include "tests/unit/audit/spool_rig.hpp"

namespace pgsidecar::audit {
namespace {

using test::entry_of;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class SpoolBrowse : public test::SpoolRig {
protected:
    Browsed browse(BrowseQuery query) {
        auto promise = std::make_shared<std::promise<Browsed>>();
        auto future = promise->get_future();
        spool_->browse(query, [promise](Browsed page) { promise->set_value(std::move(page)); });
        return test::wait(std::move(future));
    }
    static std::vector<std::uint64_t> sequences(const Browsed& page) {
        std::vector<std::uint64_t> out;
        for (const auto& entry : page.entries) out.push_back(entry.sequence);
        return out;
    }
};

TEST_F(SpoolBrowse, AnEntryIsSummedUpWithoutItsValues) {
    open();
    auto entry = entry_of("insert 'secret'", model::OutageClass::Queue);
    entry.statements.push_back(test::statement_of("x", "orders"));
    entry.statements.push_back(test::statement_of("y", "audit_logs"));
    append(entry);
    const auto page = browse({});
    ASSERT_THAT(page.entries, SizeIs(1));
    const BrowsedEntry& one = page.entries[0];
    EXPECT_EQ(one.sequence, 1U);
    EXPECT_EQ(one.outage_class, model::OutageClass::Queue);
    EXPECT_EQ(one.user, "app");
    EXPECT_EQ(one.database, "shop");
    EXPECT_EQ(one.service, "api");
    EXPECT_THAT(one.tables, ElementsAre("audit_logs", "orders"));
    EXPECT_EQ(one.statements, 3U);
    EXPECT_EQ(one.rows, 6);
    EXPECT_GT(one.bytes, 0U);
    EXPECT_GT(one.accepted_us, 0);
    EXPECT_FALSE(one.damaged);
    EXPECT_FALSE(page.more);
}

TEST_F(SpoolBrowse, PagesFollowEachOther) {
    open();
    for (int i = 0; i < 5; ++i) append("a");
    auto page = browse({.max_entries = 2});
    EXPECT_THAT(sequences(page), ElementsAre(1, 2));
    EXPECT_TRUE(page.more);
    page = browse({.after = 2, .max_entries = 2});
    EXPECT_THAT(sequences(page), ElementsAre(3, 4));
    EXPECT_TRUE(page.more);
    page = browse({.after = 4, .max_entries = 2});
    EXPECT_THAT(sequences(page), ElementsAre(5));
    EXPECT_FALSE(page.more);
    page = browse({.max_entries = 5});
    EXPECT_THAT(page.entries, SizeIs(5));
    EXPECT_FALSE(page.more);
    EXPECT_THAT(browse({.after = 5}).entries, IsEmpty());
    EXPECT_THAT(browse({.after = ~std::uint64_t{0}}).entries, IsEmpty());
}

TEST_F(SpoolBrowse, LargeEntriesMakeTheShorterPageButNeverAnEmptyOne) {
    open();
    for (int i = 0; i < 3; ++i) append(std::string(10'000, 'x'));
    for (bool dead : {false, true}) {
        for (std::uint64_t i = 1; dead && i <= 3; ++i) EXPECT_TRUE(bury(i));
        const auto one = browse({.dead = dead, .max_bytes = 1});
        EXPECT_THAT(sequences(one), ElementsAre(1));
        EXPECT_TRUE(one.more);
        const auto two = browse({.dead = dead, .max_bytes = 60'000});
        EXPECT_THAT(sequences(two), testing::Contains(1));
        EXPECT_EQ(browse({.dead = dead, .max_bytes = 1'000'000}).more, false);
    }
}

TEST_F(SpoolBrowse, DeadLettersComeWithTheirErrors) {
    open();
    for (const char* text : {"a", "b", "c"}) append(text);
    EXPECT_TRUE(bury(1));
    EXPECT_TRUE(bury(3));
    EXPECT_THAT(sequences(browse({})), ElementsAre(2));
    auto page = browse({.dead = true});
    ASSERT_THAT(sequences(page), ElementsAre(1, 3));
    EXPECT_EQ(page.entries[0].sqlstate, "23505");
    EXPECT_EQ(page.entries[0].message, "duplicate key");
    EXPECT_GT(page.entries[0].died_us, 0);
    EXPECT_THAT(sequences(browse({.dead = true, .after = 1})), ElementsAre(3));
    page = browse({.dead = true, .max_entries = 1});
    EXPECT_THAT(sequences(page), ElementsAre(1));
    EXPECT_TRUE(page.more);
    EXPECT_THAT(browse({.dead = true, .after = ~std::uint64_t{0}}).entries, IsEmpty());
}

TEST_F(SpoolBrowse, LookingHandsNothingOutAndLetsTheOldWait) {
    options_.queue_max_age_ms = 1;
    open();
    append(entry_of("old", model::OutageClass::Queue));
    for (int i = 0; i < 3; ++i) EXPECT_THAT(browse({}).entries, SizeIs(1));
    EXPECT_EQ(spool_->stats().dead, 0U);
    EXPECT_EQ(spool_->stats().entries, 1U);
}

}  // namespace
}  // namespace pgsidecar::audit
