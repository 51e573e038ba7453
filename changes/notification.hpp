#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "model/feed_event.hpp"

namespace pgsidecar::changes {

/// The payload of a NOTIFY: a JSON object with `channel`, `action` and `element`, or with `table`,
/// `op` (INSERT, UPDATE, DELETE, TRUNCATE), `schema`, `new` and `old`, or all of these. Nothing: it
/// is not such an object.
std::optional<model::FeedEvent> read_notification(std::string_view payload, std::int64_t wall_us);

}  // namespace pgsidecar::changes
