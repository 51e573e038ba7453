#include "app/change_desk.hpp"

#include <array>
#include <asio/io_context.hpp>
#include <string>
#include <utility>

namespace pgsidecar::app {
namespace {

/// Batches that the HTTP thread may have waiting before reading pauses.
constexpr int kMaxBacklog = 8;

/// Brings a count that another part keeps up to date; called for one scrape at a time, on the HTTP
/// thread.
void raise_to(metrics::SharedCounter& counter, std::uint64_t total) {
    if (total > counter.get()) counter.add(total - counter.get());
}

void set(metrics::SharedGauge& gauge, std::uint64_t value) {
    gauge.set(static_cast<std::int64_t>(value));
}

void refresh_sockets(const ws::ServerStats& stats, metrics::ProcessCounters& counters) {
    counters.ws_clients.set(stats.sockets);
    raise_to(counters.ws_connections, stats.sockets_total);
    raise_to(counters.ws_messages_in, stats.messages_received);
    raise_to(counters.ws_messages_out, stats.frames_sent);
    using Reason = metrics::WsDropReason;
    auto dropped = [&](Reason reason) -> metrics::SharedCounter& {
        return counters.ws_dropped[static_cast<std::size_t>(reason)];
    };
    raise_to(dropped(Reason::SlowClient), stats.closed_slow);
    raise_to(dropped(Reason::QueueFull), stats.frames_replaced);
    raise_to(dropped(Reason::SourceFull), stats.publications_dropped);
    for (std::size_t i = 0; i < stats.refused.size(); ++i) {
        set(counters.ws_refused[i], stats.refused[i]);
    }
    const std::array closes{stats.closed_too_big, stats.closed_malformed, stats.closed_unauthorized,
                            stats.closed_silent,  stats.closed_flooding,  stats.closed_slow};
    for (std::size_t i = 0; i < closes.size(); ++i) set(counters.ws_closed[i], closes[i]);
    set(counters.http_refused, stats.requests_refused);
}

}  // namespace

ChangeDesk::ChangeDesk(asio::io_context& control, Parts parts) : parts_(std::move(parts)) {
    const auto& settings = *parts_.settings;
    using Source = config::ChangeSource;
    const bool mock = settings.database.mode == model::DatabaseMode::Mock;
    const Source source = settings.changes.source;
    if (mock || source == Source::Off || source == Source::Proxy || parts_.upstream.user.empty())
        return;
    changes::EventBroadcaster::Options options;
    options.upstream = parts_.upstream;
    options.tls_required = settings.database.mode == model::DatabaseMode::Supabase;
    options.changes = settings.changes;
    options.linger_ms = settings.feed.replay_max_age_ms;
    changes::EventBroadcaster::Hooks hooks;
    hooks.wanted = [server = parts_.server] { return server->wants_changes(); };
    hooks.has_room = [server = parts_.server] { return server->feed_backlog() < kMaxBacklog; };
    hooks.on_source = [this](const changes::SourceReport& report) { in_use(report); };
    hooks.on_lost = [this](std::string_view reason) {
        parts_.server->lose_change_source(std::string(reason));
    };
    broadcaster_ = std::make_unique<changes::EventBroadcaster>(
        control.get_executor(), std::move(options), std::move(hooks));
    broadcaster_->add_listener(
        [server = parts_.server](const auto& events) { server->publish_feed(events); });
}

ChangeDesk::~ChangeDesk() = default;

void ChangeDesk::start() {
    if (broadcaster_) return broadcaster_->start();
    const bool off = parts_.settings->changes.source == config::ChangeSource::Off;
    in_use({off ? model::ChangeOrigin::None : model::ChangeOrigin::Proxy, !off, {}});
}

void ChangeDesk::set_usable(bool usable) {
    if (broadcaster_) broadcaster_->set_usable(usable);
}

void ChangeDesk::stop(std::function<void()> done) {
    if (broadcaster_) return broadcaster_->stop(std::move(done));
    done();
}

void ChangeDesk::in_use(const changes::SourceReport& report) {
    using Origin = model::ChangeOrigin;
    parts_.feed->report_writes(report.origin == Origin::Proxy);
    realtime::SourceState state;
    state.origin = report.origin;
    state.live = report.live;
    state.sees_rows = report.origin == Origin::Poll || report.origin == Origin::Notify;
    state.guarded_tables = report.guarded_tables;
    parts_.server->set_change_source(std::move(state));
    parts_.counters->changes_source.set(static_cast<std::int64_t>(report.origin));
    parts_.counters->changes_live.set(report.live ? 1 : 0);
}

void ChangeDesk::refresh_counters() const {
    metrics::ProcessCounters& counters = *parts_.counters;
    const ws::ServerStats stats = parts_.server->stats();
    refresh_sockets(stats, counters);
    set(counters.feed_events, stats.feed_events);
    set(counters.feed_rejected, stats.feed_rejected);
    set(counters.feed_broadcasts, stats.broadcasts);
    set(counters.feed_replayed, stats.replayed);
    set(counters.feed_gaps, stats.gaps);
    set(counters.feed_subscriptions, stats.subscriptions);
    set(counters.feed_replay_messages, stats.kept_messages);
    set(counters.feed_replay_bytes, stats.kept_bytes);
    if (!broadcaster_) return;
    const auto counts = broadcaster_->counts();
    set(counters.changes_polls, counts.polls);
    set(counters.changes_failures, counts.failures);
    set(counters.changes_notifications, counts.notifications);
    set(counters.changes_bad_notifications, counts.bad_notifications);
}

}  // namespace pgsidecar::app
