#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "config/settings.hpp"
#include "realtime/hub.hpp"
#include "realtime/session.hpp"
#include "ws/http_types.hpp"
#include "ws/router.hpp"
#include "ws/write_rounds.hpp"

namespace pgsidecar::ws {

using tcp = boost::asio::ip::tcp;

/// One accepted socket, HTTP or WebSocket. Thread: HTTP.
class Connection {
public:
    virtual ~Connection() = default;
    /// Says goodbye and ends; the connection leaves ServerState::live by itself.
    virtual void stop() = 0;
    /// At least four times a second.
    virtual void tick(base::Now now) = 0;
    /// Ends at once, without a word.
    virtual void abort() = 0;
    /// Since when it has been kept open after an answer, for another request; nothing is lost with
    /// it then.
    virtual std::optional<std::chrono::steady_clock::time_point> rests_since() const { return {}; }
};

/// Written by the HTTP thread, read by any.
struct Counters {
    std::atomic<std::int64_t> connections{0}, sockets{0};
    std::atomic<std::uint64_t> sockets_total{0};
    std::atomic<std::uint64_t> connections_refused{0}, requests{0}, requests_refused{0},
        messages_received{0}, frames_sent{0}, frames_replaced{0}, publications_dropped{0},
        closed_malformed{0}, closed_silent{0}, closed_slow{0}, closed_too_big{0},
        closed_unauthorized{0}, closed_flooding{0};
};

/// What the parts of the server share. Thread: HTTP, but for counters. Outlives every connection.
struct ServerState {
    boost::asio::io_context& context;
    std::shared_ptr<const config::Settings> settings;
    realtime::Hub& hub;
    realtime::CommandGate& gate;
    const realtime::Authenticator& authenticator;
    Router& router;
    std::shared_ptr<const realtime::SessionOptions> session_options;
    base::UuidSource& ids;
    Counters& counters;
    WriteRounds& rounds;
    std::unordered_set<std::shared_ptr<Connection>> live;
    bool stopping = false;
    std::map<std::string, int, std::less<>> sockets_by_address = {};

    int sockets_of(std::string_view address) const {
        auto found = sockets_by_address.find(address);
        return found == sockets_by_address.end() ? 0 : found->second;
    }
    void count_socket(const std::string& address, int change) {
        if ((sockets_by_address[address] += change) <= 0) sockets_by_address.erase(address);
    }
};

}  // namespace pgsidecar::ws
