#pragma once

#include <array>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/ids.hpp"
#include "base/random.hpp"
#include "tests/integration/ws_harness_backend.hpp"
#include "ws/server.hpp"

namespace pgsidecar::tests {

/// Operations as a small shop would make them, on command or as a steady stream.
class HarnessTraffic {
public:
    HarnessTraffic(HarnessBackend& backend, ws::HttpServer& server)
        : backend_(backend), server_(server) {}
    ~HarnessTraffic() { run(false); }
    HarnessTraffic(const HarnessTraffic&) = delete;
    HarnessTraffic& operator=(const HarnessTraffic&) = delete;

    void publish(std::size_t count, bool failed) {
        std::lock_guard lock(mutex_);
        publish_locked(count, failed);
    }
    void run(bool on) {
        if (stream_.joinable()) {
            {
                std::lock_guard lock(mutex_);
                stopped_ = true;
            }
            stop_.notify_all();
            stream_.join();
        }
        if (!on) return;
        stopped_ = false;
        stream_ = std::thread([this] { stream(); });
    }

private:
    struct Sample {
        const char* type;
        const char* table;
        const char* statement;
        double ms;
    };
    static constexpr std::array kSamples{
        Sample{"query", "public.orders",
               "SELECT id, status, total FROM orders WHERE customer_id = $1 ORDER BY created_at "
               "DESC LIMIT $2",
               0.82},
        Sample{"insert", "public.audit_logs",
               "INSERT INTO audit_logs (actor, action, target, at) VALUES ($1, $2, $3, now())",
               1.31},
        Sample{"update", "public.positions",
               "UPDATE positions SET quantity = quantity - $1, updated_at = now() WHERE id = $2",
               2.07},
        Sample{"query", "public.customers", "SELECT * FROM customers WHERE email = $1", 0.41},
        Sample{"transaction", nullptr, "COMMIT", 3.94},
        Sample{"delete", "public.sessions", "DELETE FROM sessions WHERE expires_at < now()", 12.6},
        Sample{"query", "public.products",
               "SELECT p.id, p.name, p.price, s.quantity FROM products p JOIN stock s ON "
               "s.product_id = p.id WHERE p.category = $1 AND s.quantity > $2",
               148.2},
        Sample{"insert", "public.orders",
               "INSERT INTO orders (customer_id, status, total) VALUES ($1, $2, $3) RETURNING id",
               1.66},
    };

    void publish_locked(std::size_t count, bool failed) {
        std::vector<model::DatabaseOperation> batch;
        for (std::size_t i = 0; i < count; ++i) batch.push_back(make(failed));
        backend_.remember(batch);
        backend_.change(
            [&](auto&, auto&, ws::Activity& activity, auto&) { account(activity, batch); });
        server_.publish_operations(std::move(batch));
    }

    model::DatabaseOperation make(bool failed) {
        const Sample& sample = kSamples[made_++ % kSamples.size()];
        base::Now now = base::read_clocks();
        model::DatabaseOperation operation;
        operation.id = ids_.next(now.wall_us).to_string();
        operation.connection_id = "c-1";
        operation.type = sample.type;
        if (sample.table != nullptr) operation.table = sample.table;
        operation.duration_ms = sample.ms * (0.6 + static_cast<double>(made_ * 7919 % 100) / 100.0);
        operation.start_us = now.wall_us - static_cast<std::int64_t>(operation.duration_ms * 1'000);
        operation.end_us = now.wall_us;
        operation.statement = sample.statement;
        operation.service = "shop-api";
        operation.user = "app";
        operation.database = "shop";
        operation.success = !failed;
        operation.outcome = failed ? "failure" : "success";
        if (failed) {
            operation.sqlstate = "23505";
            operation.error = "duplicate key value violates unique constraint \"orders_pkey\"";
        } else if (operation.type == "query") {
            operation.rows_returned = made_ % 20;
        } else if (operation.type != "transaction") {
            operation.affected_rows = 1;
        }
        return operation;
    }

    static void account(ws::Activity& activity,
                        const std::vector<model::DatabaseOperation>& batch) {
        for (const auto& operation : batch) {
            ++activity.statements_total;
            if (!operation.success) ++activity.errors_total;
            activity.statement_seconds_total += operation.duration_ms / 1'000;
        }
        activity.clients = 12;
        activity.clients_waiting = 0;
        activity.max_clients = 10'000;
        activity.servers = 6;
        activity.servers_active = 3;
        activity.pool_size = 10;
        activity.pool_mode = "transaction";
    }

    void stream() {
        std::unique_lock lock(mutex_);
        for (int tick = 1;
             !stop_.wait_for(lock, std::chrono::milliseconds(100), [this] { return stopped_; });
             ++tick) {
            publish_locked(3 + static_cast<std::size_t>(tick * 7919 % 5), false);
            if (tick % 13 == 0) publish_locked(1, true);
        }
    }

    HarnessBackend& backend_;
    ws::HttpServer& server_;
    base::SystemEntropy entropy_;
    base::UuidSource ids_{entropy_};
    std::size_t made_ = 0;
    std::mutex mutex_;
    std::condition_variable stop_;
    bool stopped_ = false;
    std::thread stream_;
};

}  // namespace pgsidecar::tests
