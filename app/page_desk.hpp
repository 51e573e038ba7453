#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "app/operation_feed.hpp"
#include "app/outage_desk.hpp"
#include "app/reloader.hpp"
#include "config/upstream.hpp"
#include "health/supervisor.hpp"
#include "metrics/activity_history.hpp"
#include "metrics/process_counters.hpp"
#include "proxy/io/data_plane.hpp"
#include "ws/desk.hpp"

namespace asio {
class io_context;
}

namespace pgsidecar::app {

/// What the HTTP API shows of the process and orders in it; keeps the history of the charts.
///
/// Thread: the functions of ws::Desk on the HTTP thread, all else on the control thread, which also
/// does the work. Lifetime: longer than the HTTP server and the data plane's workers.
class PageDesk final : public ws::Desk {
public:
    struct Parts {
        proxy::DataPlane* plane = nullptr;
        OutageDesk* outage = nullptr;
        OperationFeed* feed = nullptr;
        health::Supervisor* supervisor = nullptr;
        const Reloader* reloader = nullptr;
        ws::HttpServer* server = nullptr;
        std::function<Reloader::Report()> reload;  ///< as at SIGHUP
        std::shared_ptr<metrics::ProcessCounters> counters;
        config::Upstream upstream;
        std::string version;
    };

    explicit PageDesk(asio::io_context& control);
    ~PageDesk() override;

    /// Before the HTTP server starts.
    void connect(Parts parts);
    void listens(int http_port, int probes_port);
    /// Takes a sample when it is time.
    void tick();
    /// Before a scrape. Thread: any.
    void refresh_counters() const;
    /// Nothing is ordered any more.
    void stop() { stopped_ = true; }

    ws::HistoryPage history(std::int64_t after_ms) const override;
    ws::TopPage top(metrics::TopOrder order, std::size_t limit) const override;
    void sessions(ws::DeskDone<std::vector<ws::SessionRow>> done) override;
    void kill(std::int64_t session, ws::DeskDone<std::monostate> done) override;
    void pools(ws::DeskDone<ws::PoolsPage> done) override;
    void queue(const ws::QueueQuery& query, ws::DeskDone<ws::QueuePage> done) override;
    void order(const ws::DeadOrder& order, ws::DeskDone<ws::DeadReport> done) override;
    void configuration(ws::DeskDone<ws::ConfigPage> done) override;
    void reload(ws::DeskDone<ws::ReloadPage> done) override;

private:
    using Facts = proxy::DataPlane::Facts;

    /// Runs work on the control thread, or refuses when the process is stopping.
    template <class T, class Work>
    void on_control(ws::DeskDone<T> done, Work work);
    void gather(proxy::admin::Detail detail, std::function<void(const Facts&)> then);
    ws::QueuePage queue_counts() const;
    ws::ConfigPage config_page() const;
    void order_one(const ws::DeadOrder& order, ws::DeskDone<ws::DeadReport> done);
    void order_all(const ws::DeadOrder& order, ws::DeskDone<ws::DeadReport> done);
    /// Logs and counts.
    void note(const char* command, std::uint64_t subject, bool done) const;

    asio::io_context& control_;
    Parts parts_;
    std::unique_ptr<metrics::ActivityHistory> history_;
    std::int64_t started_us_ = 0;
    int http_port_ = 0, probes_port_ = 0;
    bool stopped_ = false;
};

}  // namespace pgsidecar::app
