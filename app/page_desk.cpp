#include "app/page_desk.hpp"

#include <algorithm>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <utility>

#include "app/kill_client.hpp"
#include "app/page_rows.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"
#include "config/settings_table.hpp"

namespace pgsidecar::app {

namespace log = base::log;

using Fault = ws::DeskFault::Kind;

namespace {

std::string shown(std::string_view key, const config::Settings& settings) {
    return config::shown_value(*config::find_setting(key), settings);
}

}  // namespace

PageDesk::PageDesk(asio::io_context& control) : control_(control) {}
PageDesk::~PageDesk() = default;

void PageDesk::connect(Parts parts) {
    parts_ = std::move(parts);
    const base::Now now = base::read_clocks();
    started_us_ = now.wall_us;
    const auto seconds = parts_.reloader->present().settings.http.history_seconds;
    history_ = std::make_unique<metrics::ActivityHistory>(
        static_cast<std::size_t>(std::max(seconds, 1)), now);
}

void PageDesk::listens(int http_port, int probes_port) {
    http_port_ = http_port;
    probes_port_ = probes_port;
}

void PageDesk::tick() {
    const base::Now now = base::read_clocks();
    if (!history_->due(now)) return;
    metrics::ActivityLevels levels;
    if (auto health = parts_.supervisor->last_health(); health && health->healthy)
        levels.health_latency_ms = health->latency_ms;
    levels.connected = parts_.supervisor->connection().status == model::ConnectionStatus::Connected;
    const audit::SpoolStats spool = parts_.outage->spool_stats();
    levels.queue_entries = spool.entries;
    if (spool.oldest_us > 0) {
        levels.queue_oldest_age_ms =
            static_cast<double>(std::max<std::int64_t>(now.wall_us - spool.oldest_us, 0) / 1'000);
    }
    levels.feed_clients = parts_.server->stats().sockets;
    history_->take(now, metrics::totals_of(parts_.plane->shards()), levels);
}

void PageDesk::refresh_counters() const {
    const auto& top = parts_.feed->top();
    parts_.counters->top_statements.set(static_cast<std::int64_t>(top.tracked()));
    parts_.counters->top_evicted.set(static_cast<std::int64_t>(top.evicted()));
}

void PageDesk::note(const char* command, std::uint64_t subject, bool done) const {
    (done ? parts_.counters->http_orders_done : parts_.counters->http_orders_refused).add();
    log::info("http", "order",
              {{"command", command}, {"subject", subject}, {"outcome", done ? "done" : "refused"}});
}

template <class T, class Work>
void PageDesk::on_control(ws::DeskDone<T> done, Work work) {
    asio::post(control_, [this, done = std::move(done), work = std::move(work)] {
        if (stopped_) return done(ws::DeskFault{Fault::Unavailable, "pgsidecar is shutting down."});
        work(done);
    });
}

void PageDesk::gather(proxy::admin::Detail detail, std::function<void(const Facts&)> then) {
    parts_.plane->gather(detail, [this, then = std::move(then)](Facts facts) {
        // The workers have better things to do than to make rows of it.
        asio::post(control_, [then, facts = std::move(facts)] { then(facts); });
    });
}

ws::HistoryPage PageDesk::history(std::int64_t after_ms) const {
    return {history_->started_ms(), history_->seconds(), history_->since(after_ms)};
}

ws::TopPage PageDesk::top(metrics::TopOrder order, std::size_t limit) const {
    parts_.feed->collect();
    ws::TopPage page{parts_.feed->top().find(order, limit), 0};
    for (const auto& shard : parts_.plane->shards())
        page.records_lost += shard->operations_lost.get();
    return page;
}

void PageDesk::sessions(ws::DeskDone<std::vector<ws::SessionRow>> done) {
    on_control(std::move(done), [this](const auto& answer) {
        gather(proxy::admin::Detail::Everything, [answer](const Facts& facts) {
            answer(session_rows(facts, base::read_clocks().wall_us));
        });
    });
}

void PageDesk::kill(std::int64_t session, ws::DeskDone<std::monostate> done) {
    on_control(std::move(done), [this, session](const auto& answer) {
        kill_client(*parts_.plane, session, [this, session, answer](bool found) {
            note("kill", static_cast<std::uint64_t>(session), found);
            if (found) return answer(std::monostate{});
            answer(ws::DeskFault{Fault::NotFound, "No client has the id " +
                                                      std::to_string(session) +
                                                      "; GET /api/sessions lists them."});
        });
    });
}

void PageDesk::pools(ws::DeskDone<ws::PoolsPage> done) {
    on_control(std::move(done), [this](const auto& answer) {
        gather(proxy::admin::Detail::Pools, [this, answer](const Facts& facts) {
            answer(ws::PoolsPage{shown("pool.mode", parts_.reloader->present().settings),
                                 pool_rows(facts)});
        });
    });
}

ws::ConfigPage PageDesk::config_page() const {
    const config::LoadResult& present = parts_.reloader->present();
    const config::Settings& settings = present.settings;
    ws::ConfigPage page;
    page.version = parts_.version;
    page.pool_mode = shown("pool.mode", settings);
    page.upstream = config::masked(parts_.upstream);
    page.upstream_tls = config::to_string(parts_.upstream.sslmode);
    page.started_us = started_us_;
    page.last_reload_ok = parts_.counters->last_reload_ok.get() != 0;
    page.last_reload_us = parts_.counters->last_reload_success_us.get();
    if (!settings.listen.address.empty()) {
        page.listeners.push_back(
            {"postgresql", settings.listen.address, parts_.plane->port(), client_tls(settings)});
    }
    if (!settings.listen.unix_socket_dir.empty()) {
        page.listeners.push_back(
            {"postgresql-unix", settings.listen.unix_socket_dir, settings.listen.port, {}});
    }
    page.listeners.push_back({"http", settings.http.address, http_port_, {}});
    if (!settings.http.probes_address.empty())
        page.listeners.push_back({"probes", settings.http.probes_address, probes_port_, {}});
    page.settings = setting_rows(present);
    return page;
}

void PageDesk::configuration(ws::DeskDone<ws::ConfigPage> done) {
    on_control(std::move(done), [this](const auto& answer) { answer(config_page()); });
}

void PageDesk::reload(ws::DeskDone<ws::ReloadPage> done) {
    on_control(std::move(done), [this](const auto& answer) {
        const Reloader::Report report = parts_.reload();
        note("reload", 0, report.ok());
        if (!report.ok()) {
            return answer(ws::DeskFault{Fault::BadConfiguration,
                                        "The configuration was not reloaded; the old one stays "
                                        "in use. " +
                                            report.problem});
        }
        answer(ws::ReloadPage{report.changed, report.needs_restart, report.warnings});
    });
}

}  // namespace pgsidecar::app
