#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "audit/flusher.hpp"
#include "config/postgres_url.hpp"
#include "db/pg_pipeline_parameters.hpp"
#include "db/sidecar_schema.hpp"
#include "tests/support/deadline.hpp"
#include "tests/support/pg_cluster.hpp"
#include "tests/support/pq.hpp"
#include "tests/unit/audit/flush_fake_spool.hpp"

namespace pgsidecar::audit {

using namespace std::chrono_literals;

inline config::Upstream upstream_of_url(const std::string& url) {
    auto parsed = config::parse_upstream(url);
    EXPECT_TRUE(parsed) << url;
    config::complete(*parsed);
    return *parsed;
}

/// A flusher with a loop of its own on a spool that outlives it; the test runs the loop.
class FlushBench {
public:
    FlushBench(SpoolReader& spool, const std::string& url, Flusher::Options options = {})
        : counters(std::make_shared<metrics::ProcessCounters>()) {
        options.upstream = upstream_of_url(url);
        options.sidecar = "test";
        if (options.retry_ms == Flusher::Options{}.retry_ms) options.retry_ms = 20;
        flusher = std::make_unique<Flusher>(
            io.get_executor(), options, spool,
            [this](const model::ErrorEvent& event) { events.push_back(event); }, counters);
        flusher->start();
    }
    ~FlushBench() { stop(); }

    bool run_until(const std::function<bool()>& condition, test::Deadline deadline = 30s) {
        while (!condition() && !deadline.passed()) {
            io.restart();
            io.run_one_for(20ms);
        }
        return condition();
    }
    /// False: it never called back.
    bool flush(test::Deadline deadline = 60s) {
        auto done = std::make_shared<bool>(false);
        flusher->flush_now([done] { *done = true; });
        return run_until([done] { return *done; }, deadline);
    }
    void stop() {
        if (!flusher) return;
        auto done = std::make_shared<bool>(false);
        flusher->stop([done] { *done = true; });
        EXPECT_TRUE(run_until([done] { return *done; }));
        flusher.reset();
    }

    asio::io_context io;
    std::shared_ptr<metrics::ProcessCounters> counters;
    std::vector<model::ErrorEvent> events;
    std::unique_ptr<Flusher> flusher;
};

}  // namespace pgsidecar::audit
