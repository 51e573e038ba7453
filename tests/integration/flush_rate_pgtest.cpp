#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <future>

#include "audit/operation_log.hpp"
#include "tests/integration/flush_bench.hpp"
#include "tests/support/temp_folder.hpp"
#include "tests/unit/audit/operation_samples.hpp"

/// How fast the flush is; the figures are printed, and held to a floor that any machine reaches.
namespace pgsidecar::audit {
namespace {

constexpr int kEntries = 100'000;
constexpr int kRecords = 200'000;
constexpr double kFloor = 2'000;

/// User and system time of this process.
double cpu_seconds() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

class FlushRate : public testing::Test {
protected:
    FlushRate() : cluster("fsync = on\nsynchronous_commit = on\nfull_page_writes = on") {
        db = std::make_unique<test::PqConnection>(cluster.conninfo());
        db->run("CREATE TABLE audit_logs (id bigint PRIMARY KEY, at timestamptz, body text)");
        // So that the first figures do not pay for a cold start.
        db->run("CHECKPOINT");
    }
    void report(const char* what, int count, double seconds, double cpu) {
        std::printf("%s: %d in %.2f s = %.0f/s, our CPU %.2f us each\n", what, count, seconds,
                    count / seconds, cpu / count * 1e6);
        std::fflush(stdout);
        EXPECT_GT(count / seconds, kFloor);
    }
    static std::string insert(int i) {
        std::string sql = "INSERT INTO audit_logs (id, at, body) VALUES (" + std::to_string(i) +
                          ", '2026-11-21 10:00:00+00', '";
        sql.resize(297, static_cast<char>('a' + i % 26));
        return sql + "')";
    }

    const model::SpoolContextPtr context = make_context("postgres");
    test::PgCluster cluster;
    std::unique_ptr<test::PqConnection> db;
    FakeSpool spool;
};

TEST_F(FlushRate, InsertsOf300BytesWithDifferentLiterals) {
    for (int i = 1; i <= kEntries; ++i) {
        // 64 clients: so many share one group commit and its time.
        spool.add(make_entry(context, {insert(i)}), 1'795'255'200'000'000 + i / 64);
    }
    FlushBench bench(spool, cluster.url());
    const double cpu = cpu_seconds();
    const auto begin = std::chrono::steady_clock::now();
    ASSERT_TRUE(bench.flush());
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    report("entries", kEntries, took.count(), cpu_seconds() - cpu);
    EXPECT_EQ(db->scalar("SELECT count(*) FROM audit_logs"), std::to_string(kEntries));
}

TEST_F(FlushRate, TheSameOutOfARealSpool) {
    const test::TempFolder folder;
    Spool::Options options;
    options.folder = folder.path() + "/spool";
    options.max_bytes = options.records_max_bytes = options.buffer_max_bytes = 1 << 30;
    options.max_entries = options.queue_max_entries = 1'000'000;
    options.max_entry_bytes = 1 << 20;
    std::string problem;
    auto real = Spool::open(options, problem);
    ASSERT_TRUE(real) << problem;
    std::promise<bool> last;
    for (int i = 1; i <= kEntries; ++i) {
        real->append(make_entry(context, {insert(i)}), [&last, i](const model::SpoolVerdict& v) {
            if (i == kEntries) last.set_value(v.stored());
        });
    }
    ASSERT_TRUE(last.get_future().get());
    SpoolAccess access(*real);
    FlushBench bench(access, cluster.url());
    const double cpu = cpu_seconds();
    const auto begin = std::chrono::steady_clock::now();
    ASSERT_TRUE(bench.flush());
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    report("entries of a real spool", kEntries, took.count(), cpu_seconds() - cpu);
    EXPECT_EQ(db->scalar("SELECT count(*) FROM audit_logs"), std::to_string(kEntries));
    bench.stop();
    real.reset();  // before the loop that its thread posts to
}

TEST_F(FlushRate, RecordsOfTheOperationLog) {
    base::SeededEntropy entropy(1);
    base::UuidSource ids(entropy);
    std::vector<model::OperationSourcePtr> sources;
    std::vector<model::StatementShapePtr> shapes;
    for (int i = 0; i < 64; ++i) sources.push_back(make_source("service" + std::to_string(i % 4)));
    for (int i = 0; i < 10; ++i) {
        shapes.push_back(make_shape(model::StatementKind::Update,
                                    "UPDATE t" + std::to_string(i) + " SET a = $1", "t"));
    }
    std::vector<model::OperationRecord> records;
    for (std::size_t i = 0; i < kRecords; ++i) {
        auto& record = records.emplace_back(make_record(sources[i % 64], shapes[i % 10]));
        record.start_us += static_cast<std::int64_t>(i) * 50;
        record.id = ids.next(record.start_us);
        record.affected_rows = 1;
    }
    OperationLog log(
        config::AuditLevel::Writes,
        [this](std::string body, std::uint32_t count, std::function<void(bool)> on_disk) {
            spool.add_records(std::move(body), count);
            on_disk(true);
        },
        std::make_shared<metrics::ProcessCounters>());
    double cpu = cpu_seconds();
    auto begin = std::chrono::steady_clock::now();
    // As they come at 20,000 a second, every 50 ms.
    for (std::size_t i = 0; i < kRecords; i += 1'000) log.add(std::span(records).subspan(i, 1'000));
    std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    report("records encoded", kRecords, took.count(), cpu_seconds() - cpu);
    FlushBench bench(spool, cluster.url());
    cpu = cpu_seconds();
    begin = std::chrono::steady_clock::now();
    bench.flusher->set_usable(true);
    ASSERT_TRUE(
        bench.run_until([&] { return bench.counters->log_records_applied.get() >= kRecords; }));
    took = std::chrono::steady_clock::now() - begin;
    report("records copied", kRecords, took.count(), cpu_seconds() - cpu);
    EXPECT_EQ(db->scalar("SELECT count(*) FROM pgsidecar.operations"), std::to_string(kRecords));
}

}  // namespace
}  // namespace pgsidecar::audit
