// The disk under the spool: full, nearly full, not writable, failing at fsync. A clear error,
// readiness off where nothing can be acknowledged, nothing acknowledged lost.

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "tests/fault/support/outage_fixture.hpp"
#include "tests/fault/support/tmpfs.hpp"
#include "tests/fault/support/tracer.hpp"

namespace pgsidecar::test {
namespace {

using soak::Outcome;
using testing::AnyOf;
using testing::HasSubstr;
using testing::StartsWith;

class SpoolDisk : public OutageTest {
protected:
    std::string spool_folder() override {
        return small_disk_ ? small_disk_->path() : OutageTest::spool_folder();
    }
    bool mount(std::size_t bytes) {
        small_disk_ = std::make_unique<Tmpfs>(bytes);
        return static_cast<bool>(*small_disk_);
    }
    /// Writes until one is refused; false when none is.
    bool write_until_refused(int most) {
        for (int i = 0; i < most; ++i)
            if (writer().write() != Outcome::Acknowledged) return true;
        return false;
    }
    void expect_readiness(int status) {
        EXPECT_TRUE(eventually(10s, [&] { return sidecar().readiness() == status; }))
            << "/readyz says " << sidecar().readiness();
    }
    void TearDown() override {
        OutageTest::TearDown();
        small_disk_.reset();
    }

    std::unique_ptr<Tmpfs> small_disk_;
};

TEST_F(SpoolDisk, WhenItIsFullWritesAreRefusedAndWhatWasAcknowledgedComesThrough) {
    if (!mount(3 << 20)) GTEST_SKIP() << small_disk_->reason();
    auto with = options();
    with.flags.emplace_back("outage-disk-reserve-bytes", "0");
    start_sidecar(with);
    begin_outage();
    ASSERT_TRUE(write_until_refused(60'000)) << "3 MiB took everything";
    EXPECT_THAT(writer().last_error(), StartsWith("53100"));
    EXPECT_GT(waiting(), 100);
    expect_readiness(503);
    EXPECT_THAT(sidecar().log(), HasSubstr("spool"));
    EXPECT_EQ(http_get(sidecar().http_port(), "/livez").status, 200)
        << "a full disk is no reason to restart the sidecar";
    // The flush needs room of its own; when it is through, the spool takes writes again.
    end_outage();
    EXPECT_TRUE(eventually(30s, [&] { return settled(); })) << waiting();
    expect_readiness(200);
    begin_outage();
    EXPECT_TRUE(eventually(10s, [&] { return writer().write() == Outcome::Acknowledged; }))
        << writer().last_error();
}

TEST_F(SpoolDisk, WhenItIsFullASidecarThatIsKilledFindsEverythingAgain) {
    if (!mount(3 << 20)) GTEST_SKIP() << small_disk_->reason();
    auto with = options();
    with.flags.emplace_back("outage-disk-reserve-bytes", "0");
    start_sidecar(with);
    begin_outage();
    ASSERT_TRUE(write_until_refused(60'000));
    EXPECT_GT(waiting(), 100);
    sidecar().kill();
    writer().disconnect();
    end_outage();
    sidecar().start();
    EXPECT_TRUE(eventually(30s, [&] { return settled(); })) << waiting();
}

TEST_F(SpoolDisk, TheReserveIsLeftFreeAndRoomMadeIsSeenWithoutARestart) {
    if (!mount(24 << 20)) GTEST_SKIP() << small_disk_->reason();
    auto with = options();
    with.flags.emplace_back("outage-disk-reserve-bytes", std::to_string(8 << 20));
    start_sidecar(with);
    std::string filler = small_disk_->path() + "/filler";
    std::ofstream(filler) << std::string(18 << 20, 'x');
    begin_outage();
    EXPECT_TRUE(eventually(10s, [&] { return writer().write() != Outcome::Acknowledged; }))
        << "takes writes below the reserve";
    EXPECT_THAT(writer().last_error(), StartsWith("53100"));
    expect_readiness(503);
    std::filesystem::remove(filler);
    EXPECT_TRUE(eventually(10s, [&] { return writer().write() == Outcome::Acknowledged; }))
        << writer().last_error();
    expect_readiness(200);
}

TEST_F(SpoolDisk, AFolderThatCannotBeWrittenIsSaidAtTheStart) {
    auto with = options();
    with.run_as = unprivileged_identity();
    ASSERT_EQ(::chmod(spool_->path().c_str(), 0555), 0);
    make_sidecar(with);
    sidecar().launch();
    EXPECT_TRUE(eventually(10s, [&] { return refuses_service(); }));
    EXPECT_THAT(sidecar().log(), HasSubstr(spool_->path()));
    EXPECT_THAT(sidecar().log(), AnyOf(HasSubstr("ermission"), HasSubstr("ead-only")));
    cut_off();
    EXPECT_EQ(writer().write_rows(3), 0) << "acknowledged without a place to keep it";
    end_outage();
    ASSERT_EQ(::chmod(spool_->path().c_str(), 0755), 0);
    sidecar().kill();
}

TEST_F(SpoolDisk, AFolderThatHasBecomeReadOnlyKeepsWhatIsInIt) {
    auto with = options();
    with.run_as = unprivileged_identity();
    start_sidecar(with);
    begin_outage();
    ASSERT_EQ(writer().write_rows(20), 20) << writer().last_error();
    sidecar().kill();
    writer().disconnect();
    auto chmod_all = [&](mode_t folder, mode_t file) {
        for (const auto& entry : std::filesystem::directory_iterator(spool_->path()))
            ASSERT_EQ(::chmod(entry.path().c_str(), file), 0);
        ASSERT_EQ(::chmod(spool_->path().c_str(), folder), 0);
    };
    chmod_all(0555, 0444);
    sidecar().launch();
    EXPECT_TRUE(eventually(10s, [&] { return refuses_service(); }));
    EXPECT_THAT(sidecar().log(), HasSubstr(spool_->path()));
    EXPECT_EQ(writer().write_rows(3), 0);
    sidecar().kill();
    chmod_all(0755, 0644);
}

class FailingFsync : public SpoolDisk {
protected:
    void SetUp() override {
        SpoolDisk::SetUp();
        if (IsSkipped()) return;
        if (std::string why = Tracer::missing(); !why.empty()) GTEST_SKIP() << why;
        start_sidecar(options());
        begin_outage();
        ASSERT_EQ(writer().write_rows(20), 20) << writer().last_error();
    }
    /// Every fsync fails from now on; nothing may be acknowledged.
    void fail_while_writing(const std::string& error, const std::string& sqlstate) {
        Tracer tracer(sidecar().pid(), "fsync,fdatasync:error=" + error);
        EXPECT_EQ(writer().write_rows(5), 0) << "acknowledged without fsync";
        EXPECT_THAT(writer().last_error(), StartsWith(sqlstate));
        expect_readiness(503);
        EXPECT_THAT(sidecar().log(), HasSubstr("spool"));
    }
};

TEST_F(FailingFsync, IsAnErrorAndNothingAcknowledgedIsLostInAKill) {
    fail_while_writing("EIO", "58030");
    sidecar().kill();
    writer().disconnect();
}

TEST_F(FailingFsync, IsSurvivedWithoutARestartOnceTheDiskIsWellAgain) {
    fail_while_writing("EIO", "58030");
    end_outage();
    EXPECT_TRUE(eventually(30s, [&] { return settled(); })) << waiting();
}

TEST_F(FailingFsync, ForWantOfRoomIsReportedAsThat) { fail_while_writing("ENOSPC", "53100"); }

}  // namespace
}  // namespace pgsidecar::test
