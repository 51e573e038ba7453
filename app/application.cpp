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

#include "app/change_desk.hpp"
#include "app/cli/exit_codes.hpp"
#include "app/cli/version.hpp"
#include "app/edge_backend.hpp"
#include "app/operation_feed.hpp"
#include "app/outage_desk.hpp"
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
    explicit Impl(config::LoadResult given)
        : loaded(std::move(given)),
          settings(std::make_shared<const config::Settings>(loaded.settings)),
          signals(control),
          drain_timer(control),
          feed_timer(control),
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
    void on_learned(const model::LearnedServer& learned) override { outage->remember(learned); }
    void on_cancel_elsewhere(int worker, std::int32_t pid, std::uint32_t secret) override {
        if (plane) plane->cancel(worker, pid, secret);
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
    void wait_for_clients(std::int64_t give_up_ns);
    void finish();
    void collect_operations();
    void refresh_counters();

    config::LoadResult loaded;
    std::shared_ptr<const config::Settings> settings;
    base::SystemEntropy entropy;
    asio::io_context control{1};
    asio::signal_set signals;
    asio::steady_timer drain_timer, feed_timer;
    std::string connection_id;
    config::Upstream upstream;
    EdgeBackend backend;
    std::shared_ptr<metrics::ProcessCounters> counters =
        std::make_shared<metrics::ProcessCounters>();
    std::unique_ptr<metrics::Registry> registry;
    std::unique_ptr<proxy::DataPlane> plane;
    std::unique_ptr<ws::HttpServer> server;
    std::unique_ptr<health::Supervisor> supervisor;
    std::unique_ptr<OperationFeed> feed;
    std::unique_ptr<ChangeDesk> change_desk;
    std::unique_ptr<OutageDesk> outage;  ///< goes first: its spool still calls the others
    int signals_seen = 0;
    bool finishing = false;
    std::atomic<bool> records_due{false};
};

std::shared_ptr<const proxy::Options> Application::Impl::make_options(std::string& problem) {
    auto options = std::make_shared<proxy::Options>();
    options->settings = settings;
    options->upstream = upstream;
    options->connection_id = connection_id;
    options->progress = outage->progress();
    auto policy = std::make_shared<model::OutagePolicy>();
    problem = model::OutagePolicy::parse(settings->outage.policy, *policy);
    if (!problem.empty()) return nullptr;
    options->policy = std::move(policy);
    proxy::UserFile users;
    if (!settings->auth.user_file.empty()) {
        std::ifstream file(settings->auth.user_file);
        if (!file) {
            problem = "auth.user_file " + settings->auth.user_file + " cannot be read.";
            return nullptr;
        }
        std::stringstream text;
        text << file.rdbuf();
        std::vector<proxy::UserFile::Problem> mistakes;
        users = proxy::UserFile::parse(text.str(), mistakes);
        if (!mistakes.empty()) {
            problem = settings->auth.user_file + ":" + std::to_string(mistakes[0].line) + ": " +
                      mistakes[0].message + ".";
            return nullptr;
        }
    }
    std::vector<std::string> bad_secrets;
    options->credentials =
        proxy::Credentials::build(upstream.user, upstream.password, users, entropy, bad_secrets);
    if (!bad_secrets.empty()) {
        problem = "auth.user_file: " + bad_secrets[0];
        return nullptr;
    }
    if (mock()) options->mock_tables = std::make_shared<proxy::mock::TableBook>();
    if (mock() && upstream.user.empty()) options->credentials.accept_anybody();
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
    auto options = make_options(problem);
    if (!options) {
        log::error("config", problem);
        return false;
    }
    plane = std::make_unique<proxy::DataPlane>(options, *this);
    server = std::make_unique<ws::HttpServer>(settings, backend, entropy, std::string(version()));
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
    feed = std::make_unique<OperationFeed>(
        *plane, *server, *outage, static_cast<std::size_t>(settings->audit.recent_operations),
        std::chrono::milliseconds(settings->audit.batch_interval_ms));
    change_desk = std::make_unique<ChangeDesk>(
        control, ChangeDesk::Parts{settings, upstream, server.get(), feed.get(), counters});
    EdgeBackend::Parts parts{
        settings, plane.get(), supervisor.get(), registry.get(), feed.get(), outage.get(), [this] {
            refresh_counters();
        }};
    backend.connect(std::move(parts));
    return true;
}

void Application::Impl::refresh_counters() {
    outage->refresh_counters();
    change_desk->refresh_counters();
    counters->client_connections_max.set(settings->listen.max_clients);
    counters->server_connections_max.set(settings->database.pool_size);
}

void Application::Impl::collect_operations() {
    feed_timer.expires_after(feed->interval());
    feed_timer.async_wait([this](const asio::error_code& error) {
        if (error || finishing) return;
        feed->collect();
        collect_operations();
    });
}

int Application::Impl::start() {
    counters->last_reload_ok.set(1);
    counters->last_reload_success_us.set(base::read_clocks().wall_us);
    if (std::string problem = plane->start(); !problem.empty()) {
        log::error("proxy", problem);
        return kExitUnavailable;
    }
    for (auto& shard : plane->shards()) registry->add_worker(shard);
    outage->start(*plane);
    ws::StartReport report = server->start();
    if (!report.ok()) {
        log::error("http", report.error);
        return kExitUnavailable;
    }
    change_desk->start();
    supervisor->start();
    collect_operations();
    backend.set_started();
    log::info("app", "pgsidecar is listening",
              {{"version", version()},
               {"address", settings->listen.address},
               {"port", plane->port()},
               {"http_address", settings->http.address},
               {"http_port", report.port},
               {"database", config::masked(upstream)}});
    return kExitOk;
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
        backend.set_draining();
        plane->drain();
        wait_for_clients(base::read_clocks().mono_ns +
                         settings->shutdown.client_wait_ms * std::int64_t{1'000'000});
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
    drain_timer.cancel();
    if (std::size_t left = plane->clients(); left > 0) {
        log::warn("app", "clients are cut off", {{"clients", left}});
    }
    plane->stop();
    feed_timer.cancel();
    feed->collect();
    auto end = [this] {
        server->stop(std::chrono::milliseconds(2'000));
        signals.cancel();
        control.stop();
    };
    auto stop_supervisor = [this, end] { supervisor->stop(end); };
    outage->stop([this, stop_supervisor] { change_desk->stop(stop_supervisor); });
}

Application::Application(config::LoadResult loaded)
    : impl_(std::make_unique<Impl>(std::move(loaded))) {}

Application::~Application() = default;

int Application::run() {
    configure_log(impl_->settings->log);
    std::signal(SIGPIPE, SIG_IGN);
    raise_open_file_limit();
    for (const auto& warning : impl_->loaded.warnings) {
        log::warn("config", warning.sentence, {{"source", warning.source}});
    }
    if (!impl_->make_parts()) return kExitConfig;
    impl_->signals.add(SIGTERM);
    impl_->signals.add(SIGINT);
    impl_->on_signal();
    if (int code = impl_->start(); code != kExitOk) return code;
    impl_->control.run();
    log::info("app", "pgsidecar has stopped");
    return kExitOk;
}

}  // namespace pgsidecar::app
