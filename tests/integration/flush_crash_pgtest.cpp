#include <cstdio>
#include <filesystem>
#include <future>
#include <memory>

#include "tests/integration/flush_bench.hpp"
#include "tests/support/child_process.hpp"
#include "tests/support/temp_folder.hpp"

/// A process with a real spool is killed at every named point of the flush, started again until all
/// is applied, and must have applied everything once. The program starts itself as that process.
namespace pgsidecar::audit {
namespace {

constexpr int kEntries = 500;

Spool::Options spool_options(const std::string& folder) {
    Spool::Options options;
    options.folder = folder;
    options.max_bytes = 1 << 30;
    options.max_entries = 1'000'000;
    options.max_entry_bytes = 1 << 20;
    options.queue_max_entries = 100'000;
    options.buffer_max_bytes = 1 << 26;
    options.records_max_bytes = 1 << 30;
    return options;
}

std::unique_ptr<Spool> open_spool(const std::string& folder) {
    std::string problem;
    auto spool = Spool::open(spool_options(folder), problem);
    if (!spool) std::fprintf(stderr, "%s\n", problem.c_str());
    return spool;
}

void fill(Spool& spool) {
    const auto context = make_context("postgres");
    std::vector<std::future<bool>> stored;
    for (int i = 1; i <= kEntries; ++i) {
        const bool bad = i % 100 == 50;
        auto done = std::make_shared<std::promise<bool>>();
        stored.push_back(done->get_future());
        spool.append(make_entry(context, {"INSERT INTO t (id) VALUES (" +
                                          (bad ? "NULL" : std::to_string(i)) + ")"}),
                     [done](const model::SpoolVerdict& v) { done->set_value(v.stored()); });
    }
    for (auto& one : stored) ASSERT_TRUE(one.get());
}

/// The child's work: 0 when everything has been applied and forgotten.
int apply(const std::string& folder, const std::string& url) {
    auto spool = open_spool(folder);
    if (!spool) return 3;
    SpoolAccess access(*spool);
    Flusher::Options options;
    options.limits.batch_entries = 100;
    FlushBench bench(access, url, options);
    if (!bench.flush()) return 4;
    const bool gone = bench.run_until([&] { return spool->stats().entries == 0; });
    bench.stop();
    spool.reset();  // before the loop that its thread posts to
    return gone && bench.events.size() <= 5 ? 0 : 5;
}

class FlushCrash : public testing::TestWithParam<const char*> {
protected:
    test::PgCluster& cluster = test::shared_cluster();
    test::PqConnection db{cluster.conninfo()};
    test::TempFolder folder;

    int run_child(const std::string& crash_at) {
        test::Command command;
        command.argv = {"/proc/self/exe", "--apply", folder.path() + "/spool", cluster.url()};
        command.env = {{"PGSIDECAR_CRASH_AT", crash_at}};
        command.output_file = folder.path() + "/child.log";
        test::ChildProcess child(command);
        return child.exit_code(60s);
    }
};

TEST_P(FlushCrash, NothingIsLostOrDoubled) {
    for (const char* pass : {":1", ":2", ":4", ":7"}) {
        db.run(
            "DROP SCHEMA IF EXISTS pgsidecar CASCADE; DROP TABLE IF EXISTS t;"
            "CREATE TABLE t (id bigint NOT NULL)");
        std::filesystem::remove_all(folder.path() + "/spool");
        {
            auto spool = open_spool(folder.path() + "/spool");
            ASSERT_TRUE(spool);
            fill(*spool);
        }
        const std::string crash_at = std::string(GetParam()) + pass;
        EXPECT_EQ(run_child(crash_at), -1) << "it never came to " << crash_at;
        ASSERT_EQ(run_child(""), 0) << test::tail(folder.path() + "/child.log", 200);
        EXPECT_EQ(db.scalar("SELECT count(*) || ' ' || count(DISTINCT id) FROM t"), "495 495")
            << crash_at;
        EXPECT_EQ(db.scalar("SELECT count(*) FROM (SELECT id, lag(id) OVER (ORDER BY ctid) AS "
                            "before FROM t) AS o WHERE id <= before"),
                  "0");
        auto spool = open_spool(folder.path() + "/spool");
        ASSERT_TRUE(spool);
        EXPECT_EQ(spool->stats().entries, 0U);
        EXPECT_EQ(spool->stats().dead, 5U) << crash_at;
    }
    db.run("DROP TABLE t");
}

INSTANTIATE_TEST_SUITE_P(Points, FlushCrash,
                         testing::Values("flush-begin", "flush-apply", "ledger-commit",
                                         "after-ledger-commit"),
                         [](const auto& point) {
                             std::string name = point.param;
                             for (char& c : name) {
                                 if (c == '-') c = '_';
                             }
                             return name;
                         });

}  // namespace
}  // namespace pgsidecar::audit

int main(int argc, char** argv) {
    if (argc == 4 && std::string_view(argv[1]) == "--apply") {
        return pgsidecar::audit::apply(argv[2], argv[3]);
    }
    testing::InitGoogleTest(&argc, argv);
    return RUN_ALL_TESTS();
}
