#include "ws/server.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <atomic>
#include <future>
#include <optional>
#include <thread>
#include <utility>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "config/file_reader.hpp"
#include "realtime/token_authenticator.hpp"
#include "ws/backend_commands.hpp"
#include "ws/listener.hpp"
#include "ws/patient_desk.hpp"
#include "ws/server_state.hpp"

namespace pgsidecar::ws {
namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;

constexpr milliseconds kTick{200};
constexpr int kMaxWaitingBatches = 16;
constexpr std::int64_t kFilesNs = 5'000'000'000;

std::optional<std::string> read_text(const std::string& path) {
    auto text = config::read_file(path);
    if (!text) return std::nullopt;
    return std::move(*text);
}

BackendCommands::Patience patience(const config::Settings& settings) {
    return {milliseconds(settings.health.timeout_ms) + milliseconds(2'000),
            milliseconds(settings.pool.connect_timeout_ms) + milliseconds(5'000)};
}

}  // namespace

struct HttpServer::Impl {
    Impl(std::shared_ptr<const config::Settings> all, Backend& backend, Desk& orders,
         base::Entropy& entropy, std::string version)
        : settings(std::move(all)),
          started(base::read_clocks()),
          hub(realtime::hub_options(*settings), entropy, started),
          authenticator(*settings, read_text),
          commands(context, backend, patience(*settings)),
          desk(context, orders, milliseconds(settings->http.answer_timeout_ms)),
          gate(hub, commands),
          session_options(std::make_shared<const realtime::SessionOptions>(
              realtime::session_options(*settings, "pgsidecar/" + version))),
          router({settings, backend, desk, hub, gate, authenticator, session_options,
                  started.wall_us}),
          ids(entropy),
          state{context,         settings, hub,      gate, authenticator, router,
                session_options, ids,      counters, {},   false},
          ticker(context) {}

    std::string bind(base::ListeningSockets& inherited);
    void run();
    void tick();
    void read_files(base::Now now);
    void begin_stop();
    void end_when_empty();
    template <class Work>
    void post(Work item) {
        asio::post(context, std::move(item));
    }

    std::shared_ptr<const config::Settings> settings;
    base::Now started;
    // Before the context: handlers that die with it still hold sessions, which leave the hub, and
    // counted slots.
    realtime::Hub hub;
    realtime::TokenAuthenticator authenticator;
    Counters counters;
    asio::io_context context{1};
    BackendCommands commands;
    PatientDesk desk;
    realtime::CommandGate gate;
    std::shared_ptr<const realtime::SessionOptions> session_options;
    Router router;
    base::UuidSource ids;
    ServerState state;
    std::shared_ptr<Listener> admin, probes;
    asio::steady_timer ticker;
    std::optional<asio::executor_work_guard<asio::io_context::executor_type>> work;
    std::thread thread;
    std::promise<void> emptied;
    bool is_empty = false;
    std::atomic<int> waiting_batches{0}, waiting_feed{0};
    std::int64_t files_read_ns = 0;
    std::string told_problem;
};

std::string HttpServer::Impl::bind(base::ListeningSockets& inherited) {
    const auto& http = settings->http;
    if (!authenticator.problem().empty()) return authenticator.problem();
    if (!is_loopback_address(http.address) && !authenticator.needs_token()) {
        return "Cannot listen for HTTP on " + http.address +
               " without a token: everybody who reaches it could see statements and reconnect the "
               "database. Set "
               "http.token, or http.address to 127.0.0.1.";
    }
    admin = std::make_shared<Listener>(state, Edge::Admin);
    int fd = base::taken_if_port(std::exchange(inherited.http, -1), http.port);
    std::string error;
    if (fd < 0 || !admin->adopt(fd)) error = admin->bind(http.address, http.port, "http");
    if (!error.empty()) return error;
    if (http.probes_address.empty()) return {};
    probes = std::make_shared<Listener>(state, Edge::Probes);
    fd = base::taken_if_port(std::exchange(inherited.probes, -1), http.probes_port);
    if (fd >= 0 && probes->adopt(fd)) return {};
    return probes->bind(http.probes_address, http.probes_port, "http.probes");
}

void HttpServer::Impl::run() {
    for (;;) {
        try {
            context.run();
            return;
        } catch (const std::exception& fault) {
            // A bug or no memory: the one handler is lost, the others go on.
            base::log::error("http", "a handler failed", {{"error", fault.what()}});
        }
    }
}

void HttpServer::Impl::tick() {
    ticker.expires_after(kTick);
    ticker.async_wait([this](boost::system::error_code fault) {
        if (fault) return;
        base::Now now = base::read_clocks();
        hub.tick(now);
        read_files(now);
        auto live = state.live;  // a tick may end a connection
        for (const auto& connection : live) connection->tick(now);
        if (state.stopping) return end_when_empty();
        tick();
    });
}

void HttpServer::Impl::read_files(base::Now now) {
    if (now.mono_ns - files_read_ns < kFilesNs) return;
    files_read_ns = now.mono_ns;
    auto problem = authenticator.refresh();
    if (problem && *problem != told_problem) {
        base::log::warn("http", "tokens or keys could not be read again; the old ones stay in use",
                        {{"problem", *problem}});
    }
    told_problem = problem.value_or("");
}

void HttpServer::Impl::begin_stop() {
    state.stopping = true;
    admin->stop();
    if (probes) probes->stop();
    auto live = state.live;
    for (const auto& connection : live) connection->stop();
    end_when_empty();
}

void HttpServer::Impl::end_when_empty() {
    if (!state.live.empty()) return tick();
    if (!std::exchange(is_empty, true)) emptied.set_value();
}

HttpServer::HttpServer(std::shared_ptr<const config::Settings> settings, Backend& backend,
                       Desk& desk, base::Entropy& entropy, std::string version)
    : impl_(std::make_unique<Impl>(std::move(settings), backend, desk, entropy,
                                   std::move(version))) {}

HttpServer::~HttpServer() { stop(milliseconds(0)); }

StartReport HttpServer::start(base::ListeningSockets& inherited) {
    StartReport report;
    report.error = impl_->bind(inherited);
    if (!report.ok()) return report;
    report.port = impl_->admin->port();
    if (impl_->probes) report.probes_port = impl_->probes->port();
    impl_->work.emplace(impl_->context.get_executor());
    impl_->admin->start();
    if (impl_->probes) impl_->probes->start();
    impl_->tick();
    impl_->thread = std::thread([impl = impl_.get()] { impl->run(); });
    return report;
}

void HttpServer::lend_sockets(base::ListeningSockets& sockets) {
    sockets.http = impl_->admin->fd();
    sockets.probes = impl_->probes ? impl_->probes->fd() : -1;
}

void HttpServer::stop_listening() {
    impl_->post([impl = impl_.get()] {
        impl->admin->stop();
        if (impl->probes) impl->probes->stop();
    });
}

void HttpServer::stop(milliseconds limit) {
    if (!impl_->thread.joinable()) return;
    auto emptied = impl_->emptied.get_future();
    impl_->post([impl = impl_.get()] { impl->begin_stop(); });
    if (limit.count() > 0) emptied.wait_for(limit);
    impl_->post([impl = impl_.get()] {
        auto live = impl->state.live;
        for (const auto& connection : live) connection->abort();
        impl->ticker.cancel();
        impl->work.reset();
        impl->context.stop();
    });
    impl_->thread.join();
    impl_->context.restart();
    impl_->context.poll();  // lets what was cancelled end while everything is still there
}

void HttpServer::reload(std::shared_ptr<const config::Settings> settings) {
    impl_->post([impl = impl_.get(), settings = std::move(settings)] {
        impl->state.settings = settings;
        impl->router.set_max_rows(static_cast<std::size_t>(std::max(settings->http.max_rows, 1)));
    });
}

void HttpServer::publish_status(model::StatusEvent event) {
    impl_->post(
        [impl = impl_.get(), event = std::move(event)] { impl->hub.publish_status(event); });
}

void HttpServer::publish_error(model::ErrorEvent event) {
    impl_->post([impl = impl_.get(), event = std::move(event)] { impl->hub.publish_error(event); });
}

void HttpServer::publish_health(model::HealthEvent event) {
    impl_->post(
        [impl = impl_.get(), event = std::move(event)] { impl->hub.publish_health(event); });
}

void HttpServer::publish_operations(std::vector<model::DatabaseOperation> batch) {
    if (impl_->waiting_batches.fetch_add(1, std::memory_order_relaxed) >= kMaxWaitingBatches) {
        impl_->waiting_batches.fetch_sub(1, std::memory_order_relaxed);
        impl_->counters.publications_dropped.fetch_add(1, std::memory_order_relaxed);
        return;
    }
    impl_->post([impl = impl_.get(), batch = std::move(batch)] {
        impl->waiting_batches.fetch_sub(1, std::memory_order_relaxed);
        impl->hub.publish_operations(batch, base::read_clocks().mono_ns);
    });
}

bool HttpServer::wants_operations() const { return impl_->hub.wants_operations(); }

void HttpServer::publish_feed(std::vector<model::FeedEvent> batch) {
    impl_->waiting_feed.fetch_add(1, std::memory_order_relaxed);
    impl_->post([impl = impl_.get(), batch = std::move(batch)] {
        impl->waiting_feed.fetch_sub(1, std::memory_order_relaxed);
        for (const model::FeedEvent& event : batch) impl->hub.publish_event(event);
    });
}

int HttpServer::feed_backlog() const { return impl_->waiting_feed.load(std::memory_order_relaxed); }

bool HttpServer::wants_changes() const { return impl_->hub.wants_changes(); }

void HttpServer::set_change_source(realtime::SourceState state) {
    impl_->post([impl = impl_.get(), state = std::move(state)]() mutable {
        impl->hub.set_source(std::move(state));
    });
}

void HttpServer::lose_change_source(std::string reason) {
    impl_->post(
        [impl = impl_.get(), reason = std::move(reason)] { impl->hub.lose_source(reason); });
}

ServerStats HttpServer::stats() const {
    const Counters& c = impl_->counters;
    auto get = [](const auto& counter) { return counter.load(std::memory_order_relaxed); };
    ServerStats out{get(c.connections),      get(c.sockets),          get(c.connections_refused),
                    get(c.requests),         get(c.requests_refused), get(c.messages_received),
                    get(c.frames_sent),      get(c.frames_replaced),  get(c.publications_dropped),
                    get(c.closed_malformed), get(c.closed_silent),    get(c.closed_slow),
                    get(c.closed_too_big)};
    out.closed_unauthorized = get(c.closed_unauthorized);
    out.closed_flooding = get(c.closed_flooding);
    out.sockets_total = get(c.sockets_total);
    const realtime::FeedCounters& feed = impl_->hub.counters();
    for (std::size_t i = 0; i < out.refused.size(); ++i) out.refused[i] = get(feed.refused[i]);
    out.feed_events = get(feed.events);
    out.feed_rejected = get(feed.rejected);
    out.broadcasts = get(feed.broadcasts);
    out.replayed = get(feed.replayed);
    out.gaps = get(feed.gaps);
    return out;
}

}  // namespace pgsidecar::ws
