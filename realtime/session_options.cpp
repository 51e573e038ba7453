#include "realtime/session_options.hpp"

#include <utility>

namespace pgsidecar::realtime {

SessionOptions session_options(const config::Settings& settings, std::string server) {
    const auto& http = settings.http;
    const auto& feed = settings.feed;
    SessionOptions out;
    out.ready.server = std::move(server);
    out.ready.features = {"operations", "events", "changes", "broadcast", "presence", "resume"};
    out.ready.max_message_bytes = http.max_message_bytes;
    out.ready.max_subscriptions = http.max_subscriptions;
    out.ready.queue_bytes = http.queue_hard_bytes;
    out.ready.operation_frames_per_second = http.operation_frames_per_second;
    out.ready.max_changes = feed.max_changes;
    out.ready.publish_per_second = feed.publish_per_second;
    out.ready.ping_interval_ms = http.ping_interval_ms;
    out.ready.health_interval_ms = settings.database.health_check_interval_ms;
    out.queue.soft_bytes = static_cast<std::size_t>(http.queue_soft_bytes);
    out.queue.hard_bytes = static_cast<std::size_t>(http.queue_hard_bytes);
    out.queue.max_frames = static_cast<std::size_t>(http.queue_max_frames);
    out.queue.slow_timeout_ms = http.queue_slow_timeout_ms;
    out.first_health_timeout_ms = settings.health.first_timeout_ms;
    out.ping_interval_ms = http.ping_interval_ms;
    out.silent_timeout_ms = http.silent_timeout_ms;
    out.auth_grace_ms = feed.auth_grace_ms;
    out.max_subscriptions = static_cast<std::size_t>(http.max_subscriptions);
    out.max_changes = static_cast<std::size_t>(feed.max_changes);
    out.max_presence_bytes = static_cast<std::size_t>(feed.max_presence_bytes);
    out.max_transaction_rows = static_cast<std::size_t>(settings.changes.max_transaction_rows);
    out.max_sockets_per_subject = feed.max_sockets_per_subject;
    out.filters.conditions = static_cast<std::size_t>(feed.max_filters);
    out.filters.values = static_cast<std::size_t>(feed.max_filter_values);
    out.publish_per_second = feed.publish_per_second;
    out.publish_burst = feed.publish_burst;
    out.subscribe_per_second = feed.subscribe_per_second;
    out.presence_calls = feed.presence_calls;
    out.presence_window_ms = feed.presence_window_ms;
    out.flood_close_ms = feed.flood_close_ms;
    out.health_to_all = feed.broadcast_health_on_demand == config::Toggle::On;
    return out;
}

}  // namespace pgsidecar::realtime
