// The first moments of an outage: the write that finds out about it, by every way in which it may
// be found out.

#include "tests/fault/support/outage_fixture.hpp"

namespace pgsidecar::test {
namespace {

using soak::Outcome;

class OutageStart : public OutageTest {
protected:
    void SetUp() override {
        OutageTest::SetUp();
        if (!IsSkipped()) start_sidecar(options());
    }
    void TearDown() override {
        world().cluster().thaw();
        OutageTest::TearDown();
    }
};

TEST_F(OutageStart, TheWriteThatFindsTheConnectionResetIsQueuedOrItsFateSaidToBeOpen) {
    for (int round = 0; round < 10; ++round) {
        cut_off();
        // Its bytes may have been sent; then nobody knows. But it is never refused.
        EXPECT_NE(writer().write(), Outcome::Refused) << writer().last_error();
        EXPECT_EQ(writer().write(), Outcome::Acknowledged) << writer().last_error();
        end_outage();
        ASSERT_TRUE(eventually(20s, [&] { return settled(); })) << waiting();
    }
}

TEST_F(OutageStart, AClientThatComesInTheFirstMomentIsServed) {
    for (int round = 0; round < 10; ++round) {
        writer().disconnect();
        cut_off();
        EXPECT_EQ(writer().write(), Outcome::Acknowledged) << writer().last_error();
        end_outage();
        ASSERT_TRUE(eventually(20s, [&] { return settled(); })) << waiting();
    }
}

TEST_F(OutageStart, AServerThatShutsDownLosesNobody) {
    for (StopMode how : {StopMode::Fast, StopMode::Immediate}) {
        world().cluster().stop(how);
        EXPECT_NE(writer().write(), Outcome::Refused) << writer().last_error();
        EXPECT_EQ(writer().write_rows(5), 5) << writer().last_error();
        world().cluster().start();
        ASSERT_TRUE(eventually(20s, [&] { return settled(); })) << waiting();
    }
}

TEST_F(OutageStart, ManyClientsAtOnce) {
    for (int i = 0; i < 20; ++i) new_writer().write();
    cut_off();
    for (auto& w : writers_) EXPECT_NE(w.write(), Outcome::Refused) << w.last_error();
    for (auto& w : writers_) EXPECT_EQ(w.write(), Outcome::Acknowledged) << w.last_error();
}

}  // namespace
}  // namespace pgsidecar::test
