// The network between the sidecar and PostgreSQL misbehaves. Every test ends by proving recovery.

#include <algorithm>
#include <random>

#include "tests/integration/support/proxy_fixture.hpp"
#include "tests/integration/support/transcript.hpp"
#include "tests/support/gate.hpp"

namespace pgsidecar::test {
namespace {

using testing::AnyOf;

class Network : public BothModesTest {
protected:
    void SetUp() override {
        PGS_NEEDS_SIDECAR("its reconnecting");
        gate_ = std::make_unique<Gate>(cluster().port());
        ProxySettings settings;
        settings.pool_mode = GetParam();
        settings.pool_size = 3;
        settings.upstream_url =
            "postgres://postgres@127.0.0.1:" + std::to_string(gate_->port()) + "/postgres";
        settings.flags = {
            {"pool-connect-timeout-ms", "1000"}, {"max-retries", "1"}, {"retry-delay-ms", "100"}};
        start(std::move(settings));
    }

    void TearDown() override {
        if (gate_) {
            gate_->pass();
            EXPECT_TRUE(eventually(15s, [&] {
                auto c = PqConnection::try_connect(proxy().conninfo());
                return c.connected() && c.query("select 1").ok();
            })) << "no recovery";
        }
        ProxyTest::TearDown();
        gate_.reset();
    }

    static void expect_one_error(const std::vector<wire::Message>& messages) {
        EXPECT_EQ(std::ranges::count(messages, 'E', &wire::Message::type), 1);
        EXPECT_THAT(wire::field(first_error(messages), 'C'), AnyOf("08006", "08007"));
    }

    std::unique_ptr<Gate> gate_;
};

TEST_P(Network, AResetInAStatementGivesOneError) {
    auto c = raw();
    // The server notices a reset only when it writes, so the statement of the other mode may still
    // run.
    std::string word = std::string("reset_me_") + GetParam();
    c.send(wire::query("do $$begin perform pg_sleep(60), '" + word + "'; end$$"));
    ASSERT_TRUE(eventually(
        3s, [&] { return backends("state = 'active' and query like '%" + word + "%'") == 1; }));
    gate_->reset();
    expect_one_error(c.read_until('Z', 5s));
}

TEST_P(Network, AResetOfAnIdleSessionsServerCostsNothingOrOneError) {
    auto c = raw();
    c.exchange(wire::query("select 1"));
    gate_->reset();
    c.send(wire::query("select 2"));
    auto messages = c.read_until('Z', 10s);
    ASSERT_FALSE(messages.empty());
    EXPECT_EQ(messages.back().type, 'Z');
    EXPECT_EQ(first_error(messages).type, 0);
}

TEST_P(Network, ARefusedConnectionIsReportedWithItsCause) {
    raw().exchange(wire::query("select 1"));
    gate_->refuse();
    gate_->reset();
    std::string error;
    EXPECT_TRUE(eventually(10s, [&] {
        auto c = PqConnection::try_connect(proxy().conninfo());
        error = c.connected() ? c.query("select 1").message() : c.error();
        return error.find("Cannot connect to database") != std::string::npos;
    })) << error;
}

TEST_P(Network, ACutAtEveryPointOfAnAnswerIsAnErrorAndNeverAWrongAnswer) {
    std::mt19937 random(31);
    for (std::uint64_t n = 1; n < 120; n += 1 + random() % 6) {
        SCOPED_TRACE("cut after " + std::to_string(n) + " bytes");
        gate_->pass();
        ASSERT_TRUE(eventually(10s, [&] {
            auto warm = PqConnection::try_connect(proxy().conninfo());
            return warm.connected() && warm.query("select 1").ok();
        }));
        auto c = raw();
        c.exchange(wire::query("begin"));
        gate_->cut_after_bytes(Direction::ToClient, n);
        c.send(wire::query("select 'first', 'second'") + wire::query("select 'third'"));
        auto messages = c.read_until('Z', 5s);
        if (!messages.empty() && messages.back().type == 'Z') {
            auto second = c.read_until('Z', 5s);
            messages.insert(messages.end(), second.begin(), second.end());
        }
        for (const auto& m : messages) {
            if (m.type != 'D') continue;
            EXPECT_THAT(wire::to_line(m),
                        AnyOf(testing::HasSubstr("first"), testing::HasSubstr("third")));
        }
        // One error each at most: the loss for the first, and the failed transaction for the
        // second.
        EXPECT_LE(std::ranges::count(messages, 'E', &wire::Message::type), 2);
        EXPECT_LE(std::ranges::count(messages, 'D', &wire::Message::type), 1)
            << "the second answer cannot have come whole";
    }
}

TEST_P(Network, AStalledServerDoesNotStopTheOthersOrTheProbes) {
    auto c = client();
    c.run("select 1");
    gate_->stall(Direction::ToClient);
    c.send("select 'late'");
    EXPECT_TRUE(always(
        300ms, [&] { return http_get(proxy().http_port(), "/livez", 200ms).status == 200; }));
    gate_->pass();
    EXPECT_EQ(c.finish(5s).value(), "late");
}

TEST_P(Network, AHalfClosedServerIsReplaced) {
    auto c = raw();
    c.exchange(wire::query("begin"));
    gate_->half_close(Direction::ToClient);
    c.send(wire::query("select 1"));
    expect_one_error(c.read_until('Z', 5s));
}

TEST_P(Network, SlicedAndDelayedBytesChangeNothing) {
    gate_->slice(3);
    auto c = client();
    EXPECT_EQ(c.scalar("select string_agg(i::text, '') from generate_series(1, 100) i"),
              direct().scalar("select string_agg(i::text, '') from generate_series(1, 100) i"));
    gate_->slice(65536);
    gate_->delay(2ms);
    for (int i = 0; i < 20; ++i)
        EXPECT_EQ(c.scalar("select " + std::to_string(i)), std::to_string(i));
}

TEST_P(Network, ACutAfterCommitIsNeverReportedAsSuccessOrTwice) {
    direct().run(
        "set client_min_messages = error; drop table if exists ambiguous; create table ambiguous "
        "(x int)");
    auto c = raw();
    c.exchange(wire::query("begin; insert into ambiguous values (1)"));
    gate_->stall(Direction::ToClient);
    c.send(wire::query("commit"));
    auto d = direct();
    ASSERT_TRUE(eventually(3s, [&] { return d.scalar("select count(*) from ambiguous") == "1"; }));
    gate_->reset();
    expect_one_error(c.read_until('Z', 5s));
    EXPECT_EQ(d.scalar("select count(*) from ambiguous"), "1");
}

INSTANTIATE_TEST_SUITE_P(Modes, Network, testing::Values("session", "transaction"), mode_name);

}  // namespace
}  // namespace pgsidecar::test
