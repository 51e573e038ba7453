#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "realtime/hub.hpp"

namespace pgsidecar::realtime {

/// What `POST /api/broadcast` sends (R117, R118). The body is one of
///
///     {"event": "maintenance", "data": ...}                            to every client
///     {"channel": "room:lobby", "event": "hello", "data": ...}         a broadcast
///     {"channel": "tasks", "action": "created", "element": {...}}      an element event
///
/// Nothing: it was sent.
std::optional<RequestError> send_admin_message(Hub& hub, std::string_view body,
                                               std::int64_t wall_us);

}  // namespace pgsidecar::realtime
