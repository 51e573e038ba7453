#pragma once

#include <cstdint>
#include <optional>

#include "model/database_connection.hpp"
#include "model/error_text.hpp"

namespace pgsidecar::health {

/// What the workers may know about the database: an immutable copy is posted to each of them.
///
/// usable: connect and forward. Not usable and retrying: the fast tries are under way, a client may
/// be held for their short while. Neither: refuse at once with cause, since and next_try.
struct UpstreamSnapshot {
    model::ConnectionStatus status = model::ConnectionStatus::Connecting;
    bool usable = false;
    bool retrying = false;
    std::int64_t since_us = 0;  ///< since when usable, or not; microseconds since 1970
    std::optional<std::int64_t> next_try_us;  ///< when the next try is due, if one is planned
    std::optional<model::ErrorInfo> cause;    ///< why it is not usable, when known
};

}  // namespace pgsidecar::health
