// The spool's files are truncated, flipped, lost, mixed up, or used by two. What can still be read
// is applied exactly once, or the sidecar refuses with a clear error and leaves the files as they
// are; it never goes on with less than it had acknowledged without saying so.

#include <sys/wait.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>

#include "tests/fault/support/outage_fixture.hpp"

namespace pgsidecar::test {
namespace {

namespace fs = std::filesystem;
using soak::Outcome;
using testing::HasSubstr;

constexpr int kQueued = 40;

std::map<std::string, std::string> contents(const std::string& folder) {
    std::map<std::string, std::string> out;
    for (const auto& entry : fs::directory_iterator(folder))
        if (entry.is_regular_file()) out[entry.path().filename()] = read_file(entry.path());
    return out;
}

class SpoolDamage : public OutageTest {
protected:
    void SetUp() override {
        OutageTest::SetUp();
        if (IsSkipped()) return;
        start_sidecar(options());
        begin_outage();
        ASSERT_EQ(writer().write_rows(kQueued), kQueued) << writer().last_error();
        sidecar().kill();
        writer().disconnect();
        replace_folder(spool_->path(), pristine_.path());
    }

    /// The files of the spool that hold something, without the lock.
    std::vector<std::string> files() const {
        std::vector<std::string> out;
        for (const auto& [name, content] : contents(pristine_.path()))
            if (!content.empty() && name != "lock" && !name.ends_with("-shm")) out.push_back(name);
        return out;
    }

    std::string file(const std::string& name) const { return spool_->path() + "/" + name; }

    /// The spool as it was when the sidecar died, and a database that has seen nothing of it.
    void restore() {
        sidecar().kill();
        writer().disconnect();
        replace_folder(pristine_.path(), spool_->path());
        forget_database();
        // The row that was written before the outage went with the table.
        insert_directly(1, 1);
    }

    void insert_directly(int client, int number) {
        auto c = PqConnection(world().cluster().conninfo());
        auto result = c.query(
            "insert into audit_logs (client, number, payload) values ($1, $2, $3)",
            {std::to_string(client), std::to_string(number), soak::payload_of(client, number)});
        ASSERT_TRUE(result.ok()) << result.message();
    }

    /// Starts the sidecar on damaged files with the database there, and holds it to the promise.
    void expect_honest() {
        end_outage();
        sidecar().launch();
        bool decided = eventually(20s, [&] {
            if (!sidecar().running()) return true;
            return started() && (refuses_service() || settled());
        });
        ASSERT_TRUE(decided) << "neither serves nor says that it cannot";
        if (refuses_service()) {
            expect_refusal();
        } else {
            expect_complete();
        }
    }

    void expect_refusal() {
        ++refusals_;
        if (auto status = sidecar().status(); status && WIFSIGNALED(*status))
            ADD_FAILURE() << "crashed with signal " << WTERMSIG(*status);
        EXPECT_THAT(sidecar().log_tail(15), HasSubstr(spool_->path()));
        // Nothing acknowledged may be lost by looking at it: the damage is mended, all is there.
        sidecar().kill();
        replace_folder(pristine_.path(), spool_->path());
        sidecar().start();
        ASSERT_TRUE(eventually(20s, [&] { return settled(); }));
        auto now = tally();
        EXPECT_FALSE(now.failed()) << testing::PrintToString(now.examples);
    }

    /// It serves: every entry is in the table or, told, in the dead letters.
    void expect_complete() {
        auto now = tally();
        auto dead =
            static_cast<std::uint64_t>(sidecar().metrics().value(metric::kSpoolDeadLetters));
        EXPECT_EQ(now.lost, dead) << testing::PrintToString(now.examples);
        EXPECT_EQ(now.duplicated + now.out_of_order + now.garbled + now.strays, 0u)
            << testing::PrintToString(now.examples);
        if (dead > 0) {
            EXPECT_THAT(sidecar().log_tail(15), HasSubstr("dead"));
        }
    }

    void TearDown() override {
        if (sidecar_ && !IsSkipped()) restore();
        OutageTest::TearDown();
    }

    TempFolder pristine_;
    int refusals_ = 0;
};

TEST_F(SpoolDamage, ATruncatedFile) {
    for (const auto& name : files()) {
        auto size = fs::file_size(file(name));
        for (std::uintmax_t length :
             {std::uintmax_t{0}, std::uintmax_t{1}, std::uintmax_t{100}, size / 4, size / 2,
              size * 3 / 4, size - 4096, size - 100, size - 1}) {
            if (length >= size) continue;
            SCOPED_TRACE(name + " cut to " + std::to_string(length) + " of " +
                         std::to_string(size));
            restore();
            fs::resize_file(file(name), length);
            expect_honest();
        }
    }
    EXPECT_GT(refusals_, 0) << "no truncation was ever noticed";
}

TEST_F(SpoolDamage, AFlippedBitAnywhere) {
    std::mt19937 random(20);
    for (const auto& name : files()) {
        auto size = fs::file_size(file(name));
        for (int flip = 0; flip < 24; ++flip) {
            // The headers are few bytes and matter most.
            std::uintmax_t at =
                flip < 6 ? random() % std::min<std::uintmax_t>(size, 128) : random() % size;
            int bit = static_cast<int>(random() % 8);
            SCOPED_TRACE(name + ", bit " + std::to_string(bit) + " of byte " + std::to_string(at) +
                         " of " + std::to_string(size));
            restore();
            std::string content = read_file(file(name));
            content[at] = static_cast<char>(content[at] ^ (1 << bit));
            std::ofstream(file(name), std::ios::trunc) << content;
            expect_honest();
        }
    }
}

TEST_F(SpoolDamage, AMissingFile) {
    for (const auto& name : files()) {
        SCOPED_TRACE(name + " is gone");
        restore();
        fs::remove(file(name));
        expect_honest();
    }
}

TEST_F(SpoolDamage, AFileOfSomethingElse) {
    for (const auto& name : files()) {
        SCOPED_TRACE(name + " is a text");
        restore();
        std::ofstream(file(name), std::ios::trunc) << std::string(20'000, 'n');
        expect_honest();
    }
}

TEST_F(SpoolDamage, ARefusedSpoolIsLeftAsItWas) {
    restore();
    // The ballast holds room and nothing else.
    auto size = [&](auto& name) { return name == "ballast" ? 0 : fs::file_size(file(name)); };
    auto largest = std::ranges::max(files(), {}, size);
    fs::resize_file(file(largest), fs::file_size(file(largest)) / 2);
    auto before = contents(spool_->path());
    end_outage();
    sidecar().launch();
    ASSERT_TRUE(eventually(20s, [&] { return refuses_service(); }));
    EXPECT_EQ(contents(spool_->path())[largest], before[largest]);
}

class SecondProcess : public OutageTest {};

TEST_F(SecondProcess, OnTheSameSpoolIsRefusedAndTheFirstGoesOn) {
    start_sidecar(options());
    begin_outage();
    ASSERT_EQ(writer().write_rows(20), 20) << writer().last_error();
    SidecarProcess second(options());
    second.launch();
    EXPECT_TRUE(eventually(10s, [&] { return !second.running() || second.readiness() == 503; }));
    EXPECT_THAT(second.log(), HasSubstr("in use"));
    EXPECT_THAT(second.log(), HasSubstr(std::to_string(sidecar().pid())));
    NumberedWriter intruder(99, second);
    EXPECT_EQ(intruder.write_rows(3), 0) << "acknowledged without a spool";
    EXPECT_EQ(writer().write_rows(20), 20) << writer().last_error();
    EXPECT_EQ(sidecar().readiness(), 200);
    second.kill();
}

TEST_F(SecondProcess, MayTakeOverWhenTheFirstHasDied) {
    start_sidecar(options());
    begin_outage();
    ASSERT_EQ(writer().write_rows(20), 20) << writer().last_error();
    sidecar().kill();
    SidecarProcess second(options());
    second.start();
    NumberedWriter heir(2, second);
    EXPECT_EQ(heir.write_rows(5), 5) << heir.last_error();
    end_outage();
    EXPECT_TRUE(eventually(20s, [&] {
        Metrics m = second.metrics();
        return !m.empty() && m.value(metric::kSpoolEntries) == 0;
    }));
    auto now = soak::check({writer().journal(), scout_->journal(), heir.journal()}, world().rows());
    EXPECT_FALSE(now.failed()) << testing::PrintToString(now.examples);
    second.terminate(10s);
    recovery_proved_otherwise();
}

}  // namespace
}  // namespace pgsidecar::test
