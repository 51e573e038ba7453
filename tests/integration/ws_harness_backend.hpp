#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "realtime/recent_operations.hpp"
#include "ws/backend.hpp"

namespace pgsidecar::tests {

/// The app's side of the edges, played by a test. Thread: any.
class HarnessBackend final : public ws::Backend {
public:
    enum class Answer { Good, Bad, Never };

    model::DatabaseConnection connection() const override {
        std::lock_guard lock(mutex_);
        return connection_;
    }
    std::optional<model::HealthEvent> last_health() const override {
        std::lock_guard lock(mutex_);
        return health_;
    }
    ws::Activity activity() const override {
        std::lock_guard lock(mutex_);
        return activity_;
    }
    std::vector<model::DatabaseOperation> recent_operations(
        const realtime::OperationFilter& filter) const override {
        std::vector<model::DatabaseOperation> found;
        std::lock_guard lock(mutex_);
        for (auto it = recent_.rbegin(); it != recent_.rend() && found.size() < filter.limit;
             ++it) {
            if (realtime::matches(filter, *it)) found.push_back(*it);
        }
        return found;
    }
    std::string metrics_text() const override {
        return "# HELP pgsidecar_up Whether the database is connected.\n# TYPE pgsidecar_up "
               "gauge\npgsidecar_up 1\n";
    }
    ws::ProbeReport liveness() const override { return {}; }
    ws::ProbeReport readiness() const override {
        std::lock_guard lock(mutex_);
        return readiness_;
    }
    ws::ProbeReport startup() const override { return {}; }

    void request_health(std::function<void(model::HealthEvent)> done) override {
        health_requests.fetch_add(1);
        if (health_answer == Answer::Never) return hold(std::move(done));
        done(health(health_answer == Answer::Good, 1.25));
    }
    void request_reconnect(std::function<void(realtime::ReconnectOutcome)> done) override {
        reconnect_requests.fetch_add(1);
        if (reconnect_answer == Answer::Never) return;
        bool good = reconnect_answer == Answer::Good;
        done({good, good ? "Connected."
                         : "Cannot connect to database. Please check if PostgreSQL is running."});
    }

    model::HealthEvent health(bool good, double latency_ms) const {
        model::HealthEvent event;
        event.healthy = good;
        event.latency_ms = latency_ms;
        event.timestamp_us = base::read_clocks().wall_us;
        event.connection_id = "c-1";
        if (!good) event.error = "Database operation timed out after 5000ms";
        return event;
    }

    template <class Change>
    void change(Change change) {
        std::lock_guard lock(mutex_);
        change(connection_, health_, activity_, readiness_);
    }
    void remember(const std::vector<model::DatabaseOperation>& batch) {
        std::lock_guard lock(mutex_);
        recent_.insert(recent_.end(), batch.begin(), batch.end());
    }
    /// Answers the health requests that were held with health_answer Never.
    void release_health() {
        std::vector<std::function<void(model::HealthEvent)>> held;
        {
            std::lock_guard lock(mutex_);
            held.swap(held_);
        }
        for (auto& done : held) done(health(true, 2.5));
    }

    std::atomic<Answer> health_answer{Answer::Good}, reconnect_answer{Answer::Bad};
    std::atomic<int> health_requests{0}, reconnect_requests{0};

private:
    void hold(std::function<void(model::HealthEvent)> done) {
        std::lock_guard lock(mutex_);
        held_.push_back(std::move(done));
    }

    mutable std::mutex mutex_;
    model::DatabaseConnection connection_;
    std::optional<model::HealthEvent> health_;
    ws::Activity activity_;
    ws::ProbeReport readiness_;
    std::vector<std::function<void(model::HealthEvent)>> held_;
    std::vector<model::DatabaseOperation> recent_;
};

}  // namespace pgsidecar::tests
