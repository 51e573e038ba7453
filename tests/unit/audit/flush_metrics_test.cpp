#include "audit/flush_metrics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "metrics/registry.hpp"

namespace pgsidecar::audit {
namespace {

using testing::HasSubstr;

TEST(FlushMetrics, TheSpoolsCountsAreInTheAnswerToAScrape) {
    auto counters = std::make_shared<metrics::ProcessCounters>();
    const metrics::Registry registry({"1", "r", "db:5432"}, counters);
    SpoolStats stats;
    stats.entries = 3;
    stats.bytes = 900;
    stats.dead = 1;
    stats.records = 7;
    stats.record_bytes = 70;
    stats.oldest_us = 1'500'000;
    stats.appended_total = 10;
    stats.settled_total = 6;
    stats.buffer_dropped_total = 2;
    stats.records_dropped_total = 4;
    stats.commits_total = 5;
    stats.commit_failures_total = 1;
    stats.last_commit_ns = 250'000;
    publish_spool(stats, *counters);
    count_verdict({.reason = model::SpoolVerdict::Reason::DiskFull, .problem = {}}, *counters);
    count_verdict({.reason = model::SpoolVerdict::Reason::Stored, .problem = {}}, *counters);
    counters->flush_applied.add(6);
    counters->flush_blocked.set(1);
    counters->log_records_applied.add(8);
    const std::string text = registry.text();
    for (const char* line :
         {"pgsidecar_spool_entries 3\n", "pgsidecar_spool_bytes 900\n",
          "pgsidecar_spool_dead_letters 1\n", "pgsidecar_spool_oldest_timestamp_seconds 1.5\n",
          "pgsidecar_spool_usable 1\n", "pgsidecar_spool_appended_total 10\n",
          "pgsidecar_spool_settled_total 6\n", "pgsidecar_spool_buffer_dropped_total 2\n",
          "pgsidecar_spool_refused_total{reason=\"disk_full\"} 1\n",
          "pgsidecar_spool_refused_total{reason=\"full\"} 0\n",
          "pgsidecar_spool_commits_total{outcome=\"success\"} 5\n",
          "pgsidecar_spool_commits_total{outcome=\"failure\"} 1\n",
          "pgsidecar_spool_commit_seconds 0.00025\n", "pgsidecar_flush_applied_total 6\n",
          "pgsidecar_flush_blocked 1\n",
          "pgsidecar_operation_log_records_total{outcome=\"applied\"} 8\n",
          "pgsidecar_operation_log_records_total{outcome=\"dropped\"} 4\n",
          "pgsidecar_operation_log_waiting_records 7\n",
          "pgsidecar_operation_log_waiting_bytes 70\n"}) {
        EXPECT_THAT(text, HasSubstr(line));
    }
    EXPECT_EQ(text.find("reason=\"stored\""), std::string::npos);
    stats.problem = "The disk is full.";
    publish_spool(stats, *counters);
    EXPECT_THAT(registry.text(), HasSubstr("pgsidecar_spool_usable 0\n"));
}

}  // namespace
}  // namespace pgsidecar::audit
