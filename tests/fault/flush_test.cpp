// The flush is disturbed from outside: its connection is cut after every so many bytes, its server
// dies, freezes or goes away in the middle. The ledger settles what became of an ambiguous COMMIT.

#include "tests/fault/support/outage_fixture.hpp"

namespace pgsidecar::test {
namespace {

class Flush : public OutageTest {
protected:
    void SetUp() override {
        OutageTest::SetUp();
        if (IsSkipped()) return;
        auto with = options();
        with.flags.emplace_back("outage-flush-batch-entries", "10");
        start_sidecar(with);
    }

    void TearDown() override {
        world().cluster().thaw();
        OutageTest::TearDown();
    }

    void queue(int count) {
        begin_outage();
        ASSERT_EQ(writer().write_rows(count), count) << writer().last_error();
    }

    /// Plays an outage whose end is spoilt by cutting everything after so many bytes.
    void cut_the_flush(Direction direction, std::uint64_t bytes) {
        SCOPED_TRACE("cut after " + std::to_string(bytes) + " bytes");
        queue(20);
        int before = gate().cuts();
        gate().pass_then_cut(direction, bytes);
        ASSERT_TRUE(eventually(10s, [&] { return gate().cuts() > before || settled(); }));
        end_outage();
        ASSERT_TRUE(eventually(20s, [&] { return settled(); })) << waiting() << " entries wait";
        auto now = tally();
        ASSERT_FALSE(now.failed()) << testing::PrintToString(now.examples);
    }
};

TEST_F(Flush, ACutInWhatTheServerAnswersIsSettledByTheLedger) {
    for (std::uint64_t bytes = 1; bytes < 6'000; bytes += 1 + bytes / 12)
        cut_the_flush(Direction::ToClient, bytes);
}

TEST_F(Flush, ACutInWhatTheServerIsSentIsSettledByTheLedger) {
    for (std::uint64_t bytes = 1; bytes < 12'000; bytes += 1 + bytes / 10)
        cut_the_flush(Direction::ToServer, bytes);
}

TEST_F(Flush, AServerThatIsKilledInTheMiddle) {
    for (int round = 0; round < 5; ++round) {
        queue(200);
        end_outage();
        eventually(5s, [&] { return waiting() < 200 - 20 * round; });
        world().cluster().kill();
        world().cluster().start();
        ASSERT_TRUE(eventually(20s, [&] { return settled(); }));
    }
}

TEST_F(Flush, AServerThatIsRestartedInTheMiddle) {
    for (StopMode how : {StopMode::Fast, StopMode::Immediate}) {
        queue(200);
        end_outage();
        eventually(5s, [&] { return waiting() < 180; });
        world().cluster().restart(how);
        ASSERT_TRUE(eventually(20s, [&] { return settled(); }));
    }
}

TEST_F(Flush, AServerThatFreezesInTheMiddle) {
    queue(200);
    end_outage();
    eventually(5s, [&] { return waiting() < 190; });
    world().cluster().freeze();
    // Nobody knows that it is frozen; nothing may be taken for applied.
    EXPECT_TRUE(always(300ms, [&] { return sidecar().running(); }));
    world().cluster().thaw();
    ASSERT_TRUE(eventually(20s, [&] { return settled(); }));
}

TEST_F(Flush, AHalfClosedConnectionInTheMiddle) {
    for (Direction direction : {Direction::ToServer, Direction::ToClient}) {
        queue(100);
        end_outage();
        gate().half_close(direction);
        eventually(300ms, [&] { return settled(); });
        gate().pass();
        ASSERT_TRUE(eventually(20s, [&] { return settled(); }));
    }
}

TEST_F(Flush, WritesThatComeDuringItKeepTheirPlace) {
    for (int i = 0; i < 3; ++i) new_writer();
    begin_outage();
    for (auto& w : writers_) ASSERT_EQ(w.write_rows(100), 100) << w.last_error();
    end_outage();
    // While the flush runs each client goes on; in the end each one's rows are in its order.
    for (int i = 0; i < 50; ++i)
        for (auto& w : writers_) w.write();
    ASSERT_TRUE(eventually(20s, [&] { return settled(); }));
}

}  // namespace
}  // namespace pgsidecar::test
