#include "realtime/frames.hpp"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <memory>
#include <utility>

#include "base/clock.hpp"
#include "model/json_object.hpp"

namespace pgsidecar::realtime {
namespace {

using model::JsonObject;

Frame finish(JsonObject& message) { return std::make_shared<const std::string>(message.finish()); }

Frame sequenced(std::string_view type, std::string_view payload, Seq seq) {
    JsonObject message;
    message.add("type", type).add_raw("payload", payload);
    if (seq != 0) message.add("seq", seq);
    return finish(message);
}

std::string reconnect_json(const ClientPolicy& policy) {
    JsonObject out;
    out.add("baseMs", policy.reconnect_base_ms)
        .add("factor", policy.reconnect_factor)
        .add("maxMs", policy.reconnect_max_ms)
        .add("jitter", policy.reconnect_jitter)
        .add("maxAttempts", policy.reconnect_max_attempts);
    return out.finish();
}

std::string identity_json(const Identity& identity) {
    JsonObject out;
    if (!identity.subject.empty()) out.add("subject", identity.subject);
    if (!identity.role.empty()) out.add("role", identity.role);
    out.add_raw("scopes", json_strings(identity.scopes));
    if (identity.expires_us) out.add("expiresAt", base::to_iso8601(*identity.expires_us));
    return out.finish();
}

Frame in_channel(std::string_view type, std::string_view channel, std::string_view payload) {
    JsonObject message;
    message.add("type", type).add("channel", channel).add_raw("payload", payload);
    return finish(message);
}

Frame reply(std::string_view id, JsonObject& payload) {
    JsonObject message;
    message.add("type", "reply").add("id", id).add_raw("payload", payload.finish());
    return finish(message);
}

}  // namespace

Frame status_frame(const model::StatusEvent& event, Seq seq) {
    return sequenced("database:status", model::to_json(event), seq);
}

Frame error_frame(const model::ErrorEvent& event, Seq seq) {
    return sequenced("database:error", model::to_json(event), seq);
}

Frame health_frame(const model::HealthEvent& event) {
    return sequenced("database:health", model::to_json(event), 0);
}

Frame operation_frame(const model::DatabaseOperation& operation, std::uint64_t skipped) {
    JsonObject message;
    message.add("type", "operation")
        .add("channel", kOperationsChannel)
        .add_raw("payload", model::to_json(operation));
    if (skipped != 0) message.add("skipped", skipped);
    return finish(message);
}

Frame ready_frame(const SessionReady& ready) {
    JsonObject payload;
    payload.add("version", 1)
        .add("server", ready.server)
        .add("sessionId", ready.session_id)
        .add("epoch", ready.epoch)
        .add("head", ready.head)
        .add("floor", ready.floor)
        .add_raw("features", json_strings(ready.features))
        .add("changeSource", ready.change_source)
        .add_raw("limits", limits_json(ready))
        .add_raw("timing", timing_json(ready))
        .add_raw("reconnect", reconnect_json(ready.policy))
        .add_raw("auth", identity_json(ready.identity));
    JsonObject message;
    message.add("type", "session:ready").add_raw("payload", payload.finish());
    return finish(message);
}

Frame warning_frame(std::string_view code, std::string_view text, std::int64_t wall_us) {
    JsonObject payload;
    payload.add("code", code).add("message", text).add("timestamp", base::to_iso8601(wall_us));
    return sequenced("system:warning", payload.finish(), 0);
}

Frame reply_frame(std::string_view id, std::string_view result_json) {
    JsonObject payload;
    payload.add("ok", true).add_raw("result", result_json);
    return reply(id, payload);
}

Frame refusal_frame(std::string_view id, const RequestError& error) {
    JsonObject detail;
    detail.add("code", error.code).add("message", error.message);
    if (error.retry_after_ms) detail.add("retryAfterMs", *error.retry_after_ms);
    JsonObject payload;
    payload.add("ok", false).add_raw("error", detail.finish());
    return reply(id, payload);
}

Frame pong_frame(std::string_view t_json, std::int64_t server_time_ms) {
    JsonObject payload;
    payload.add_raw("t", t_json).add("serverTime", server_time_ms);
    return sequenced("pong", payload.finish(), 0);
}

Frame bye_frame(const Close& close) {
    JsonObject payload;
    payload.add("code", static_cast<std::uint32_t>(close.code))
        .add("reason", close.reason)
        .add("reconnect", close.reconnect);
    if (close.retry_after_ms) payload.add("retryAfterMs", *close.retry_after_ms);
    return sequenced("bye", payload.finish(), 0);
}

Frame event_frame(std::string_view channel, std::string_view action, std::string_view element,
                  std::int64_t at_us, Seq seq) {
    JsonObject payload;
    payload.add("action", action).add_raw("element", element).add("at", base::to_iso8601(at_us));
    JsonObject message;
    message.add("type", "event")
        .add("channel", channel)
        .add_raw("payload", payload.finish())
        .add("seq", seq);
    return finish(message);
}

Frame broadcast_frame(std::string_view channel, const BroadcastText& text, Seq seq) {
    JsonObject payload;
    payload.add("event", text.event);
    if (!text.data.empty()) payload.add_raw("data", text.data);
    if (!text.from.empty()) payload.add("from", text.from);
    if (!text.message_id.empty()) payload.add("messageId", text.message_id);
    JsonObject message;
    message.add("type", "broadcast").add("channel", channel).add_raw("payload", payload.finish());
    if (seq != 0) message.add("seq", seq);
    return finish(message);
}

Frame presence_state_frame(std::string_view channel, std::string_view state_json) {
    JsonObject payload;
    payload.add_raw("state", state_json);
    return in_channel("presence:state", channel, payload.finish());
}

Frame presence_diff_frame(std::string_view channel, std::string_view diff_json) {
    return in_channel(kPresenceDiff, channel, diff_json);
}

Frame gap_frame(const StreamGap& gap) {
    JsonObject payload;
    payload.add("reason", gap.reason)
        .add("epoch", gap.epoch)
        .add("from", gap.from)
        .add("to", gap.to);
    if (!gap.channels.empty()) payload.add_raw("channels", json_strings(gap.channels));
    return sequenced("stream:gap", payload.finish(), 0);
}

Frame auth_expiring_frame(std::int64_t expires_us) {
    JsonObject payload;
    payload.add("expiresAt", base::to_iso8601(expires_us));
    return sequenced("auth:expiring", payload.finish(), 0);
}

Frame as_replay(const Frame& frame) {
    std::string text(*frame, 0, frame->size() - 1);
    return std::make_shared<const std::string>(text + ",\"replay\":true}");
}

std::string json_strings(const std::vector<std::string>& texts) {
    rapidjson::StringBuffer buffer;
    rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
    writer.StartArray();
    for (const std::string& text : texts) {
        std::string valid = model::valid_utf8(text);
        writer.String(valid.data(), static_cast<rapidjson::SizeType>(valid.size()));
    }
    writer.EndArray();
    return {buffer.GetString(), buffer.GetSize()};
}

std::string limits_json(const SessionReady& ready) {
    JsonObject out;
    out.add("maxMessageBytes", ready.max_message_bytes)
        .add("maxSubscriptions", ready.max_subscriptions)
        .add("queueBytes", ready.queue_bytes)
        .add("maxChanges", ready.max_changes)
        .add("publishPerSecond", ready.publish_per_second)
        .add("operationsPerSecond", ready.operation_frames_per_second);
    return out.finish();
}

std::string timing_json(const SessionReady& ready) {
    JsonObject out;
    out.add("pingIntervalMs", ready.ping_interval_ms)
        .add("pongTimeoutMs", ready.policy.pong_timeout_ms)
        .add("staleAfterMs", ready.policy.stale_after_ms)
        .add("healthIntervalMs", ready.health_interval_ms);
    return out.finish();
}

}  // namespace pgsidecar::realtime
