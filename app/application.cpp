#include "app/application.hpp"

#include <sys/resource.h>
#include <unistd.h>
#include <array>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/signal_set.hpp>
#include <asio/steady_timer.hpp>
#include <atomic>
#include <csignal>
#include <fstream>
#include <optional>
#include <sstream>

#include "app/admin_desk.hpp"
#include "app/change_desk.hpp"
#include "app/cli/exit_codes.hpp"
#include "app/cli/version.hpp"
#include "app/edge_backend.hpp"
#include "app/handover.hpp"
#include "app/operation_feed.hpp"
#include "app/outage_desk.hpp"
#include "app/page_desk.hpp"
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
#include "proxy/mock/table_book.hpp"
#include "ws/server.hpp"

namespace pgsidecar::app {

namespace {

namespace log = base::log;

void raise_open_file_limit() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

void configure_log(const config::Settings::Log& settings) {
    log::configure(
        static_cast<log::Level>(settings.level),
        settings.format == config::LogFormat::Text ? log::Format::Text : log::Format::Json);
}

/// For pgsidecar.ledger: which process this is.
std::string where_we_are() {
    std::array<char, 256> name{};
    gethostname(name.data(), name.size() - 1);
    return std::string(name.data()) + "/" + std::to_string(getpid());
}

std::string where_of(const config::Upstream& upstream) {
    if (upstream.hosts.empty()) return {};
    const config::HostPort& host = upstream.hosts.front();
    return host.is_unix_socket() ? host.host : host.host + ":" + std::to_string(host.port);
}

}  // namespace

struct Application::Impl final : proxy::DataPlaneEvents, health::Listener {
    Impl(config::LoadInput input, config::LoadResult loaded)
        : settings(std::make_shared<const config::Settings>(loaded.settings)),
          warnings(loaded.warnings),
          reloader(std::move(input), std::move(loaded), counters,
                   [this](const config::LoadResult& next) { return take_over(next); }),
          console(control),
          page_desk(control),
          signals(control),
          hangups(control),
          drain_timer(control),
          feed_timer(control),
          certificate_timer(control),
          connection_id(base::UuidSource(entropy).next(base::read_clocks().wall_us).to_string()) {}

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

    // health::Listener, on the control thread
    void on_status(const model::StatusEvent& given) override {
        model::StatusEvent event = given;
        if (std::uint64_t waiting = outage->status().waiting; waiting > 0)
            event.queued = static_cast<std::int64_t>(waiting);
        counters->upstream_state_changes.add();
        if (event.status == model::ConnectionStatus::Connecting && event.attempt.value_or(0) > 0) {
            counters->reconnect_attempts.add();
        }
        counters->up.set(event.status == model::ConnectionStatus::Connected ? 1 : 0);
        log::info(
            "health", "database status",
            {{"status", model::to_string(event.status)}, {"message", event.message.value_or("")}});
        server->publish_status(event);
    }
    void on_error(const model::ErrorEvent& event) override {
        log::warn("health", "database error",
                  {{"operation", event.operation},
                   {"error", event.error},
                   {"message", event.message},
                   {"next_step", event.resolution.value_or("")}});
        server->publish_error(event);
    }
    void on_health(const model::HealthEvent& event) override {
        if (event.healthy) {
            counters->health_checks_ok.add();
            counters->upstream_last_success_us.set(event.timestamp_us);
            counters->health_check_latency_ns.set(
                static_cast<std::int64_t>(event.latency_ms * 1e6));
        } else {
            counters->health_checks_failed.add();
        }
        server->publish_health(event);
    }
    void on_upstream(const health::UpstreamSnapshot& snapshot) override {
        snapshot.usable ? plane->upstream_usable() : plane->upstream_gone();
        outage->set_usable(snapshot.usable);
        change_desk->set_usable(snapshot.usable);
    }
    void on_flush(std::function<void()> done) override { outage->flush_now(std::move(done)); }

    std::shared_ptr<const proxy::Options> make_options(std::string& problem);
    bool mock() const { return settings->database.mode == model::DatabaseMode::Mock; }
    bool make_parts();
    int start();
    void on_signal();
    std::string take_sockets(base::ListeningSockets& sockets);
    std::string open_upgrade_socket();
    void on_taken();
    void wait_for_upgrade(std::int64_t give_up_ns, int empty_looks);
    void drain();
    void on_hangup();
    Reloader::Report reload();
    /// Puts a reloaded configuration to use; a sentence when that is not possible.
    std::string take_over(const config::LoadResult& next);
    void publish_limits();
    void wait_for_clients(std::int64_t give_up_ns);
    void finish();
    void collect_operations();
    /// Changed certificate files are taken for new connections; now and from time to time.
    void watch_certificates();
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
    asio::signal_set signals, hangups;
    asio::steady_timer drain_timer, feed_timer, certificate_timer;
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
    std::unique_ptr<OutageDesk> outage;  ///< goes first: its spool still calls the others
    Takeover takeover;
    std::unique_ptr<HandoverServer> handover;
    int signals_seen = 0;
    bool drains = false;
    bool finishing = false;
    std::atomic<bool> records_due{false};
};

std::shared_ptr<const proxy::Options> Application::Impl::make_options(std::string& problem) {
    auto options = std::make_shared<proxy::Options>();
    options->settings = settings;
    options->upstream = upstream;
    options->connection_id = connection_id;
    options->progress = outage->progress();
    // Sessions have their seats in it.
    if (plane_options) options->census = plane_options->census;
    auto policy = std::make_shared<model::OutagePolicy>();
    problem = model::OutagePolicy::parse(settings->outage.policy, *policy);
    if (!problem.empty()) return nullptr;
    options->policy = std::move(policy);
    proxy::UserFile user_file;
    if (!settings->auth.user_file.empty()) {
        std::ifstream file(settings->auth.user_file);
        if (!file) {
            problem = "auth.user_file " + settings->auth.user_file + " cannot be read.";
            return nullptr;
        }
        std::stringstream text;
        text << file.rdbuf();
        std::vector<proxy::UserFile::Problem> mistakes;
        user_file = proxy::UserFile::parse(text.str(), mistakes);
        if (!mistakes.empty()) {
            problem = settings->auth.user_file + ":" + std::to_string(mistakes[0].line) + ": " +
                      mistakes[0].message + ".";
            return nullptr;
        }
    }
    std::vector<std::string> bad_secrets;
    options->credentials =
        proxy::Credentials::build(upstream.user, upstream.password, user_file, entropy, bad_secrets,
                                  static_cast<std::uint32_t>(settings->auth.scram_iterations));
    if (!bad_secrets.empty()) {
        problem = "auth.user_file: " + bad_secrets[0];
        return nullptr;
    }
    // auth.query needs a restart; the one that runs may have lookups under way.
    if (!users)
        users = std::make_unique<UserDesk>(control, *settings, upstream, user_file, problem);
    if (!problem.empty()) return nullptr;
    if (mock()) options->mock_tables = std::make_shared<proxy::mock::TableBook>();
    options->version = version();
    if (mock() && upstream.user.empty()) options->credentials.accept_anybody();
    if (plane_options) {  // of before a reload
        options->mock_tables = plane_options->mock_tables;
        options->credentials.keep_from(plane_options->credentials);
    }
    return options;
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
    outage_parts.on_error = [this](const model::ErrorEvent& event) { on_error(event); };
    outage = std::make_unique<OutageDesk>(control, std::move(outage_parts));
    std::string problem;
    plane_options = make_options(problem);
    if (!plane_options) {
        log::error("config", problem);
        return false;
    }
    plane = std::make_unique<proxy::DataPlane>(plane_options, *this);
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
    supervisor = std::make_unique<health::Supervisor>(control, settings, std::move(adapter), *this);
    metrics::Registry::Identity identity{std::string(version()), {}, where_of(upstream)};
    registry = std::make_unique<metrics::Registry>(identity, counters);
    OperationFeed::Limits kept{static_cast<std::size_t>(settings->audit.recent_operations),
                               static_cast<std::size_t>(settings->audit.top_statements),
                               std::chrono::milliseconds(settings->audit.batch_interval_ms)};
    feed = std::make_unique<OperationFeed>(*plane, *server, *outage, kept);
    change_desk = std::make_unique<ChangeDesk>(
        control, ChangeDesk::Parts{settings, upstream, server.get(), feed.get(), counters});
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
    watch_certificates();
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

void Application::Impl::watch_certificates() {
    proxy::CertificateReport report = plane->look_at_certificates();
    counters->certificate_reloads_ok.add(static_cast<std::uint64_t>(report.renewed));
    counters->certificate_reloads_failed.add(static_cast<std::uint64_t>(report.failed));
    counters->client_certificate_expires_us.set(report.client_expires_us);
    counters->server_certificate_expires_us.set(report.server_expires_us);
    certificate_timer.expires_after(std::chrono::milliseconds(settings->tls.check_interval_ms));
    certificate_timer.async_wait([this](const asio::error_code& error) {
        if (!error && !finishing) watch_certificates();
    });
}

int Application::Impl::start() {
    publish_limits();
    counters->last_reload_ok.set(1);
    counters->last_reload_success_us.set(base::read_clocks().wall_us);
    base::ListeningSockets sockets;
    if (std::string problem = take_sockets(sockets); !problem.empty()) {
        log::error("upgrade", problem);
        return kExitUnavailable;
    }
    if (std::string problem = plane->start(sockets); !problem.empty()) {
        log::error("proxy", problem);
        return kExitUnavailable;
    }
    for (auto& shard : plane->shards()) registry->add_worker(shard);
    outage->start(*plane);
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
    watch_certificates();
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

std::string Application::Impl::take_sockets(base::ListeningSockets& sockets) {
    sockets = sockets_of_systemd();
    const auto& upgrade = settings->upgrade;
    if (!upgrade.takeover) return {};
    base::close_sockets(sockets);
    auto patience = std::chrono::milliseconds(upgrade.timeout_ms);
    if (std::string problem = takeover.ask(upgrade.socket, patience, sockets); !problem.empty())
        return problem;
    if (!takeover.in_progress())
        log::info("upgrade", "there is no process to take over from; this one listens anew",
                  {{"socket", upgrade.socket}});
    return {};
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
    parts.on_taken = [this] { on_taken(); };
    parts.on_cancel = [this](std::int32_t pid, std::uint32_t key) {
        plane->cancel(-1, pid, key);
        takeover.pass_on_cancel(pid, key);
    };
    handover = std::make_unique<HandoverServer>(control, std::move(parts));
    return handover->start();
}

void Application::Impl::on_taken() {
    log::info(
        "upgrade",
        "a new process has taken over: it gets the new clients, those that are here go on",
        {{"clients", plane->clients()}, {"client_wait_ms", settings->upgrade.client_wait_ms}});
    backend.set_draining();
    plane->stop_listening();
    server->stop_listening();
    wait_for_upgrade(
        base::read_clocks().mono_ns + settings->upgrade.client_wait_ms * std::int64_t{1'000'000},
        0);
}

void Application::Impl::wait_for_upgrade(std::int64_t give_up_ns, int empty_looks) {
    // A client may have been accepted and not yet counted: none must be seen several times.
    constexpr int kSureAfter = 5;
    drain_timer.expires_after(std::chrono::milliseconds(20));
    drain_timer.async_wait([this, give_up_ns, empty_looks](const asio::error_code& error) {
        if (error || drains) return;
        int looks = plane->clients() == 0 ? empty_looks + 1 : 0;
        if (looks >= kSureAfter) return finish();
        if (base::read_clocks().mono_ns >= give_up_ns) return drain();
        wait_for_upgrade(give_up_ns, looks);
    });
}

void Application::Impl::drain() {
    drains = true;
    backend.set_draining();
    plane->drain();
    wait_for_clients(base::read_clocks().mono_ns +
                     settings->shutdown.client_wait_ms * std::int64_t{1'000'000});
}

void Application::Impl::on_signal() {
    signals.async_wait([this](const asio::error_code& error, int number) {
        if (error) return;
        if (++signals_seen > 1) return finish();
        log::info(
            "app",
            "stopping: no new clients; those that are connected may finish their transactions",
            {{"signal", number == SIGTERM ? "SIGTERM" : "SIGINT"},
             {"clients", plane->clients()},
             {"client_wait_ms", settings->shutdown.client_wait_ms}});
        if (handover) handover->stop();
        if (!drains) drain();
        on_signal();
    });
}

void Application::Impl::wait_for_clients(std::int64_t give_up_ns) {
    drain_timer.expires_after(std::chrono::milliseconds(20));
    drain_timer.async_wait([this, give_up_ns](const asio::error_code& error) {
        if (error) return;
        if (plane->clients() == 0 || base::read_clocks().mono_ns >= give_up_ns) return finish();
        wait_for_clients(give_up_ns);
    });
}

void Application::Impl::finish() {
    if (finishing) return;
    finishing = true;
    console.stop();
    page_desk.stop();
    drain_timer.cancel();
    if (handover) handover->stop();
    if (std::size_t left = plane->clients(); left > 0) {
        log::warn("app", "clients are cut off", {{"clients", left}});
    }
    certificate_timer.cancel();
    plane->stop();
    feed_timer.cancel();
    feed->collect();
    users->stop();
    auto end = [this] {
        server->stop(std::chrono::milliseconds(2'000));
        signals.cancel();
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
    impl_->signals.add(SIGTERM);
    impl_->signals.add(SIGINT);
    impl_->hangups.add(SIGHUP);
    impl_->on_signal();
    impl_->on_hangup();
    if (int code = impl_->start(); code != kExitOk) return code;
    impl_->control.run();
    log::info("app", "pgsidecar has stopped");
    return kExitOk;
}

}  // namespace pgsidecar::app
