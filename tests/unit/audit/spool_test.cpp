#include "audit/spool.hpp"
#include "audit/spool_disk.hpp"

#include <thread>

#include "tests/unit/audit/spool_rig.hpp"

namespace pgsidecar::audit {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using testing::SizeIs;

using SpoolTest = test::SpoolRig;
using test::entry_of;

TEST_F(SpoolTest, GivesBackWhatItTookInOrder) {
    open();
    for (const char* text : {"a", "b", "c"}) EXPECT_TRUE(append(text).stored());
    EXPECT_THAT(texts(), ElementsAre("a", "b", "c"));
    EXPECT_THAT(texts(2), ElementsAre("c"));
    EXPECT_THAT(texts(3), IsEmpty());
}

TEST_F(SpoolTest, KeepsEveryPartOfAnEntry) {
    auto entry = entry_of("insert into t values ($1)");
    entry.outage_class = model::OutageClass::Queue;
    entry.statements.push_back(test::statement_of("second; \xff\xfe", "other"));
    entry.statements.push_back({});
    entry.statements[2].sql = "third";
    open();
    ASSERT_TRUE(append(entry).stored());
    reopen();

    const auto stored = read();
    ASSERT_THAT(stored, SizeIs(1));
    EXPECT_EQ(stored[0].sequence, 1U);
    EXPECT_GT(stored[0].accepted_us, 0);
    const auto& got = stored[0].entry;
    EXPECT_EQ(got.outage_class, entry.outage_class);
    EXPECT_EQ(got.context->user, "app");
    EXPECT_EQ(got.context->database, "shop");
    EXPECT_EQ(got.context->service, "api");
    EXPECT_EQ(got.context->session_id, "s1");
    EXPECT_EQ(got.context->settings, entry.context->settings);
    ASSERT_THAT(got.statements, SizeIs(3));
    for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_EQ(got.statements[i].sql, entry.statements[i].sql);
        EXPECT_EQ(got.statements[i].types, entry.statements[i].types);
        EXPECT_EQ(got.statements[i].parameters, entry.statements[i].parameters);
        EXPECT_EQ(got.statements[i].table, entry.statements[i].table);
        EXPECT_EQ(got.statements[i].rows, entry.statements[i].rows);
    }
}

TEST_F(SpoolTest, EntriesOfOneContextShareIt) {
    open();
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(append("x").stored());
    const auto stored = read();
    ASSERT_THAT(stored, SizeIs(3));
    EXPECT_EQ(stored[0].entry.context.get(), stored[2].entry.context.get());
}

TEST_F(SpoolTest, OneCommitCoversAllThatWaits) {
    open();
    std::vector<std::future<model::SpoolVerdict>> verdicts;
    {
        HeldUp held(*spool_);
        for (int i = 0; i < 100; ++i) verdicts.push_back(start_append(entry_of("x")));
    }
    std::uint64_t last = 0;
    for (auto& verdict : verdicts) {
        const auto got = test::wait(std::move(verdict));
        EXPECT_EQ(got.sequence, ++last);
    }
    EXPECT_EQ(spool_->stats().commits_total, 1U);
    EXPECT_EQ(spool_->stats().appended_total, 100U);
}

TEST_F(SpoolTest, ACommitCoversAtMostAsMuchAsItMay) {
    options_.commit_max_entries = 30;
    open();
    std::vector<std::future<model::SpoolVerdict>> verdicts;
    {
        HeldUp held(*spool_);
        for (int i = 0; i < 100; ++i) verdicts.push_back(start_append(entry_of("x")));
    }
    for (auto& verdict : verdicts) EXPECT_TRUE(test::wait(std::move(verdict)).stored());
    EXPECT_EQ(spool_->stats().commits_total, 4U);
}

TEST_F(SpoolTest, CallbacksComeInTheOrderOfTheCalls) {
    open();
    std::vector<int> order;
    std::promise<void> all;
    for (int i = 0; i < 500; ++i)
        spool_->append(entry_of("x"), [&order, &all, i](const model::SpoolVerdict&) {
            order.push_back(i);
            if (i == 499) all.set_value();
        });
    all.get_future().wait();
    EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
    EXPECT_THAT(order, SizeIs(500));
}

TEST_F(SpoolTest, TakesEntriesOfManyThreads) {
    open();
    std::vector<std::thread> threads;
    std::atomic<int> stored{0};
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([this, &stored, t] {
            for (int i = 0; i < 50; ++i)
                if (append(std::to_string(t) + ":" + std::to_string(i)).stored()) ++stored;
        });
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(stored, 200);
    std::vector<int> next(4, 0);
    for (const auto& text : texts()) {
        const auto thread = static_cast<std::size_t>(text[0] - '0');
        EXPECT_EQ(text.substr(2), std::to_string(next[thread]++));
    }
    EXPECT_THAT(next, testing::Each(50));
}

TEST_F(SpoolTest, AReadSeesOnlyWhatIsCommittedAndComesInItsTurn) {
    open();
    std::promise<std::size_t> before, after;
    {
        HeldUp held(*spool_);
        start_append(entry_of("a"));
        spool_->read(0, 10, 1'000, [&](auto entries) { before.set_value(entries.size()); });
        start_append(entry_of("b"));
        spool_->settle(1, [](bool) {});
        spool_->read(0, 10, 1'000, [&](auto entries) { after.set_value(entries[0].sequence); });
    }
    EXPECT_EQ(test::wait(before.get_future()), 1U);
    EXPECT_EQ(test::wait(after.get_future()), 2U);
}

TEST_F(SpoolTest, AReadIsBoundedButBringsAtLeastOne) {
    open();
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(append(std::string(1'000, 'x')).stored());
    EXPECT_THAT(read(0, 2), SizeIs(2));
    EXPECT_THAT(read(0, 0), SizeIs(1));
    EXPECT_THAT(read(0, 100, 1), SizeIs(1));
    EXPECT_THAT(read(0, 100, 5'000), SizeIs(2));
    EXPECT_THAT(read(~0ULL), IsEmpty());
}

TEST_F(SpoolTest, EverythingIsThereAfterARestart) {
    open();
    const std::string id = spool_->id();
    EXPECT_THAT(id, SizeIs(36));
    for (const char* text : {"a", "b", "c"}) ASSERT_TRUE(append(text).stored());
    ASSERT_TRUE(settle(1));
    reopen();
    EXPECT_EQ(spool_->id(), id);
    EXPECT_THAT(texts(), ElementsAre("b", "c"));
    EXPECT_EQ(spool_->stats().entries, 2U);
    EXPECT_EQ(append("d").sequence, 4U);
}

TEST_F(SpoolTest, SequencesAreNeverGivenTwice) {
    open();
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(append("x").stored());
    ASSERT_TRUE(settle(3));
    reopen();
    EXPECT_EQ(append("y").sequence, 4U);
    ASSERT_TRUE(settle(100));
    reopen();
    reopen();
    EXPECT_EQ(append("z").sequence, 5U);
}

TEST_F(SpoolTest, ProgressTellsWhatWaits) {
    open();
    auto& progress = spool_->progress();
    EXPECT_TRUE(progress.usable());
    EXPECT_FALSE(progress.anything_waits());
    auto entry = entry_of("a");
    entry.statements.push_back(test::statement_of("b", "commands"));
    std::promise<bool> known_when_told;
    spool_->append(entry, [&](const model::SpoolVerdict&) {
        known_when_told.set_value(progress.waits_for("commands"));
    });
    EXPECT_TRUE(test::wait(known_when_told.get_future()));
    EXPECT_TRUE(progress.waits_for("audit_logs"));
    EXPECT_FALSE(progress.waits_for("others"));
    append("c");
    ASSERT_TRUE(settle(1));
    EXPECT_TRUE(progress.waits_for("audit_logs"));
    EXPECT_FALSE(progress.waits_for("commands"));

    reopen();
    EXPECT_TRUE(spool_->progress().waits_for("audit_logs"));
    EXPECT_FALSE(spool_->progress().waits_for("commands"));
    EXPECT_EQ(spool_->progress().accepted(), 2U);
    EXPECT_EQ(spool_->progress().settled(), 1U);
    ASSERT_TRUE(settle(2));
    EXPECT_FALSE(spool_->progress().anything_waits());
    reopen();
    EXPECT_FALSE(spool_->progress().anything_waits());
    EXPECT_EQ(spool_->progress().settled(), 2U);
}

TEST_F(SpoolTest, StatsFollow) {
    open();
    append("aaaa");
    append("bbbb");
    auto stats = spool_->stats();
    EXPECT_EQ(stats.entries, 2U);
    EXPECT_EQ(stats.bytes, 2 * (4 + 8 + 10 + 12U));
    EXPECT_EQ(stats.oldest_us, read()[0].accepted_us);
    EXPECT_EQ(stats.problem, "");
    EXPECT_GT(stats.last_commit_ns, 0);
    ASSERT_TRUE(settle(1));
    stats = spool_->stats();
    EXPECT_EQ(stats.entries, 1U);
    EXPECT_EQ(stats.settled_total, 1U);
    EXPECT_EQ(stats.oldest_us, read()[0].accepted_us);
    ASSERT_TRUE(settle(2));
    EXPECT_EQ(spool_->stats().bytes, 0U);
    EXPECT_EQ(spool_->stats().oldest_us, 0);
}

TEST_F(SpoolTest, TheDestructorWritesWhatWaits) {
    open();
    std::vector<std::future<model::SpoolVerdict>> verdicts;
    {
        HeldUp held(*spool_);
        for (int i = 0; i < 50; ++i) verdicts.push_back(start_append(entry_of("x")));
    }
    spool_.reset();
    for (auto& verdict : verdicts) EXPECT_TRUE(test::wait(std::move(verdict)).stored());
    open();
    EXPECT_THAT(read(), SizeIs(50));
}

TEST_F(SpoolTest, RemembersWhatWasLearned) {
    open();
    spool_->remember(model::LearnedServer{"app", "shop", {{"server_version", "15.1"}}});
    spool_->remember(model::LearnedServer{"app", "shop", {{"server_version", "15.2"}, {"a", ""}}});
    model::LearnedSchema schema{"shop", {{"public", "audit_logs", {{"id", 20}, {"te\txt", 25}}}}};
    schema.tables.push_back({"public", "commands", {}});
    spool_->remember(schema);
    reopen();
    ASSERT_THAT(spool_->known_servers(), SizeIs(1));
    EXPECT_EQ(spool_->known_servers()[0].user, "app");
    EXPECT_THAT(spool_->known_servers()[0].parameters,
                ElementsAre(Pair("server_version", "15.2"), Pair("a", "")));
    ASSERT_THAT(spool_->known_schemas(), SizeIs(1));
    const auto& known = *spool_->known_schemas()[0];
    EXPECT_EQ(known.database, "shop");
    ASSERT_THAT(known.tables, SizeIs(2));
    EXPECT_EQ(known.tables[0].columns, schema.tables[0].columns);
    EXPECT_EQ(known.tables[1].name, "commands");
}

TEST_F(SpoolTest, FilesAreTheirUsersAlone) {
    open();
    append("x");
    namespace fs = std::filesystem;
    EXPECT_EQ(fs::status(options_.folder).permissions(), fs::perms::owner_all);
    for (const auto& file : fs::directory_iterator(options_.folder))
        EXPECT_EQ(file.status().permissions(), fs::perms::owner_read | fs::perms::owner_write)
            << file.path();
}

TEST_F(SpoolTest, StaysNearTheSizeOfItsEntries) {
    open();
    auto entry = entry_of(std::string(100, 's'));
    entry.statements[0].parameters = std::string(180, 'p');
    for (int batch = 0; batch < 100; ++batch) {
        std::vector<std::future<model::SpoolVerdict>> verdicts;
        for (int i = 0; i < 100; ++i) verdicts.push_back(start_append(entry));
        for (auto& verdict : verdicts) ASSERT_TRUE(test::wait(std::move(verdict)).stored());
    }
    EXPECT_LT(std::filesystem::file_size(database()), spool_->stats().bytes * 3 / 2);
    // Beside it, however many entries there are: the log up to its checkpoint and one group more.
    EXPECT_LT(std::filesystem::file_size(database() + "-wal"), 1'300'000U);
    EXPECT_EQ(std::filesystem::file_size(options_.folder + "/ballast"), SpoolBallast::kBytes);
}

TEST_F(SpoolTest, GivesRoomBackWhenEverythingIsSettled) {
    open();
    const auto entry = entry_of(std::string(45'000, 's'));
    for (int i = 0; i < 250; ++i) ASSERT_TRUE(append(entry).stored());
    const auto full = std::filesystem::file_size(database());
    ASSERT_TRUE(settle(250));
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (std::filesystem::file_size(database()) > 1'000'000 &&
           std::chrono::steady_clock::now() < deadline)
        std::this_thread::yield();
    EXPECT_GT(full, 20'000'000U);
    EXPECT_LT(std::filesystem::file_size(database()), 1'000'000U);
    EXPECT_EQ(append("after").sequence, 251U);
    reopen();
    EXPECT_THAT(texts(), ElementsAre("after"));
}

}  // namespace
}  // namespace pgsidecar::audit
