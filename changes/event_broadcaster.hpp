#pragma once

#include <asio/any_io_executor.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "config/settings.hpp"
#include "config/upstream.hpp"
#include "model/feed_event.hpp"

namespace pgsidecar::changes {

/// Which source is in use.
struct SourceReport {
    model::ChangeOrigin origin = model::ChangeOrigin::None;
    bool live = false;
    std::set<std::string, std::less<>> guarded_tables;  ///< with row level security

    friend bool operator==(const SourceReport&, const SourceReport&) = default;
};

/// Totals since start.
struct BroadcasterCounts {
    std::uint64_t polls = 0, events = 0, failures = 0, notifications = 0, bad_notifications = 0;
};

/// Polls the database for events and hands them to its listeners (R113-R116); listens to NOTIFY
/// where it is told to. Where there is no events table and the source is auto, it reports `proxy`
/// and looks again every minute.
///
/// The position in the table outlives lost connections, so nothing is missed by them. While nobody
/// wants events for as long as they would be kept for replay, it does not ask the database.
/// Thread: counts() from any; the rest, and all callbacks, are the executor's, which must have one
/// thread. Lifetime: destroy after stop() has called back, or after the context has stopped.
class EventBroadcaster {
public:
    using Listener = std::function<void(const std::vector<model::FeedEvent>&)>;

    struct Options {
        config::Upstream upstream;
        bool tls_required = false;
        config::Settings::Changes changes;
        std::int64_t linger_ms = 300'000;  ///< how long it polls on without being wanted
        std::int64_t timeout_ms = 15'000;
    };
    struct Hooks {
        std::function<bool()> wanted;    ///< whether anybody hears events
        std::function<bool()> has_room;  ///< false: what was handed over is not taken yet
        std::function<void(const SourceReport&)> on_source;
        std::function<void(std::string_view reason)> on_lost;  ///< something may have been missed
    };

    EventBroadcaster(asio::any_io_executor executor, Options options, Hooks hooks);
    ~EventBroadcaster();
    EventBroadcaster(const EventBroadcaster&) = delete;
    EventBroadcaster& operator=(const EventBroadcaster&) = delete;

    /// R115. Before start().
    void add_listener(Listener listener);
    void start();
    /// Whether the database is there.
    void set_usable(bool usable);
    void stop(std::function<void()> done);
    BroadcasterCounts counts() const;

private:
    class Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace pgsidecar::changes
