#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "config/settings.hpp"
#include "realtime/frames.hpp"
#include "realtime/row_filter.hpp"
#include "realtime/send_queue.hpp"

namespace pgsidecar::realtime {

/// What all sessions share; made once at start.
struct SessionOptions {
    SessionReady ready;  ///< without what differs from session to session
    SendQueue::Limits queue;
    std::int64_t first_health_timeout_ms = 2'000;  ///< K15
    std::int64_t ping_interval_ms = 30'000;
    std::int64_t silent_timeout_ms = 75'000;
    std::int64_t auth_grace_ms = 5'000;
    std::size_t max_subscriptions = 100;
    std::size_t max_changes = 32;
    std::size_t max_presence_bytes = 8'192;
    std::size_t max_transaction_rows = 5'000;
    int max_sockets_per_subject = 100;
    RowFilter::Limits filters;
    int publish_per_second = 100, publish_burst = 200;
    int subscribe_per_second = 50;
    int presence_calls = 10;
    std::int64_t presence_window_ms = 10'000;
    std::int64_t flood_close_ms = 10'000;
    bool health_to_all = false;
};

SessionOptions session_options(const config::Settings& settings, std::string server);

}  // namespace pgsidecar::realtime
