#pragma once

#include <boost/asio/steady_timer.hpp>

#include <cstdint>
#include <memory>
#include <string>

#include "ws/server_state.hpp"

namespace pgsidecar::ws {

/// One place among http.max_connections, given back when it dies.
class ConnectionSlot {
public:
    ConnectionSlot(std::shared_ptr<std::int64_t> in_use, Counters& counters);
    ~ConnectionSlot();
    ConnectionSlot(const ConnectionSlot&) = delete;
    ConnectionSlot& operator=(const ConnectionSlot&) = delete;

private:
    std::shared_ptr<std::int64_t> in_use_;
    Counters& counters_;
};

/// Accepts for one address and turns away what is over http.max_connections with 503.
class Listener final : public std::enable_shared_from_this<Listener> {
public:
    Listener(ServerState& state, Edge edge);

    /// Empty, or what failed, at which address, and what to do. setting: the name to blame, e.g.
    /// "http".
    std::string bind(const std::string& address, int port, const std::string& setting);
    /// Goes on with a socket that listens already. False: it does not, and is closed.
    bool adopt(int fd);
    int port() const;
    /// For another process; still ours.
    int fd() { return acceptor_.is_open() ? acceptor_.native_handle() : -1; }
    void start();
    void stop();

private:
    void accept_next();
    void welcome(tcp::socket socket);
    /// Makes room where all places are taken; false: everybody is at work.
    bool end_who_rests_longest();

    ServerState& state_;
    Edge edge_;
    tcp::acceptor acceptor_;
    boost::asio::steady_timer pause_;
    std::shared_ptr<std::int64_t> in_use_ = std::make_shared<std::int64_t>(0);
    std::shared_ptr<int> refusing_ = std::make_shared<int>(0);
};

}  // namespace pgsidecar::ws
