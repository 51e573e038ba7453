#include "metrics/registry.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <thread>

#include "base/log.hpp"
#include "metrics/catalogue.hpp"

namespace pgsidecar::metrics {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string read_file(const std::filesystem::path& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

/// Not by __FILE__, which a compiler cache may have made relative to the folder of the build.
const std::filesystem::path kSource = PGS_SOURCE_DIR;

class RegistryTest : public testing::Test {
protected:
    std::shared_ptr<WorkerShard> add_worker() {
        auto shard = std::make_shared<WorkerShard>();
        registry_.add_worker(shard);
        return shard;
    }

    std::shared_ptr<ProcessCounters> process_ = std::make_shared<ProcessCounters>();
    Registry registry_{{"1.2.3", "abc", "db.example:5432"}, process_};
};

TEST_F(RegistryTest, SumsTheWorkers) {
    const auto a = add_worker(), b = add_worker();
    a->queries[static_cast<std::size_t>(model::StatementKind::Select)].add(3);
    b->queries[static_cast<std::size_t>(model::StatementKind::Select)].add(4);
    a->query_errors[sqlstate_class_slot("23505")].add();
    a->client_bytes_in.add(10);
    b->server_bytes_out.add(20);
    b->clients_rejected[static_cast<std::size_t>(RejectReason::AuthFailed)].add(2);
    a->servers_closed[static_cast<std::size_t>(ServerCloseReason::Lost)].add(5);
    const std::string text = registry_.text();
    EXPECT_THAT(text, HasSubstr("pgsidecar_queries_total{op=\"select\"} 7\n"));
    EXPECT_THAT(text, HasSubstr("pgsidecar_queries_total{op=\"unknown\"} 0\n"));
    EXPECT_THAT(text, HasSubstr("pgsidecar_query_errors_total{sqlstate_class=\"23\"} 1\n"));
    EXPECT_THAT(text, HasSubstr("pgsidecar_received_bytes_total{side=\"client\"} 10\n"));
    EXPECT_THAT(text, HasSubstr("pgsidecar_sent_bytes_total{side=\"server\"} 20\n"));
    EXPECT_THAT(
        text, HasSubstr("pgsidecar_client_connections_rejected_total{reason=\"auth_failed\"} 2\n"));
    EXPECT_THAT(text, HasSubstr("pgsidecar_server_connections_closed_total{reason=\"lost\"} 5\n"));
    EXPECT_THAT(text, HasSubstr("pgsidecar_workers 2\n"));
}

TEST_F(RegistryTest, TellsClientsApartByState) {
    const auto a = add_worker(), b = add_worker();
    a->clients.set(5);
    a->clients_active.set(1);
    b->clients.set(3);
    b->clients_waiting.set(2);
    const std::string text = registry_.text();
    EXPECT_THAT(text, HasSubstr("pgsidecar_client_connections{state=\"active\"} 1\n"));
    EXPECT_THAT(text, HasSubstr("pgsidecar_client_connections{state=\"waiting\"} 2\n"));
    EXPECT_THAT(text, HasSubstr("pgsidecar_client_connections{state=\"idle\"} 5\n"));
}

TEST_F(RegistryTest, FoldsHistogramsToTheBounds) {
    const auto a = add_worker(), b = add_worker();
    a->query_duration.observe(50'000);
    b->query_duration.observe(3'000'000);
    b->query_duration.observe(20'000'000'000);
    const std::string text = registry_.text();
    EXPECT_THAT(text, HasSubstr("pgsidecar_query_duration_seconds_bucket{le=\"0.0001\"} 1\n"));
    EXPECT_THAT(text, HasSubstr("pgsidecar_query_duration_seconds_bucket{le=\"0.00025\"} 1\n"));
    EXPECT_THAT(text, HasSubstr("pgsidecar_query_duration_seconds_bucket{le=\"0.005\"} 2\n"));
    EXPECT_THAT(text, HasSubstr("pgsidecar_query_duration_seconds_bucket{le=\"10\"} 2\n"));
    EXPECT_THAT(text, HasSubstr("pgsidecar_query_duration_seconds_bucket{le=\"+Inf\"} 3\n"));
    EXPECT_THAT(text, HasSubstr("pgsidecar_query_duration_seconds_count 3\n"));
    EXPECT_THAT(text, HasSubstr("pgsidecar_query_duration_seconds_sum 20.00305\n"));
}

TEST_F(RegistryTest, ShowsTheProcess) {
    process_->up.set(1);
    process_->health_checks_failed.add(2);
    process_->health_check_latency_ns.set(1'500'000);
    process_->ws_dropped[static_cast<std::size_t>(WsDropReason::SlowClient)].add(9);
    process_->last_reload_success_us.set(1'700'000'000'500'000);
    const std::string text = registry_.text();
    EXPECT_THAT(text, HasSubstr("pgsidecar_build_info{version=\"1.2.3\",revision=\"abc\"} 1\n"));
    EXPECT_THAT(text, HasSubstr("pgsidecar_up{upstream=\"db.example:5432\"} 1\n"));
    EXPECT_THAT(text, HasSubstr("pgsidecar_health_checks_total{outcome=\"failure\"} 2\n"));
    EXPECT_THAT(text, HasSubstr("pgsidecar_health_check_latency_seconds 0.0015\n"));
    EXPECT_THAT(text, HasSubstr("pgsidecar_ws_dropped_total{reason=\"slow_client\"} 9\n"));
    EXPECT_THAT(text,
                HasSubstr("pgsidecar_config_last_reload_success_timestamp_seconds 1700000000.5\n"));
    EXPECT_THAT(text, HasSubstr("process_resident_memory_bytes "));
}

TEST_F(RegistryTest, CountsLogLines) {
    const auto before = base::log::written(base::log::Level::Error);
    base::log::error("test", "a line for the counter");
    EXPECT_THAT(registry_.text(), HasSubstr("pgsidecar_log_messages_total{level=\"error\"} " +
                                            std::to_string(before + 1)));
}

TEST_F(RegistryTest, EscapesLabelValues) {
    Registry registry({"1", "r", "a\"b\\c\nd"}, process_);
    EXPECT_THAT(registry.text(), HasSubstr(R"(upstream="a\"b\\c\nd")"));
}

TEST_F(RegistryTest, KeepsTheCountsOfAWorkerThatEnded) {
    add_worker()->transactions.add(4);
    EXPECT_THAT(registry_.text(), HasSubstr("pgsidecar_transactions_total 4\n"));
}

TEST_F(RegistryTest, WorkersCountWhileItIsRead) {
    const auto shard = add_worker();
    std::atomic<bool> stop{false};
    std::thread worker([&] {
        while (!stop) {
            shard->query_duration.observe(100'000);
            shard->transactions.add();
            shard->clients.set(1);
        }
    });
    for (int i = 0; i < 50; ++i) EXPECT_THAT(registry_.text(), Not(HasSubstr("} -")));
    stop = true;
    worker.join();
    EXPECT_THAT(registry_.text(), HasSubstr("pgsidecar_transactions_total " +
                                            std::to_string(shard->transactions.get())));
}

/// "name type" of each family in an answer.
std::string names_and_types(const std::string& text) {
    std::istringstream lines(text);
    std::string out, line;
    while (std::getline(lines, line)) {
        if (line.rfind("# TYPE ", 0) == 0) out += line.substr(7) + "\n";
    }
    return out;
}

TEST_F(RegistryTest, NamesAreAPromise) {
    add_worker();
    // A name that changes breaks dashboards and alerts: say so in the release notes, then change
    // the file.
    EXPECT_EQ(names_and_types(registry_.text()),
              read_file(kSource / "tests/unit/metrics/metric_names.golden"));
}

TEST_F(RegistryTest, TheCatalogueHasNothingThatIsNotSent) {
    add_worker();
    const std::string text = registry_.text();
    for (const MetricInfo& metric : catalogue()) {
        EXPECT_THAT(text, HasSubstr("# HELP " + std::string(metric.name) + " " +
                                    std::string(metric.help) + "\n"));
    }
}

TEST(Catalogue, DocumentIsUpToDate) {
    const auto path = kSource / "docs/metrics.md";
    EXPECT_EQ(read_file(path), metrics_markdown())
        << "docs/metrics.md is stale: write metrics_markdown() to it (the program's hidden "
           "subcommand does)";
}

TEST(Catalogue, KeepsTheNamingRules) {
    for (const MetricInfo& metric : catalogue()) {
        const std::string name(metric.name);
        EXPECT_EQ(name.ends_with("_total"), metric.type == MetricType::Counter) << name;
        EXPECT_TRUE(name.starts_with("pgsidecar_") || name.starts_with("process_")) << name;
        EXPECT_EQ(metric.unit == "seconds", name.find("_seconds") != std::string::npos &&
                                                name.find("timestamp") == std::string::npos &&
                                                name.find("start") == std::string::npos)
            << name;
        EXPECT_TRUE(metric.help.ends_with(".")) << name;
    }
}

}  // namespace
}  // namespace pgsidecar::metrics
