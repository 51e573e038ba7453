// The sidecar dies by SIGKILL at every named point, at its first passes and at a later one.
// Whatever it had acknowledged is there exactly once afterwards.

#include <thread>

#include "tests/fault/support/outage_fixture.hpp"

namespace pgsidecar::test {
namespace {

using soak::Outcome;

struct Point {
    const char* name;
    int pass;
};

void PrintTo(const Point& point, std::ostream* out) { *out << point.name << ':' << point.pass; }

std::string point_name(const testing::TestParamInfo<Point>& info) {
    std::string name = info.param.name;
    std::erase(name, '-');
    return name + std::to_string(info.param.pass);
}

std::vector<Point> passes_of(const std::vector<const char*>& names,
                             const std::vector<int>& passes) {
    std::vector<Point> all;
    for (const char* name : names)
        for (int pass : passes) all.push_back({name, pass});
    return all;
}

class CrashPoint : public OutageTest, public testing::WithParamInterface<Point> {
protected:
    std::string armed() const {
        return std::string(GetParam().name) + ":" + std::to_string(GetParam().pass);
    }
    /// Another life of the sidecar, with the spool of the one before.
    void start_armed() {
        sidecar().kill();
        writer().disconnect();
        sidecar().start(armed());
    }
    void expect_died() { ASSERT_TRUE(sidecar().was_killed(10s)) << "never came to " << armed(); }
};

/// Points that a write passes while the database is away.
class CrashWhileQueueing : public CrashPoint {};

TEST_P(CrashWhileQueueing, NothingAcknowledgedIsLostOrDoubled) {
    start_sidecar(options());
    begin_outage();
    ASSERT_EQ(writer().write_rows(5), 5) << writer().last_error();
    start_armed();
    int acknowledged = 0;
    for (int i = 0; i < 50 && sidecar().running(); ++i)
        acknowledged += writer().write() == Outcome::Acknowledged ? 1 : 0;
    expect_died();
    EXPECT_LT(acknowledged, 50);
    // The outage goes on in the next life, which takes up where the last one ended.
    sidecar().start();
    EXPECT_GE(waiting(), 5 + acknowledged);
    EXPECT_EQ(writer().write_rows(5), 5) << writer().last_error();
    prove_recovery();
}

TEST_P(CrashWhileQueueing, TheSameWithManyClientsInOneGroupCommit) {
    start_sidecar(options());
    for (int i = 0; i < 5; ++i) new_writer();
    begin_outage();
    start_armed();
    for (auto& w : writers_) w.disconnect();
    std::vector<std::thread> threads;
    for (auto& w : writers_) {
        threads.emplace_back([&] {
            for (int i = 0; i < 50 && sidecar().takes_clients(); ++i) w.write();
        });
    }
    for (auto& thread : threads) thread.join();
    expect_died();
    for (auto& w : writers_) w.disconnect();
    prove_recovery();
}

INSTANTIATE_TEST_SUITE_P(Points, CrashWhileQueueing,
                         testing::ValuesIn(passes_of(
                             {"accept", "before-fsync", "after-fsync", "acknowledge"}, {1, 2, 3})),
                         point_name);

/// Points that a flush passes when the database is back.
class CrashWhileFlushing : public CrashPoint {
protected:
    /// Small batches, so that one flush has several.
    SidecarOptions small_batches() {
        auto out = options();
        out.flags.emplace_back("outage-flush-batch-entries", "10");
        return out;
    }
};

TEST_P(CrashWhileFlushing, EveryEntryIsAppliedExactlyOnce) {
    start_sidecar(small_batches());
    begin_outage();
    ASSERT_EQ(writer().write_rows(35), 35) << writer().last_error();
    start_armed();
    // A point that comes once per flush is passed again at the end of the next outage.
    for (int outage = 0; outage <= GetParam().pass && sidecar().running(); ++outage) {
        begin_outage();
        writer().write_rows(5);
        end_outage();
        eventually(10s, [&] { return !sidecar().running() || settled(); });
    }
    expect_died();
    prove_recovery();
}

TEST_P(CrashWhileFlushing, AlsoWhenItDiesThereAgainAndAgain) {
    start_sidecar(small_batches());
    begin_outage();
    ASSERT_EQ(writer().write_rows(35), 35) << writer().last_error();
    end_outage();
    sidecar().kill();
    writer().disconnect();
    int deaths = 0;
    // Each life gets a batch further, or none; the last one is left in peace.
    for (int life = 0; life < 4; ++life) {
        sidecar().launch(armed());
        eventually(10s, [&] {
            return !sidecar().running() || (sidecar().readiness() == 200 && settled());
        });
        deaths += sidecar().was_killed(0ms) ? 1 : 0;
        sidecar().kill();
    }
    if (GetParam().pass == 1) {
        EXPECT_GT(deaths, 0) << "never came to " << armed();
    }
    prove_recovery();
}

INSTANTIATE_TEST_SUITE_P(Points, CrashWhileFlushing,
                         testing::ValuesIn(passes_of({"flush-begin", "flush-apply", "ledger-commit",
                                                      "after-ledger-commit", "delete",
                                                      "after-delete"},
                                                     {1, 2, 3})),
                         point_name);

}  // namespace
}  // namespace pgsidecar::test
