#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "ws/desk.hpp"

namespace pgsidecar::ws {

/// A desk that gives what the test has put on it, at once; with fault set, that in place of it.
class FakeDesk final : public Desk {
public:
    HistoryPage history(std::int64_t after_ms) const override {
        HistoryPage page = history_page;
        std::erase_if(page.samples, [&](const auto& sample) { return sample.at_ms <= after_ms; });
        return page;
    }
    TopPage top(metrics::TopOrder order, std::size_t limit) const override {
        asked_order = order;
        asked_limit = limit;
        return top_page;
    }
    void sessions(DeskDone<std::vector<SessionRow>> done) override { give(done, session_rows); }
    void kill(std::int64_t session, DeskDone<std::monostate> done) override {
        killed.push_back(session);
        give(done, std::monostate{});
    }
    void pools(DeskDone<PoolsPage> done) override { give(done, pools_page); }
    void queue(const QueueQuery& query, DeskDone<QueuePage> done) override {
        asked_queue = query;
        give(done, queue_page);
    }
    void order(const DeadOrder& order, DeskDone<DeadReport> done) override {
        orders.push_back(order);
        give(done, DeadReport{1, 2, 3});
    }
    void configuration(DeskDone<ConfigPage> done) override { give(done, config_page); }
    void reload(DeskDone<ReloadPage> done) override {
        ++reloads;
        give(done, ReloadPage{{"log.level"}, {"listen.port"}, {"careful"}});
    }

    std::optional<DeskFault> fault;
    HistoryPage history_page;
    TopPage top_page;
    std::vector<SessionRow> session_rows;
    PoolsPage pools_page;
    QueuePage queue_page;
    ConfigPage config_page;

    mutable std::optional<metrics::TopOrder> asked_order;
    mutable std::size_t asked_limit = 0;
    std::optional<QueueQuery> asked_queue;
    std::vector<std::int64_t> killed;
    std::vector<DeadOrder> orders;
    int reloads = 0;

private:
    template <class T>
    void give(const DeskDone<T>& done, T page) {
        if (fault) return done(*fault);
        done(std::move(page));
    }
};

}  // namespace pgsidecar::ws
