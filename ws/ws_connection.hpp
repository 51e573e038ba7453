#pragma once

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/websocket/stream.hpp>

#include <memory>
#include <optional>
#include <string>

#include "realtime/session.hpp"
#include "ws/frame_stream.hpp"
#include "ws/listener.hpp"
#include "ws/server_state.hpp"

namespace pgsidecar::ws {

/// One WebSocket: reads while the session wants input, writes what it hands out, closes when the
/// session says so. Beast reads, and writes control frames; texts go by way of FrameStream.
class WsConnection final : public Connection,
                           public WriteRounds::Member,
                           public std::enable_shared_from_this<WsConnection> {
public:
    using UpgradeRequest = boost::beast::http::request<boost::beast::http::string_body>;

    WsConnection(ServerState& state, boost::beast::tcp_stream stream,
                 std::shared_ptr<ConnectionSlot> slot, std::string address);

    /// Enters state.live and answers the upgrade.
    void accept(UpgradeRequest request, UpgradeDecision decision, std::string host);

    void stop() override;
    void tick(base::Now now) override;
    void abort() override;
    void write_round() override;

private:
    void opened();
    void wake();
    void pump(base::Now now);
    void read_next();
    void on_read(boost::beast::error_code fault);
    void deliver_message(base::Now now);
    void write();
    void continue_later();
    void send_ping();
    void send_close();
    void finish();
    void count_close();

    ServerState& state_;
    boost::beast::websocket::stream<FrameStream, false> stream_;
    std::shared_ptr<ConnectionSlot> slot_;
    std::string address_;
    std::optional<realtime::Identity> identity_;  ///< until the session has it
    boost::beast::flat_buffer input_;
    std::shared_ptr<realtime::Session> session_;
    std::optional<std::int64_t> close_deadline_ns_;
    bool in_round_ = false, continues_ = false;
    bool reading_ = false, pinging_ = false, closing_ = false, finished_ = false;
};

}  // namespace pgsidecar::ws
