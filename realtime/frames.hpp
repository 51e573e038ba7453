#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/database_operation.hpp"
#include "model/events.hpp"
#include "realtime/close.hpp"
#include "realtime/frame.hpp"
#include "realtime/identity.hpp"

namespace pgsidecar::realtime {

inline constexpr std::string_view kDatabaseChannel = "database";
inline constexpr std::string_view kOperationsChannel = "database:operations";

/// Merged news of who is in a room; its name is asked for by who hears it.
inline constexpr std::string_view kPresenceDiff = "presence:diff";

/// Why a request was refused (contract 5.11, request error codes).
struct RequestError {
    std::string code;
    std::string message;
    std::optional<std::int64_t> retry_after_ms = std::nullopt;
};

/// Why something was missed (contract 5.3, stream:gap).
struct StreamGap {
    std::string_view reason;
    std::string epoch;
    Seq from = 0, to = 0;
    std::vector<std::string> channels = {};  ///< empty: all
};

/// How the contract advises a client to reconnect and to watch the line (K1, R151, R171, R173). The
/// client does it, the server only says so in `session:ready`.
struct ClientPolicy {
    int pong_timeout_ms = 10'000;
    int stale_after_ms = 60'000;
    int reconnect_base_ms = 1'000;
    double reconnect_factor = 2;
    int reconnect_max_ms = 30'000;
    double reconnect_jitter = 0.2;
    int reconnect_max_attempts = 10;
};

/// Payload of `session:ready`.
struct SessionReady {
    std::string server;  ///< name/version
    std::string session_id;
    std::string epoch;
    Seq head = 0;
    Seq floor = 0;
    std::string_view change_source = "none";
    Identity identity;
    std::vector<std::string> features;
    int max_message_bytes = 0;
    int max_subscriptions = 0;
    int queue_bytes = 0;
    int operation_frames_per_second = 0;
    int max_changes = 0;
    int publish_per_second = 0;
    int ping_interval_ms = 0;
    int health_interval_ms = 0;
    ClientPolicy policy;
};

/// Every frame that the server sends, by contract 5.3 and websocket.schema.json. seq 0: without the
/// member.
Frame status_frame(const model::StatusEvent& event, Seq seq);
Frame error_frame(const model::ErrorEvent& event, Seq seq);
Frame health_frame(const model::HealthEvent& event);
/// skipped: operations that the sampler left out since the frame before; an extra member when not
/// 0.
Frame operation_frame(const model::DatabaseOperation& operation, std::uint64_t skipped);
Frame ready_frame(const SessionReady& ready);
Frame warning_frame(std::string_view code, std::string_view message, std::int64_t wall_us);
/// result_json: an object.
Frame reply_frame(std::string_view id, std::string_view result_json);
Frame refusal_frame(std::string_view id, const RequestError& error);
/// t_json: the number as the client wrote it.
Frame pong_frame(std::string_view t_json, std::int64_t server_time_ms);
Frame bye_frame(const Close& close);
/// element: a JSON object.
Frame event_frame(std::string_view channel, std::string_view action, std::string_view element,
                  std::int64_t at_us, Seq seq);
struct BroadcastText {
    std::string event;
    std::string data;  ///< JSON; empty: without the member
    std::string from, message_id;
};
Frame broadcast_frame(std::string_view channel, const BroadcastText& text, Seq seq);
/// Of presence:state and presence:diff.
Frame presence_state_frame(std::string_view channel, std::string_view state_json);
Frame presence_diff_frame(std::string_view channel, std::string_view diff_json);
Frame gap_frame(const StreamGap& gap);
Frame auth_expiring_frame(std::int64_t expires_us);
/// The same message with `replay: true`.
Frame as_replay(const Frame& frame);

/// A JSON array of strings.
std::string json_strings(const std::vector<std::string>& texts);

/// A JSON object as written by session:ready and by `GET /ws/info`.
std::string limits_json(const SessionReady& ready);
std::string timing_json(const SessionReady& ready);

}  // namespace pgsidecar::realtime
