#include <chrono>
#include <memory>

#include "tests/integration/flush_bench.hpp"

namespace pgsidecar::audit {
namespace {

class Flush : public testing::Test {
protected:
    void SetUp() override {
        db.run(
            "DROP SCHEMA IF EXISTS pgsidecar CASCADE; DROP TABLE IF EXISTS t CASCADE;"
            "CREATE TABLE t (id bigint, body text, at timestamptz, who text DEFAULT current_user)");
    }
    test::PgCluster& cluster = test::shared_cluster();
    test::PqConnection db{cluster.conninfo()};
    FakeSpool spool;
};

TEST_F(Flush, AppliesEntriesInTheirOrder) {
    auto context = make_context("postgres");
    for (int i = 1; i <= 20'000; ++i) {
        spool.add(make_entry(context, {"INSERT INTO t (id, body) VALUES (" + std::to_string(i) +
                                       ", '" + std::string(240, 'x') + std::to_string(i) + "')"}),
                  1'000'000'000 + i / 64);
    }
    FlushBench bench(spool, cluster.url());
    const auto begin = std::chrono::steady_clock::now();
    ASSERT_TRUE(bench.flush());
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    std::fprintf(stderr, "rate %.0f/s, status rate %.0f\n", 20'000 / took.count(),
                 bench.flusher->status().rate);
    EXPECT_EQ(bench.flusher->status().blocked, "");
    EXPECT_EQ(db.scalar("SELECT count(*) FROM t"), "20000");
    EXPECT_EQ(db.scalar("SELECT applied FROM pgsidecar.ledger"), "20000");
}

}  // namespace
}  // namespace pgsidecar::audit
