#pragma once

#include <algorithm>
#include <atomic>
#include <cmath>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "ws/desk.hpp"

namespace pgsidecar::tests {

/// The app's desk, played by a test: a process that has run for a while, with sessions, queued
/// writes and dead letters that its commands and orders change. Thread: any.
class HarnessDesk final : public ws::Desk {
public:
    enum class Answer { Good, Unavailable, Never };

    HarnessDesk() : top_(100, base::read_clocks().wall_us - kHistorySeconds * 1'000'000) {
        set_sessions(12);
        set_queue(3, 2);
        call("SELECT id, status, total FROM orders WHERE customer_id = $1", "web", 412, 0.8);
        call("INSERT INTO audit_logs (actor, action, at) VALUES ($1, $2, now())", "worker", 180,
             1.3);
        call("UPDATE positions SET quantity = quantity - $1 WHERE id = $2", "web", 77, 2.1);
    }

    // What the commands change.
    std::atomic<Answer> answer{Answer::Good};
    std::atomic<double> statements_per_second{120};
    std::atomic<bool> healthy{true};
    std::atomic<bool> reload_fails{false};
    std::atomic<int> kills{0}, retries{0}, discards{0}, reloads{0};

    /// Every third is pinned, every fourth waits.
    void set_sessions(int count) {
        std::lock_guard lock(mutex_);
        sessions_.clear();
        for (int i = 1; i <= count; ++i) sessions_.push_back(session(i));
    }
    void set_queue(std::uint64_t waiting, std::uint64_t dead) {
        std::lock_guard lock(mutex_);
        entries_.clear();
        dead_.clear();
        for (std::uint64_t i = 0; i < dead; ++i) dead_.push_back(entry(next_sequence_++, true));
        for (std::uint64_t i = 0; i < waiting; ++i)
            entries_.push_back(entry(next_sequence_++, false));
    }
    /// Calls of a statement, for the list of the top ones.
    void call(const std::string& text, const std::string& service, int calls, double each_ms) {
        auto* shape = new model::StatementShape;
        shape->text = text;
        shape->fingerprint = std::hash<std::string>()(text);
        shape->kind = text.starts_with("SELECT")   ? model::StatementKind::Select
                      : text.starts_with("INSERT") ? model::StatementKind::Insert
                                                   : model::StatementKind::Update;
        auto* source = new model::OperationSource;
        source->service = service;
        model::OperationRecord record;
        record.shape = model::StatementShapePtr(shape);
        record.source = model::OperationSourcePtr(source);
        record.start_us = base::read_clocks().wall_us;
        record.rows_returned = 1;
        std::vector<model::OperationRecord> batch;
        for (int i = 0; i < calls; ++i) {
            record.duration_ns = static_cast<std::int64_t>(each_ms * 1e6 * (0.5 + i % 10 * 0.1));
            batch.push_back(record);
        }
        top_.add(batch);
    }

    ws::HistoryPage history(std::int64_t after_ms) const override {
        const std::int64_t now_s = base::read_clocks().wall_us / 1'000'000;
        ws::HistoryPage page;
        page.seconds = kHistorySeconds;
        page.started_ms = started_s_ * 1'000;
        std::lock_guard lock(mutex_);
        for (std::int64_t at_s = std::max(started_s_, now_s - kHistorySeconds) + 1; at_s <= now_s;
             ++at_s) {
            if (at_s * 1'000 > after_ms) page.samples.push_back(sample(at_s));
        }
        return page;
    }
    ws::TopPage top(metrics::TopOrder order, std::size_t limit) const override {
        return {top_.find(order, limit), 0};
    }
    void sessions(ws::DeskDone<std::vector<ws::SessionRow>> done) override {
        give(done, [this] { return sessions_; });
    }
    void kill(std::int64_t id, ws::DeskDone<std::monostate> done) override {
        kills.fetch_add(1);
        give(done, [this, id]() -> ws::DeskAnswer<std::monostate> {
            if (std::erase_if(sessions_, [&](const auto& row) { return row.id == id; }) > 0)
                return std::monostate{};
            return missing("No client has that id.");
        });
    }
    void pools(ws::DeskDone<ws::PoolsPage> done) override {
        give(done, [this] {
            ws::PoolRow pool{.database = "shop", .user = "app", .state = "ready"};
            pool.clients = static_cast<std::int64_t>(sessions_.size());
            pool.servers_active = 3;
            pool.servers_idle = 2;
            pool.size = 20;
            return ws::PoolsPage{"auto", {pool}};
        });
    }
    void queue(const ws::QueueQuery& query, ws::DeskDone<ws::QueuePage> done) override {
        give(done, [this, query] {
            ws::QueuePage page;
            page.enabled = true;
            page.waiting = entries_.size();
            page.dead = dead_.size();
            page.bytes = 256 * entries_.size();
            page.applied_total = 120;
            if (!entries_.empty()) page.oldest_us = entries_.front().accepted_at_us;
            if (query.waiting) page.more_entries = cut(entries_, query, page.entries);
            if (query.dead) page.more_dead_letters = cut(dead_, query, page.dead_letters);
            return page;
        });
    }
    void order(const ws::DeadOrder& order, ws::DeskDone<ws::DeadReport> done) override {
        const bool retry = order.verb == ws::DeadOrder::Verb::Retry;
        (retry ? retries : discards).fetch_add(1);
        give(done, [this, order, retry]() -> ws::DeskAnswer<ws::DeadReport> {
            ws::DeadReport report;
            std::erase_if(dead_, [&](const ws::QueueRow& row) {
                if (order.sequence != 0 && row.sequence != order.sequence) return false;
                ++report.done;
                if (retry) entries_.push_back(entry(next_sequence_++, false));
                return true;
            });
            if (report.done == 0 && order.sequence != 0)
                return missing("That dead letter is not there.");
            report.remaining = dead_.size();
            return report;
        });
    }
    void configuration(ws::DeskDone<ws::ConfigPage> done) override {
        give(done, [this] {
            ws::ConfigPage page;
            page.version = "0.1.0";
            page.pool_mode = "auto";
            page.upstream = "postgres://app:***@db:5432/shop";
            page.upstream_tls = "prefer";
            page.started_us = started_s_ * 1'000'000;
            page.last_reload_ok = !reload_fails;
            page.last_reload_us = page.started_us;
            page.listeners = {{"postgresql", "127.0.0.1", 6432, {}},
                              {"http", "127.0.0.1", 6480, {}}};
            page.settings = {{"pool.mode", "auto", "auto", "default", false},
                             {"log.level", "info", "info", "default", true},
                             {"http.token", "***", "", "environment", false}};
            return page;
        });
    }
    void reload(ws::DeskDone<ws::ReloadPage> done) override {
        reloads.fetch_add(1);
        give(done, [this]() -> ws::DeskAnswer<ws::ReloadPage> {
            if (reload_fails) {
                return ws::DeskFault{ws::DeskFault::Kind::BadConfiguration,
                                     "The configuration was not reloaded; the old one stays in "
                                     "use. sidecar.toml:3: log.level must be one of its words."};
            }
            return ws::ReloadPage{{"log.level"}, {}, {}};
        });
    }

private:
    static constexpr std::int64_t kHistorySeconds = 900;

    template <class T, class Make>
    void give(const ws::DeskDone<T>& done, Make make) {
        if (answer == Answer::Never) return;
        if (answer == Answer::Unavailable)
            return done(ws::DeskFault{ws::DeskFault::Kind::Unavailable, "It is not there."});
        std::unique_lock lock(mutex_);
        ws::DeskAnswer<T> made = make();
        lock.unlock();
        done(std::move(made));
    }
    static ws::DeskFault missing(const char* message) {
        return {ws::DeskFault::Kind::NotFound, message};
    }
    static bool cut(const std::vector<ws::QueueRow>& rows, const ws::QueueQuery& query,
                    std::vector<ws::QueueRow>& out) {
        for (const auto& row : rows) {
            if (row.sequence <= query.after) continue;
            if (out.size() == query.limit) return true;
            out.push_back(row);
        }
        return false;
    }
    /// Depends on the second alone, so that what was shown once stays.
    metrics::ActivitySample sample(std::int64_t at_s) const {
        const double wave = 1 + 0.3 * std::sin(static_cast<double>(at_s) / 20);
        metrics::ActivitySample out;
        out.at_ms = at_s * 1'000;
        out.statements_per_second = statements_per_second * wave;
        out.failed_per_second = at_s % 60 == 0 ? 2 : 0;
        out.p50_ms = 0.4 * wave;
        out.p99_ms = 3.2 * wave;
        out.pool_wait_p99_ms = 0.2;
        out.pool_wait_share = 0.03;
        out.clients = static_cast<std::int64_t>(sessions_.size());
        out.clients_waiting = out.clients / 4;
        out.servers_in_use = 3;
        out.servers_open = 5;
        if (healthy) out.levels.health_latency_ms = 1.8;
        out.levels.connected = healthy;
        out.levels.queue_entries = entries_.size();
        if (!entries_.empty()) out.levels.queue_oldest_age_ms = 2'300;
        out.levels.feed_clients = 1;
        return out;
    }
    ws::SessionRow session(int number) const {
        const std::int64_t now_us = base::read_clocks().wall_us;
        ws::SessionRow row;
        row.id = number;
        row.user = "app";
        row.database = "shop";
        row.application = number % 2 == 0 ? "worker" : "web";
        row.state = "idle";
        row.transaction = "none";
        row.connected_at_us = now_us - number * std::int64_t{7'000'000};
        row.address = "127.0.0.1";
        row.port = 50'000 + number;
        if (number % 3 == 0) {
            row.state = "active";
            row.transaction = number % 2 == 0 ? "open" : "failed";
            row.server_pid = 4'000 + number;
            row.pin_reasons = {"temp_table"};
        } else if (number % 4 == 0) {
            row.state = "waiting";
            row.waiting_since_us = now_us - number * std::int64_t{100'000};
        }
        return row;
    }
    ws::QueueRow entry(std::uint64_t sequence, bool dead) const {
        const std::int64_t now_us = base::read_clocks().wall_us;
        ws::QueueRow row;
        row.sequence = sequence;
        row.bytes = 256;
        row.accepted_at_us = now_us - 60'000'000;
        row.policy = "durable";
        row.verb = "insert";
        row.tables = {"public.orders"};
        row.user = "app";
        row.database = "shop";
        row.application = "web";
        row.statements = 1;
        row.rows = 1;
        if (dead) {
            row.death = ws::QueueRow::Death{
                "23505", "duplicate key value violates unique constraint \"orders_pkey\"",
                now_us - 30'000'000};
        }
        return row;
    }

    const std::int64_t started_s_ = base::read_clocks().wall_us / 1'000'000 - kHistorySeconds;
    metrics::TopStatements top_;
    mutable std::mutex mutex_;
    std::vector<ws::SessionRow> sessions_;
    std::vector<ws::QueueRow> entries_, dead_;
    std::uint64_t next_sequence_ = 1;
};

}  // namespace pgsidecar::tests
