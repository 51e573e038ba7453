// Clients that vanish, that do not read, and rows larger than any buffer.

#include <algorithm>

#include "tests/integration/support/proxy_fixture.hpp"

namespace pgsidecar::test {
namespace {

constexpr std::size_t kMegabyte = 1 << 20;
/// Buffers, caches warming up and the allocator's arenas; far below any of the amounts that flow.
constexpr std::size_t kAllowedGrowth = 16 * kMegabyte;

enum class Leaving { Close, Reset };

class Sessions : public BothModesTest {
protected:
    void SetUp() override {
        start_mode(3);
        direct().run(
            "create table if not exists locked (x int); truncate locked; insert into locked values "
            "(1)");
    }

    bool lock_is_free(Deadline deadline) {
        auto c = direct();
        return eventually(deadline,
                          [&] { return c.query("select * from locked for update nowait").ok(); });
    }

    /// Direct there is no process to look at.
    void expect_small(std::size_t peak_before) {
        if (proxy_kind() == ProxyKind::Direct) return;
        EXPECT_GT(peak_before, 0u);
        EXPECT_LT(proxy().peak_rss(), peak_before + proxy().memory_bound(kAllowedGrowth));
    }

    static void leave(RawClient& client, Leaving how) {
        how == Leaving::Reset ? client.socket().reset() : client.socket().close();
    }
};

TEST_P(Sessions, AClientThatVanishesInATransactionLeavesNoLock) {
    for (auto how : {Leaving::Close, Leaving::Reset}) {
        auto c = raw();
        c.exchange(wire::query("begin; select * from locked for update"));
        EXPECT_FALSE(lock_is_free(50ms));
        leave(c, how);
        EXPECT_TRUE(lock_is_free(1s));
    }
}

TEST_P(Sessions, AClientThatVanishesInALongStatementLeavesNoLock) {
    PGS_NEEDS_SIDECAR("PostgreSQL and PgBouncer notice when the statement is over");
    for (auto how : {Leaving::Close, Leaving::Reset}) {
        auto c = raw();
        c.exchange(wire::query("begin; select * from locked for update"));
        c.send(wire::query("select pg_sleep(60), 'left_running'"));
        ASSERT_TRUE(eventually(
            2s, [&] { return backends("state = 'active' and query like '%left_running%'") == 1; }));
        leave(c, how);
        EXPECT_TRUE(lock_is_free(1s));
        EXPECT_EQ(backends("state = 'active' and query like '%left_running%'"), 0);
    }
}

TEST_P(Sessions, AClientThatVanishesInACopyLeavesNothing) {
    auto c = raw();
    c.send(wire::query("copy locked from stdin"));
    ASSERT_EQ(c.read_message()->type, 'G');
    c.send(wire::copy_data("2\n3\n"));
    c.socket().close();
    auto d = direct();
    EXPECT_TRUE(eventually(
        1s, [&] { return backends("query like 'copy locked%' and state <> 'idle'") == 0; }));
    EXPECT_EQ(d.scalar("select count(*) from locked"), "1");
}

TEST_P(Sessions, HalfAMessageIsNeverJoinedWithAnotherClients) {
    for (int i = 0; i < 20; ++i) {
        auto half = raw();
        std::string message = wire::query("select 'half'");
        half.send(message.substr(0, 7 + static_cast<std::size_t>(i) % 8));
        half.socket().close();
        EXPECT_EQ(client().scalar("select 'whole'"), "whole");
    }
}

TEST_P(Sessions, ASlowReaderTakesNoMemoryAndDisturbsNobody) {
    auto good = client();
    good.run("select 1");
    RawClient slow(Socket::connect_tcp(proxy().port(), 2s, 4096));
    slow.login({{"user", "postgres"}, {"database", "postgres"}});
    std::size_t before = proxy().peak_rss();
    slow.send(
        wire::query("select repeat('s', 1000), 'slow_reader' from generate_series(1, 300000)"));
    // The server is stuck in writing, so everything between has filled up.
    ASSERT_TRUE(eventually(10s, [&] {
        return backends("wait_event = 'ClientWrite' and query like '%slow_reader%'") == 1;
    }));
    for (int i = 0; i < 200; ++i) ASSERT_EQ(good.scalar("select 7"), "7");
    expect_small(before);
    EXPECT_EQ(backends("wait_event = 'ClientWrite' and query like '%slow_reader%'"), 1)
        << "still held back";
    slow.socket().close();
    EXPECT_TRUE(eventually(
        2s, [&] { return backends("query like '%slow_reader%' and state = 'active'") == 0; }));
}

TEST_P(Sessions, ASlowReaderGetsEverythingInTheEnd) {
    RawClient slow(Socket::connect_tcp(proxy().port(), 2s, 4096));
    slow.login({{"user", "postgres"}, {"database", "postgres"}});
    slow.send(wire::query("select repeat('s', 1000) from generate_series(1, 20000)"));
    ASSERT_TRUE(eventually(5s, [&] { return backends("wait_event = 'ClientWrite'") == 1; }));
    auto messages = slow.read_until('Z', 30s);
    EXPECT_EQ(std::ranges::count(messages, 'D', &wire::Message::type), 20000);
}

TEST_P(Sessions, AClientThatOnlyWritesIsHeldBack) {
    if (proxy_kind() == ProxyKind::Direct)
        GTEST_SKIP() << "PostgreSQL itself would be the one to hold back";
    auto greedy = raw();
    std::size_t before = proxy().peak_rss();
    // Answers are never read. The kernel takes some megabytes of questions, then nobody takes more.
    std::string question = wire::query("select repeat('w', 5000) -- " + std::string(2'000, 'x'));
    std::string many;
    for (int i = 0; i < 500; ++i) many += question;
    bool all_taken = true;
    for (int i = 0; i < 100 && all_taken; ++i) all_taken = greedy.send(many, 300ms);
    EXPECT_FALSE(all_taken) << "100 MB of questions were accepted";
    expect_small(before);
    EXPECT_EQ(client().scalar("select 1"), "1");
}

TEST_P(Sessions, ARowOfFiftyMegabytesGoesThroughASmallProcess) {
    auto c = client();
    c.run("select 1");
    std::size_t before = proxy().peak_rss();
    auto out = c.query("select repeat('r', 50 * 1024 * 1024) as big, 'end' as small");
    ASSERT_EQ(out.status(), PGRES_TUPLES_OK) << out.message();
    EXPECT_EQ(PQgetlength(out.get(), 0, 0), 50 * 1024 * 1024);
    EXPECT_EQ(out.value(0, 1), "end");
    auto in = c.query("select length($1)", {std::string(50 * kMegabyte, 'p')});
    EXPECT_EQ(in.value(), std::to_string(50 * kMegabyte));
    EXPECT_EQ(c.scalar("select length('" + std::string(20 * kMegabyte, 'q') + "')"),
              std::to_string(20 * kMegabyte));
    expect_small(before);
}

TEST_P(Sessions, ACopyOfManyMegabytesGoesThroughASmallProcess) {
    auto c = client();
    c.run("begin; create temporary table bulk (t text)");
    std::size_t before = proxy().peak_rss();
    ASSERT_EQ(PqResult(PQexec(c.get(), "copy bulk from stdin")).status(), PGRES_COPY_IN);
    std::string row = std::string(9'999, 'b') + "\n";
    for (int i = 0; i < 5'000; ++i)
        PQputCopyData(c.get(), row.data(), static_cast<int>(row.size()));
    PQputCopyEnd(c.get(), nullptr);
    EXPECT_STREQ(PQcmdStatus(c.finish(20s).get()), "COPY 5000");
    ASSERT_EQ(PqResult(PQexec(c.get(), "copy bulk to stdout")).status(), PGRES_COPY_OUT);
    std::size_t bytes = 0;
    char* data = nullptr;
    for (int n = 0; (n = PQgetCopyData(c.get(), &data, 0)) > 0; PQfreemem(data))
        bytes += static_cast<std::size_t>(n);
    EXPECT_EQ(bytes, 5'000u * 10'000u);
    EXPECT_EQ(c.finish(5s).status(), PGRES_COMMAND_OK);
    expect_small(before);
}

TEST_P(Sessions, ATerminatedBackendIsReportedOnceAndReplaced) {
    PGS_NEEDS_SIDECAR("PgBouncer words it differently");
    auto c = raw();
    c.exchange(wire::query("begin; select 1, 'terminate_me'"));
    direct().run(
        "select pg_terminate_backend(pid) from pg_stat_activity where query like "
        "'begin%terminate_me%'");
    c.send(wire::query("select 1"));
    auto messages = c.read_until('Z', 5s);
    EXPECT_EQ(std::ranges::count(messages, 'E', &wire::Message::type), 1);
    EXPECT_EQ(wire::field(first_error(messages), 'C'), "08006");
    EXPECT_THAT(wire::field(first_error(messages), 'D'),
                testing::HasSubstr("terminating connection"));
    c.exchange(wire::query("rollback"));
    EXPECT_THAT(c.exchange(wire::query("select 3")), testing::Contains("C SELECT 1\\x00"));
    EXPECT_EQ(client().scalar("select 2"), "2");
}

TEST_P(Sessions, AReadThatAnAdministratorEndedIsNotSentAgain) {
    PGS_NEEDS_SIDECAR("PgBouncer closes the client");
    auto c = client();
    c.send("select pg_sleep(60), 'end_me'");
    ASSERT_TRUE(eventually(5s, [&] { return backends("query like '%end_me%'") == 1; }));
    direct().run(
        "select pg_terminate_backend(pid) from pg_stat_activity where state = 'active' and "
        "query like '%end_me%' and pid <> pg_backend_pid()");
    EXPECT_FALSE(c.finish(5s).ok());
    EXPECT_EQ(backends("query like '%end_me%' and state = 'active'"), 0);
    EXPECT_EQ(c.scalar("select 2"), "2");
}

INSTANTIATE_TEST_SUITE_P(Modes, Sessions, testing::Values("session", "transaction"), mode_name);

}  // namespace
}  // namespace pgsidecar::test
