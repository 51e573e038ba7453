#include "app/application.hpp"

#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/signal_set.hpp>
#include <asio/steady_timer.hpp>
#include <atomic>
#include <csignal>

#include "app/admin_desk.hpp"
#include "app/certificate_watch.hpp"
#include "app/change_desk.hpp"
#include "app/cli/exit_codes.hpp"
#include "app/cli/version.hpp"
#include "app/departure.hpp"
#include "app/edge_backend.hpp"
#include "app/handover.hpp"
#include "app/health_reporter.hpp"
#include "app/operation_feed.hpp"
#include "app/outage_desk.hpp"
#include "app/page_desk.hpp"
#include "app/plane_options.hpp"
#include "app/process_setup.hpp"
#include "app/reloader.hpp"
#include "app/user_desk.hpp"
#include "base/ids.hpp"
#include "base/log.hpp"
#include "config/upstream.hpp"
#include "db/libpq_adapter.hpp"
#include "db/mock_adapter.hpp"
#include "health/supervisor.hpp"
#include "metrics/process_counters.hpp"
#include "metrics/registry.hpp"
#include "proxy/io/data_plane.hpp"
#include "proxy/mock/mock_upstream.hpp"
#include "ws/server.hpp"

namespace pgsidecar::app {

namespace log = base::log;

struct Application::Impl final : proxy::DataPlaneEvents {
    Impl(config::LoadInput input, config::LoadResult loaded)
        : settings(std::make_shared<const config::Settings>(loaded.settings)),
          warnings(loaded.warnings),
          reloader(std::move(input), std::move(loaded), counters,
                   [this](const config::LoadResult& next) { return take_over(next); }),
          console(control),
          page_desk(control),
          departure(control),
          hangups(control),
          certificates(control),
          feed_timer(control),
          connection_id(base::UuidSource(entropy).next(base::read_clocks().wall_us).to_string()) {}

    /// Whoever calls the others goes before them, also when the start has failed half-way: the
    /// workers call nearly everything, the spool's thread what the outage desk has.
    ~Impl() {
        finishing = true;
        if (plane) plane->stop();
        if (server) server->stop(std::chrono::milliseconds(0));
        if (outage) outage->close();
    }
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    // DataPlaneEvents, on worker threads
    void on_upstream_lost(const model::ErrorInfo& error) override {
        supervisor->report_loss(error);
    }
    void on_upstream_connected() override { supervisor->report_connected(); }
    void on_spool(int worker, std::uint64_t token, model::SpoolEntry entry) override {
        outage->append(worker, token, std::move(entry));
    }
    void on_records_due() override {
        if (records_due.exchange(true)) return;
        asio::post(control, [this] {
            records_due = false;
            if (!finishing) feed->collect();
        });
    }
    void on_look_up(int worker, const std::string& user) override { users->look_up(worker, user); }
    void on_learned(const model::LearnedServer& learned) override { outage->remember(learned); }
    void on_console(int worker, std::uint64_t token, proxy::admin::Request request) override {
        console.ask(worker, token, std::move(request));
    }
    void on_console_cancelled(int worker, std::uint64_t token) override {
        console.cancel(worker, token);
    }
    void on_cancel_elsewhere(int worker, std::int32_t pid, std::uint32_t secret) override {
        if (plane) plane->cancel(worker, pid, secret);
        takeover.pass_on_cancel(pid, secret);
    }

    std::shared_ptr<const proxy::Options> make_options(std::string& problem);
    bool mock() const { return settings->database.mode == model::DatabaseMode::Mock; }
    bool make_parts();
    int start();
    std::string open_upgrade_socket();
    void on_hangup();
    Reloader::Report reload();
    /// Puts a reloaded configuration to use; a sentence when that is not possible.
    std::string take_over(const config::LoadResult& next);
    void publish_limits();
    Departure::Parts departure_parts();
    void finish();
    void collect_operations();
    void refresh_counters();

    base::SystemEntropy entropy;
    asio::io_context control{1};
    std::shared_ptr<metrics::ProcessCounters> counters =
        std::make_shared<metrics::ProcessCounters>();
    std::shared_ptr<const config::Settings> settings;  ///< control thread
    std::vector<config::Mistake> warnings;             ///< of the start
    Reloader reloader;
    AdminDesk console;
    PageDesk page_desk;
    HealthReporter reporter;
    Departure departure;
    asio::signal_set hangups;
    CertificateWatch certificates;
    asio::steady_timer feed_timer;
    std::string connection_id;
    config::Upstream upstream;
    EdgeBackend backend;
    std::shared_ptr<const proxy::Options> plane_options;
    std::unique_ptr<metrics::Registry> registry;
    std::unique_ptr<proxy::DataPlane> plane;
    std::unique_ptr<ws::HttpServer> server;
    std::unique_ptr<health::Supervisor> supervisor;
    std::unique_ptr<OperationFeed> feed;
    std::unique_ptr<UserDesk> users;
    std::unique_ptr<ChangeDesk> change_desk;
    std::unique_ptr<OutageDesk> outage;
    Takeover takeover;
    std::unique_ptr<HandoverServer> handover;
    bool finishing = false;
    std::atomic<bool> records_due{false};
};

std::shared_ptr<const proxy::Options> Application::Impl::make_options(std::string& problem) {
    proxy::UserFile user_file;
    auto options =
        app::plane_options({settings, upstream, connection_id, outage->progress(), plane_options},
                           entropy, user_file, problem);
    if (!options) return nullptr;
    // auth.query needs a restart; the one that runs may have lookups under way.
    if (!users)
        users = std::make_unique<UserDesk>(control, *settings, upstream, user_file, problem);
    return problem.empty() ? options : nullptr;
}

bool Application::Impl::make_parts() {
    auto found = mock() ? proxy::mock::upstream_of(*settings) : config::upstream_of(*settings);
    if (!found) {
        log::error("config", found.error().sentence);
        return false;
    }
    upstream = std::move(*found);
    for (const auto& [name, value] : upstream.ignored) {
        log::warn("config",
                  "the database address has a parameter that means nothing here and is ignored",
                  {{"name", name}});
    }
    OutageDesk::Parts outage_parts;
    outage_parts.settings = settings;
    outage_parts.upstream = upstream;
    outage_parts.sidecar = where_we_are();
    outage_parts.counters = counters;
    outage_parts.on_error = [this](const model::ErrorEvent& event) { reporter.on_error(event); };
    outage = std::make_unique<OutageDesk>(control, std::move(outage_parts));
    std::string problem;
    plane_options = make_options(problem);
    if (!plane_options) {
        log::error("config", problem);
        return false;
    }
    plane = std::make_unique<proxy::DataPlane>(plane_options, *this);
    outage->connect(*plane);
    certificates.connect(
        {plane.get(), counters, [this] { return settings->tls.check_interval_ms; }});
    server = std::make_unique<ws::HttpServer>(settings, backend, page_desk, entropy,
                                              std::string(version()));
    db::LibpqAdapter::Options adapter_options;
    adapter_options.connection_id = connection_id;
    adapter_options.mode = settings->database.mode;
    std::unique_ptr<db::DatabaseAdapter> adapter;
    if (mock()) {
        log::warn("app", model::kMockModeWarning);
        adapter = std::make_unique<db::MockAdapter>(connection_id);
    } else {
        adapter =
            std::make_unique<db::LibpqAdapter>(control.get_executor(), upstream, adapter_options);
    }
    supervisor =
        std::make_unique<health::Supervisor>(control, settings, std::move(adapter), reporter);
    metrics::Registry::Identity identity{std::string(version()), {}, where_of(upstream)};
    registry = std::make_unique<metrics::Registry>(identity, counters);
    OperationFeed::Limits kept{static_cast<std::size_t>(settings->audit.recent_operations),
                               static_cast<std::size_t>(settings->audit.top_statements),
                               std::chrono::milliseconds(settings->audit.batch_interval_ms)};
    feed = std::make_unique<OperationFeed>(*plane, *server, *outage, kept);
    change_desk = std::make_unique<ChangeDesk>(
        control, ChangeDesk::Parts{settings, upstream, server.get(), feed.get(), counters});
    reporter.connect({plane.get(), outage.get(), change_desk.get(), server.get(), counters});
    EdgeBackend::Parts parts{
        settings, plane.get(), supervisor.get(), registry.get(), feed.get(), outage.get(), [this] {
            refresh_counters();
        }};
    backend.connect(std::move(parts));
    console.start({plane.get(), outage.get(), feed.get(), supervisor.get(), &reloader, upstream,
                   "pgsidecar " + std::string(version())});
    page_desk.connect({plane.get(), outage.get(), feed.get(), supervisor.get(), &reloader,
                       server.get(), [this] { return reload(); }, counters, upstream,
                       std::string(version())});
    return true;
}

void Application::Impl::refresh_counters() {
    outage->refresh_counters();
    change_desk->refresh_counters();
    page_desk.refresh_counters();
}

void Application::Impl::publish_limits() {
    counters->client_connections_max.set(settings->listen.max_clients);
    counters->server_connections_max.set(settings->database.pool_size);
}

std::string Application::Impl::take_over(const config::LoadResult& next) {
    auto before = std::exchange(settings, std::make_shared<const config::Settings>(next.settings));
    std::string problem;
    auto made = make_options(problem);
    if (!made) {
        settings = std::move(before);
        return problem;
    }
    plane_options = std::move(made);
    plane->reload(plane_options);
    outage->reload(*settings);
    supervisor->reload(*settings);
    server->reload(settings);
    backend.reload(settings);
    configure_log(settings->log);
    publish_limits();
    return {};
}

Reloader::Report Application::Impl::reload() {
    Reloader::Report report = reloader.reload();
    certificates.look();
    return report;
}

void Application::Impl::on_hangup() {
    hangups.async_wait([this](const asio::error_code& error, int) {
        if (error || finishing) return;
        reload();
        on_hangup();
    });
}

void Application::Impl::collect_operations() {
    feed_timer.expires_after(feed->interval());
    feed_timer.async_wait([this](const asio::error_code& error) {
        if (error || finishing) return;
        feed->collect();
        page_desk.tick();
        collect_operations();
    });
}

int Application::Impl::start() {
    publish_limits();
    counters->last_reload_ok.set(1);
    counters->last_reload_success_us.set(base::read_clocks().wall_us);
    base::ListeningSockets sockets;
    if (std::string problem = inherited_sockets(settings->upgrade, takeover, sockets);
        !problem.empty()) {
        log::error("upgrade", problem);
        return kExitUnavailable;
    }
    if (std::string problem = plane->start(sockets); !problem.empty()) {
        log::error("proxy", problem);
        return kExitUnavailable;
    }
    for (auto& shard : plane->shards()) registry->add_worker(shard);
    outage->start();
    users->start(*plane);
    ws::StartReport report = server->start(sockets);
    base::close_sockets(sockets);  // those that nothing here listens on any more
    if (!report.ok()) {
        log::error("http", report.error);
        return kExitUnavailable;
    }
    page_desk.listens(report.port, report.probes_port);
    change_desk->start();
    supervisor->start();
    collect_operations();
    certificates.look();
    backend.set_started();
    log::info("app", "pgsidecar is listening",
              {{"version", version()},
               {"address", settings->listen.address},
               {"port", plane->port()},
               {"http_address", settings->http.address},
               {"http_port", report.port},
               {"database", config::masked(upstream)}});
    if (std::string problem = open_upgrade_socket(); !problem.empty()) {
        log::error("upgrade", problem);
        // After a takeover the clients are ours, and nobody else's any more.
        if (!takeover.in_progress()) return kExitUnavailable;
    }
    return kExitOk;
}

std::string Application::Impl::open_upgrade_socket() {
    const auto& upgrade = settings->upgrade;
    if (takeover.in_progress()) {
        auto patience = std::chrono::milliseconds(upgrade.timeout_ms);
        if (std::string problem = takeover.ready(patience); !problem.empty())
            log::warn("upgrade", problem);
        plane->own_sockets();
    }
    if (upgrade.socket.empty()) return {};
    HandoverServer::Parts parts;
    parts.path = upgrade.socket;
    parts.patience = std::chrono::milliseconds(upgrade.timeout_ms);
    parts.sockets = [this] {
        base::ListeningSockets lent;
        plane->lend_sockets(lent);
        server->lend_sockets(lent);
        return lent;
    };
    parts.on_taken = [this] {
        backend.set_draining();
        plane->stop_listening();
        server->stop_listening();
        departure.taken_over();
    };
    parts.on_cancel = [this](std::int32_t pid, std::uint32_t key) {
        plane->cancel(-1, pid, key);
        takeover.pass_on_cancel(pid, key);
    };
    handover = std::make_unique<HandoverServer>(control, std::move(parts));
    return handover->start();
}

Departure::Parts Application::Impl::departure_parts() {
    Departure::Parts parts;
    parts.plane = plane.get();
    parts.settings = [this]() -> const config::Settings& { return *settings; };
    parts.on_signal = [this] {
        if (handover) handover->stop();
    };
    parts.on_drain = [this] { backend.set_draining(); };
    parts.finish = [this] { finish(); };
    return parts;
}

void Application::Impl::finish() {
    if (finishing) return;
    finishing = true;
    console.stop();
    page_desk.stop();
    departure.stop_waiting();
    if (handover) handover->stop();
    if (std::size_t left = plane->clients(); left > 0) {
        log::warn("app", "clients are cut off", {{"clients", left}});
    }
    certificates.stop();
    plane->stop();
    feed_timer.cancel();
    feed->collect();
    users->stop();
    auto end = [this] {
        server->stop(std::chrono::milliseconds(2'000));
        departure.stop_signals();
        hangups.cancel();
        control.stop();
    };
    auto stop_supervisor = [this, end] { supervisor->stop(end); };
    outage->stop([this, stop_supervisor] { change_desk->stop(stop_supervisor); });
}

Application::Application(config::LoadInput input, config::LoadResult loaded)
    : impl_(std::make_unique<Impl>(std::move(input), std::move(loaded))) {}

Application::~Application() = default;

int Application::run() {
    configure_log(impl_->settings->log);
    std::signal(SIGPIPE, SIG_IGN);
    raise_open_file_limit();
    for (const auto& warning : impl_->warnings) {
        log::warn("config", warning.sentence, {{"source", warning.source}});
    }
    if (!impl_->make_parts()) return kExitConfig;
    impl_->hangups.add(SIGHUP);
    impl_->departure.start(impl_->departure_parts());
    impl_->on_hangup();
    if (int code = impl_->start(); code != kExitOk) return code;
    impl_->control.run();
    log::info("app", "pgsidecar has stopped");
    return kExitOk;
}

}  // namespace pgsidecar::app
