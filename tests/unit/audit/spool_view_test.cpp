// What people see of a spool, whole, in use or damaged.
#include "audit/spool_view.hpp"

#include <set>

#include "tests/unit/audit/spool_rig.hpp"

namespace pgsidecar::audit {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class SpoolViews : public test::SpoolRig {
protected:
    std::unique_ptr<SpoolView> look() {
        std::string problem;
        auto view = SpoolView::open(options_.folder, problem);
        EXPECT_TRUE(view) << problem;
        return view;
    }
    static std::vector<std::uint64_t> waiting(SpoolView& view, bool whole_only = true) {
        std::vector<std::uint64_t> out;
        view.waiting([&](const SpoolView::Entry& entry) {
            if (!entry.damaged || !whole_only) out.push_back(entry.stored.sequence);
            return true;
        });
        return out;
    }
};

TEST_F(SpoolViews, ShowsASpoolInUse) {
    open();
    for (const char* text : {"a", "b", "c"}) append(text);
    EXPECT_TRUE(bury(2));
    auto view = look();
    EXPECT_THAT(waiting(*view), ElementsAre(1, 3));
    std::vector<std::string> dead;
    view->dead([&](const SpoolView::Letter& found) {
        const auto& letter = found.letter;
        dead.push_back(letter.stored.entry.statements[0].sql + ":" + letter.sqlstate);
        EXPECT_EQ(found.bytes, spool_->stats().bytes / 2);
        return true;
    });
    EXPECT_THAT(dead, ElementsAre("b:23505"));
    const auto health = view->verify();
    EXPECT_EQ(health.problem, "");
    EXPECT_EQ(health.waiting, 2U);
    EXPECT_EQ(health.dead, 1U);
    EXPECT_EQ(health.id, spool_->id());
    EXPECT_FALSE(view->incomplete());
    EXPECT_TRUE(append("d").stored());
    EXPECT_THAT(waiting(*view), ElementsAre(1, 3, 4));
}

TEST_F(SpoolViews, StopsWhenAsked) {
    open();
    for (const char* text : {"a", "b", "c"}) append(text);
    int seen = 0;
    look()->waiting([&](const SpoolView::Entry&) { return ++seen < 2; });
    EXPECT_EQ(seen, 2);
}

TEST_F(SpoolViews, ASpoolThatIsNotThereIsNamed) {
    std::string problem;
    EXPECT_FALSE(SpoolView::open(options_.folder, problem));
    EXPECT_THAT(problem, HasSubstr("There is no spool in " + options_.folder));
}

TEST_F(SpoolViews, LookingChangesNothing) {
    open();
    append("a");
    spool_.reset();
    const std::string before = test::content_of(database());
    const std::string mark = test::content_of(options_.folder + "/mark");
    auto view = look();
    EXPECT_THAT(waiting(*view), ElementsAre(1));
    EXPECT_EQ(view->verify().problem, "");
    view.reset();
    EXPECT_EQ(test::content_of(database()), before);
    EXPECT_EQ(test::content_of(options_.folder + "/mark"), mark);
}

/// Every page in turn: a broken one hides its own entries and those alone, even when it is the root
/// of a tree or the file's first.
TEST_F(SpoolViews, ReadsAroundBrokenPages) {
    open();
    constexpr std::uint64_t kEntries = 300;
    for (std::uint64_t i = 0; i < kEntries; ++i) {
        auto entry = test::entry_of(std::string(i % 50 == 0 ? 20'000 : 700, 'x'));
        if (i % 10 == 0) entry.statements.push_back(test::statement_of(std::string(2'000, 'y')));
        ASSERT_TRUE(append(entry).stored());
    }
    spool_.reset();
    const std::string whole = test::content_of(database());
    std::size_t without_contexts = 0;
    for (std::size_t page = 0; page < whole.size() / 4'096; ++page) {
        SCOPED_TRACE(page);
        std::string broken = whole;
        broken.replace(page * 4'096, 4'096, 4'096, '\xa5');
        test::write_content(database(), broken);
        auto view = look();
        const auto found = waiting(*view);
        const bool noticed =
            view->incomplete() || !view->verify().problem.empty() || found.size() == kEntries;
        EXPECT_TRUE(noticed);
        const std::set<std::uint64_t> distinct(found.begin(), found.end());
        EXPECT_EQ(distinct.size(), found.size());
        if (found.empty()) {
            ++without_contexts;
            EXPECT_EQ(waiting(*view, false).size(), kEntries);
        } else {
            EXPECT_GE(found.size(), kEntries - 12);
        }
    }
    EXPECT_EQ(without_contexts, 1U);
}

/// What was settled may come up again among the salvaged, but marked, and what waits is not.
TEST_F(SpoolViews, SalvagedOnesAreMarked) {
    open();
    for (int i = 0; i < 100; ++i) append(std::string(700, 'x'));
    ASSERT_TRUE(settle(50));
    spool_.reset();
    std::string content = test::content_of(database());
    look()->waiting([](const SpoolView::Entry& entry) {
        EXPECT_FALSE(entry.salvaged);
        return true;
    });
    content.replace(0, 100, 100, 'x');
    test::write_content(database(), content);
    std::set<std::uint64_t> salvaged;
    look()->waiting([&](const SpoolView::Entry& entry) {
        EXPECT_TRUE(entry.salvaged);
        salvaged.insert(entry.stored.sequence);
        return true;
    });
    for (std::uint64_t s = 51; s <= 100; ++s) EXPECT_TRUE(salvaged.contains(s)) << s;
}

TEST_F(SpoolViews, ReadsWhatIsLeftOfAFileThatWasCutShort) {
    open();
    for (int i = 0; i < 300; ++i) append(std::string(700, 'x'));
    spool_.reset();
    const std::string whole = test::content_of(database());
    test::write_content(database(), whole.substr(0, whole.size() / 2));
    auto view = look();
    EXPECT_GT(waiting(*view).size(), 100U);
    EXPECT_TRUE(view->incomplete());
    EXPECT_THAT(view->verify().problem, HasSubstr("is malformed"));
}

TEST_F(SpoolViews, DamagedEntriesAreShownAsSuch) {
    open();
    append("first");
    append("second");
    spool_.reset();
    std::string content = test::content_of(database());
    content[content.find("second")] = 'S';
    test::write_content(database(), content);
    auto view = look();
    EXPECT_THAT(waiting(*view), ElementsAre(1));
    EXPECT_THAT(waiting(*view, false), ElementsAre(1, 2));
    EXPECT_FALSE(view->incomplete());
    const auto health = view->verify();
    EXPECT_EQ(health.problem, "");
    EXPECT_THAT(health.damaged, ElementsAre(2));
}

TEST_F(SpoolViews, AFileOfNoSpoolGivesNothing) {
    std::filesystem::create_directories(options_.folder);
    test::write_content(database(), std::string(5'000, 'x'));
    auto view = look();
    EXPECT_THAT(waiting(*view), IsEmpty());
    EXPECT_TRUE(view->incomplete());
    EXPECT_THAT(view->verify().problem, HasSubstr("not a database"));
}

}  // namespace
}  // namespace pgsidecar::audit
