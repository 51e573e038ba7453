// Disks that are full or fail, folders that cannot be used, other processes.
#include <sqlite3.h>
#include <sys/wait.h>

#include <csignal>

#include "tests/unit/audit/spool_faulty_disk.hpp"
#include "tests/unit/audit/spool_rig.hpp"

namespace pgsidecar::audit {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using Fault = test::FaultyDisk::Fault;
using Reason = model::SpoolVerdict::Reason;

using test::entry_of;

class SpoolTroubles : public test::SpoolRig {
protected:
    SpoolTroubles() {
        test::FaultyDisk::get().reset();
        options_.vfs = test::FaultyDisk::name();
        options_.free_bytes = [this](const std::string&) { return free_.load(); };
        options_.disk_reserve_bytes = 1'000'000;
    }
    ~SpoolTroubles() override { test::FaultyDisk::get().reset(); }

    /// Opens with the usual file layer: what is really in the file.
    void open_as_it_is() {
        spool_.reset();
        options_.vfs.clear();
        open();
    }
    std::vector<std::string> really_there() {
        open_as_it_is();
        return texts();
    }
    std::vector<std::uint64_t> sequences() {
        std::vector<std::uint64_t> out;
        for (const auto& stored : read()) out.push_back(stored.sequence);
        return out;
    }

    static bool is_good(const std::string& problem) { return problem.empty(); }
    test::FaultyDisk& disk_ = test::FaultyDisk::get();
    std::atomic<std::int64_t> free_{1'000'000'000};
};

TEST_F(SpoolTroubles, TheReserveOfTheDiskIsKept) {
    open();
    EXPECT_TRUE(append("a").stored());
    free_ = 999'999;
    const auto verdict = append("b");
    EXPECT_EQ(verdict.reason, Reason::DiskFull);
    EXPECT_THAT(verdict.problem, HasSubstr("999999 bytes left, and 1000000 are to stay free"));
    EXPECT_FALSE(spool_->progress().usable());
    EXPECT_EQ(usable_.next(), verdict.problem);
    EXPECT_EQ(spool_->stats().problem, verdict.problem);
    EXPECT_FALSE(append_records("r", 2));
    EXPECT_THAT(texts(), SizeIs(1));
    EXPECT_TRUE(settle(1));
    free_ = 1'200'000;
    EXPECT_EQ(usable_.next(), "");
    EXPECT_TRUE(spool_->progress().usable());
    EXPECT_EQ(append("c").sequence, 2U);
    EXPECT_EQ(spool_->stats().records_dropped_total, 2U);
    EXPECT_EQ(spool_->stats().refused_total, 1U);
}

TEST_F(SpoolTroubles, AFullDiskIsNoticedBeforeAnybodyWrites) {
    open();
    free_ = 0;
    EXPECT_THAT(usable_.next(), HasSubstr("outage.disk_reserve_bytes"));
    EXPECT_FALSE(spool_->progress().usable());
}

TEST_F(SpoolTroubles, WithoutRoomNothingIsAcknowledgedAndLaterItGoesOn) {
    open();
    EXPECT_TRUE(append("a").stored());
    disk_.fail(Fault::Full, 1, true);
    const auto verdict = append("b");
    EXPECT_EQ(verdict.reason, Reason::DiskFull);
    EXPECT_THAT(verdict.problem, HasSubstr("is full: make room on it"));
    EXPECT_THAT(usable_.next(), HasSubstr("is full"));
    EXPECT_FALSE(settle(1));
    EXPECT_THAT(texts(), SizeIs(1));
    disk_.heal();
    usable_.next(is_good);
    EXPECT_TRUE(append("c").stored());
    EXPECT_TRUE(settle(1));
    EXPECT_THAT(really_there(), testing::ElementsAre("c"));
    EXPECT_GE(spool_->stats().commit_failures_total, 0U);
}

TEST_F(SpoolTroubles, ALargeGroupThatDoesNotFitIsRefusedWhole) {
    open();
    EXPECT_TRUE(append("a").stored());
    std::vector<std::future<model::SpoolVerdict>> verdicts;
    disk_.fail(Fault::Full, 5, true);
    {
        HeldUp held(*spool_);
        for (int i = 0; i < 200; ++i)
            verdicts.push_back(
                start_append(entry_of(std::string(500, 'x'), model::OutageClass::Buffer)));
    }
    for (auto& verdict : verdicts)
        EXPECT_EQ(test::wait(std::move(verdict)).reason, Reason::DiskFull);
    disk_.heal();
    usable_.next(is_good);
    EXPECT_EQ(spool_->stats().entries, 1U);
    EXPECT_EQ(append("b").sequence, 2U);
    EXPECT_THAT(really_there(), testing::ElementsAre("a", "b"));
}

class SpoolFaults : public SpoolTroubles, public testing::WithParamInterface<Fault> {};

TEST_P(SpoolFaults, AFailedFileIsClosedCheckedAndUsedAgain) {
    open();
    EXPECT_TRUE(append("a").stored());
    disk_.fail(GetParam(), 1, true);
    const auto verdict = append("b");
    EXPECT_EQ(verdict.reason, Reason::Failed);
    EXPECT_THAT(verdict.problem, HasSubstr("cannot be written (disk I/O error"));
    EXPECT_FALSE(spool_->progress().usable());
    EXPECT_THAT(read(), IsEmpty());
    EXPECT_FALSE(settle(1));
    EXPECT_FALSE(bury(1));
    EXPECT_THAT(dead_letters(), IsEmpty());
    disk_.heal();
    usable_.next(is_good);
    EXPECT_THAT(texts(), testing::ElementsAre("a"));
    EXPECT_TRUE(append("c").stored());
    EXPECT_THAT(really_there(), testing::ElementsAre("a", "c"));
}

class SpoolSweeps : public SpoolFaults {};

/// Every n-th call of the disk fails, once or from then on, at whatever it is done for.
TEST_P(SpoolSweeps, WhereverTheDiskFailsExactlyWhatWasAcknowledgedIsThere) {
    for (const bool lasting : {false, true}) {
        for (long call = 1; call < 60; ++call) {
            SCOPED_TRACE((lasting ? "from call " : "call ") + std::to_string(call));
            options_.folder = folder_.path() + "/" + std::to_string(call) + (lasting ? "l" : "o");
            options_.vfs = test::FaultyDisk::name();
            disk_.reset();
            open();
            std::vector<std::uint64_t> expected;
            bool settled = false;
            disk_.fail(GetParam(), call, lasting);
            for (int i = 0; i < 8; ++i) {
                const auto verdict = append(std::string(3'000, 't'));
                if (verdict.stored()) expected.push_back(verdict.sequence);
                if (i != 4) continue;
                // One that fails may have happened all the same: what it forgets is applied.
                settle(1);
                settled = std::erase(expected, 1U) > 0;
            }
            // A sidecar that is killed now loses nothing, and neither does one that goes on.
            {
                HeldUp held(*spool_);
                test::copy_folder(options_.folder, options_.folder + "-killed");
            }
            disk_.heal();
            dead_letters();  // the thread is past what it was doing when the disk failed
            while (!spool_->progress().usable()) usable_.next();
            auto now_there = sequences();
            if (settled) std::erase(now_there, 1U);
            EXPECT_EQ(now_there, expected);
            open_as_it_is();
            now_there = sequences();
            if (settled) std::erase(now_there, 1U);
            EXPECT_EQ(now_there, expected);
            options_.folder += "-killed";
            open_as_it_is();
            EXPECT_THAT(sequences(), testing::IsSupersetOf(expected));
            if (HasFailure()) return;
        }
    }
}

std::string name_of(const testing::TestParamInfo<Fault>& run) {
    switch (run.param) {
        case Fault::SyncError: return "Sync";
        case Fault::WriteError: return "Write";
        case Fault::Torn: return "TornWrite";
        case Fault::Full: return "Full";
        case Fault::None: break;
    }
    return "None";
}

INSTANTIATE_TEST_SUITE_P(Kinds, SpoolFaults,
                         testing::Values(Fault::SyncError, Fault::WriteError, Fault::Torn),
                         name_of);
INSTANTIATE_TEST_SUITE_P(Kinds, SpoolSweeps,
                         testing::Values(Fault::SyncError, Fault::WriteError, Fault::Torn,
                                         Fault::Full),
                         name_of);

TEST_F(SpoolTroubles, AnotherProgramsLockIsWaitedOut) {
    open();
    EXPECT_TRUE(append("a").stored());
    sqlite3* other = nullptr;
    ASSERT_EQ(sqlite3_open(database().c_str(), &other), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
    const auto verdict = append("b");
    EXPECT_EQ(verdict.reason, Reason::Failed);
    EXPECT_THAT(verdict.problem, HasSubstr("Another program has locked the spool"));
    EXPECT_THAT(texts(), SizeIs(1));
    ASSERT_EQ(sqlite3_exec(other, "COMMIT", nullptr, nullptr, nullptr), SQLITE_OK);
    usable_.next(is_good);
    EXPECT_TRUE(append("c").stored());
    sqlite3_close(other);
}

TEST_F(SpoolTroubles, AReaderDelaysNobody) {
    options_.vfs.clear();
    open();
    append("a");
    sqlite3* other = nullptr;
    ASSERT_EQ(sqlite3_open_v2(database().c_str(), &other, SQLITE_OPEN_READONLY, nullptr),
              SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(other, "BEGIN; SELECT count(*) FROM entries", nullptr, nullptr, nullptr),
              SQLITE_OK);
    for (int i = 0; i < 400; ++i) ASSERT_TRUE(append(std::string(4'000, 'x')).stored());
    EXPECT_EQ(spool_->stats().problem, "");
    sqlite3_close(other);
    reopen();
    EXPECT_THAT(read(), SizeIs(401));
}

TEST_F(SpoolTroubles, ASecondSpoolOnTheFolderIsRefused) {
    open();
    std::string problem;
    const auto second = Spool::open(options_, problem);
    EXPECT_FALSE(second);
    EXPECT_THAT(problem, HasSubstr("The spool in " + options_.folder + " is in use by process " +
                                   std::to_string(::getpid())));
    EXPECT_TRUE(append("a").stored());
    reopen();
    EXPECT_THAT(texts(), SizeIs(1));
}

TEST_F(SpoolTroubles, AFolderThatCannotBeMadeIsNamed) {
    test::write_content(folder_.path() + "/file", "");
    options_.folder = folder_.path() + "/file/spool";
    EXPECT_THAT(open_problem(), HasSubstr("The folder " + options_.folder +
                                          " of the spool cannot be made (Not a "
                                          "directory)"));
    options_.folder = "/proc/pgsidecar-spool";
    EXPECT_THAT(open_problem(), HasSubstr("outage.spool_dir"));
}

TEST_F(SpoolTroubles, AFolderThatCannotBeWrittenIsNamed) {
    options_.folder = "/proc/self";
    EXPECT_THAT(open_problem(), HasSubstr("/proc/self/lock cannot be opened for writing"));
}

/// Entries that a child acknowledges, until it is killed in the middle of it.
TEST_F(SpoolTroubles, NothingAcknowledgedIsLostToSigkill) {
    options_.vfs.clear();
    for (int round = 0; round < 5; ++round) {
        int pipe[2];
        ASSERT_EQ(::pipe(pipe), 0);
        const pid_t child = ::fork();
        ASSERT_GE(child, 0);
        if (child == 0) {
            std::string problem;
            auto spool = Spool::open(options_, problem);
            if (!spool) ::_exit(1);
            std::function<void(const model::SpoolVerdict&)> next = [&](const auto& verdict) {
                const std::uint64_t sequence = verdict.stored() ? verdict.sequence : 0;
                if (::write(pipe[1], &sequence, sizeof sequence) != sizeof sequence) ::_exit(1);
                spool->append(entry_of("x"), next);
            };
            for (int i = 0; i < 16; ++i) spool->append(entry_of("x"), next);
            ::pause();
        }
        ::close(pipe[1]);
        std::uint64_t acknowledged = 0;
        for (int i = 0; i < 200 + 37 * round; ++i) {
            std::uint64_t sequence = 0;
            ASSERT_EQ(::read(pipe[0], &sequence, sizeof sequence), ssize_t{sizeof sequence});
            ASSERT_NE(sequence, 0U);
            acknowledged = sequence;
        }
        ::kill(child, SIGKILL);
        ASSERT_EQ(::waitpid(child, nullptr, 0), child);
        std::uint64_t sequence = 0;
        while (::read(pipe[0], &sequence, sizeof sequence) == ssize_t{sizeof sequence})
            acknowledged = std::max(acknowledged, sequence);
        ::close(pipe[0]);
        open();
        const auto found = read();
        ASSERT_GE(found.size(), acknowledged);
        for (std::size_t i = 0; i < found.size(); ++i) ASSERT_EQ(found[i].sequence, i + 1);
        spool_.reset();
    }
}

}  // namespace
}  // namespace pgsidecar::audit
