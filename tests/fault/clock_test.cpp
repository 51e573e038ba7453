// The wall clock of the sidecar jumps by an hour, forward and backward, while writes are queued and
// flushed.

#include <filesystem>
#include <fstream>

#include "tests/fault/support/outage_fixture.hpp"

namespace pgsidecar::test {
namespace {

/// libfaketime's library; empty when it is not installed.
std::string faketime_library() {
    for (const auto& triplet : std::filesystem::directory_iterator("/usr/lib")) {
        auto path = triplet.path() / "faketime/libfaketimeMT.so.1";
        if (std::filesystem::exists(path)) return path;
    }
    return {};
}

class ClockJump : public OutageTest {
protected:
    void SetUp() override {
        OutageTest::SetUp();
        if (IsSkipped()) return;
        std::string library = faketime_library();
        if (library.empty()) GTEST_SKIP() << "libfaketime is missing (Debian package faketime)";
        jump("+0");
        auto with = options();
        with.env = {{"LD_PRELOAD", library},
                    {"FAKETIME_TIMESTAMP_FILE", time_file()},
                    {"FAKETIME_NO_CACHE", "1"},
                    {"FAKETIME_DONT_FAKE_MONOTONIC", "1"},
                    {"ASAN_OPTIONS", "verify_asan_link_order=0"}};
        start_sidecar(with);
    }

    std::string time_file() const { return times_.path() + "/offset"; }
    /// The offset to the true time from now on, in one step.
    void jump(const std::string& offset) {
        std::string next = times_.write("next", offset + "\n");
        std::filesystem::rename(next, time_file());
    }

    /// Queues on both sides of the jump, flushes, and queues again.
    void live_through(const std::string& offset) {
        begin_outage();
        ASSERT_EQ(writer().write_rows(20), 20) << writer().last_error();
        jump(offset);
        EXPECT_EQ(writer().write_rows(20), 20) << writer().last_error();
        EXPECT_EQ(sidecar().readiness(), 200);
        end_outage();
        EXPECT_TRUE(eventually(20s, [&] { return settled(); })) << waiting();
        auto now = tally();
        EXPECT_FALSE(now.failed()) << testing::PrintToString(now.examples);
    }

    TempFolder times_;
};

TEST_F(ClockJump, ForwardByAnHour) { live_through("+3600"); }

TEST_F(ClockJump, BackwardByAnHour) { live_through("-3600"); }

TEST_F(ClockJump, ThereAndBackWithARestartBetween) {
    begin_outage();
    ASSERT_EQ(writer().write_rows(10), 10) << writer().last_error();
    jump("+3600");
    ASSERT_EQ(writer().write_rows(10), 10) << writer().last_error();
    sidecar().kill();
    writer().disconnect();
    jump("-3600");
    sidecar().start();
    ASSERT_EQ(writer().write_rows(10), 10) << writer().last_error();
    end_outage();
    EXPECT_TRUE(eventually(20s, [&] { return settled(); })) << waiting();
}

TEST_F(ClockJump, IsSeenByTheSidecarAtAll) {
    // Without this the tests above could not fail: the log's own time must follow the jump.
    jump("+3600");
    begin_outage();
    writer().write();
    std::time_t later = std::time(nullptr) + 3600;
    std::string hour(14, '\0');
    hour.resize(std::strftime(hour.data(), hour.size() + 1, "%Y-%m-%dT%H:", std::gmtime(&later)));
    EXPECT_TRUE(eventually(10s, [&] { return sidecar().log().find(hour) != std::string::npos; }))
        << "no line of the log is from " << hour;
}

}  // namespace
}  // namespace pgsidecar::test
