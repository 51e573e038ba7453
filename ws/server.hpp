#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/listening_sockets.hpp"
#include "base/random.hpp"
#include "config/settings.hpp"
#include "model/database_operation.hpp"
#include "model/events.hpp"
#include "model/feed_event.hpp"
#include "realtime/hub.hpp"
#include "ws/backend.hpp"
#include "ws/desk.hpp"

namespace pgsidecar::ws {

/// How start() went. Ports are 0 when there is no such listener.
struct StartReport {
    std::string
        error;  ///< empty: everything listens; else what failed, at which address, what to do
    int port = 0;
    int probes_port = 0;

    bool ok() const { return error.empty(); }
};

/// Counts for metrics; totals since start but for sockets and connections.
struct ServerStats {
    std::int64_t connections = 0, sockets = 0;
    std::uint64_t connections_refused = 0;  ///< over http.max_connections
    std::uint64_t requests = 0;
    std::uint64_t requests_refused = 0;  ///< 4xx for Host, Origin, token
    std::uint64_t messages_received = 0, frames_sent = 0;
    std::uint64_t frames_replaced = 0;  ///< of closed sockets: a newer one took the place
    std::uint64_t publications_dropped =
        0;  ///< operation batches that the HTTP thread could not keep up with
    std::uint64_t closed_malformed = 0, closed_silent = 0, closed_slow = 0, closed_too_big = 0;
    std::uint64_t closed_unauthorized = 0, closed_flooding = 0;
    std::uint64_t sockets_total = 0;
    /// In the order of realtime::FeedCounters::kCodes.
    std::array<std::uint64_t, realtime::FeedCounters::kCodes.size()> refused{};
    std::uint64_t feed_events = 0, feed_rejected = 0, broadcasts = 0, replayed = 0, gaps = 0;
};

/// Page, WebSocket, API, metrics and probes, on a thread of their own.
///
/// Ownership: the app's; backend, desk and entropy must outlive it. start() and stop() on the app's
/// thread; publish_*, wants_operations() and stats() on any. What is published before start() is
/// kept for the first subscribers.
class HttpServer {
public:
    /// version: for `server` in session:ready, e.g. "0.1.0".
    HttpServer(std::shared_ptr<const config::Settings> settings, Backend& backend, Desk& desk,
               base::Entropy& entropy, std::string version);
    ~HttpServer();
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;

    /// inherited: sockets that listen already; those that are of use here are taken out.
    StartReport start(base::ListeningSockets& inherited);
    StartReport start() {
        base::ListeningSockets none;
        return start(none);
    }
    /// Puts its listening sockets in, which stay its own.
    void lend_sockets(base::ListeningSockets& sockets);
    /// Another process listens now; the connections that are here go on.
    void stop_listening();
    /// Refuses newcomers, says bye 1001 to all sockets, waits for them at most this long, ends the
    /// thread.
    void stop(std::chrono::milliseconds limit);

    /// The limits and timeouts of connections are these from now on. Addresses, token and what
    /// WebSockets are told at their start stay.
    void reload(std::shared_ptr<const config::Settings> settings);

    void publish_status(model::StatusEvent event);
    void publish_error(model::ErrorEvent event);
    void publish_health(model::HealthEvent event);
    /// A batch about every 100 ms; at most http.operation_frames_per_second of them reach a socket.
    void publish_operations(std::vector<model::DatabaseOperation> batch);
    /// False: nobody listens, so a batch need not be made.
    bool wants_operations() const;

    /// In the order of their commits.
    void publish_feed(std::vector<model::FeedEvent> batch);
    /// How many of these batches the HTTP thread has not taken yet; wait above a few.
    int feed_backlog() const;
    /// Whether anybody hears events or row changes.
    bool wants_changes() const;
    void set_change_source(realtime::SourceState state);
    /// reason: of a stream:gap. Something may have been missed.
    void lose_change_source(std::string reason);

    ServerStats stats() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace pgsidecar::ws
