#pragma once

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "ws/listener.hpp"
#include "ws/server_state.hpp"

namespace pgsidecar::ws {

/// One HTTP connection: bounded requests one after the other, or the hand-over to a WebSocket.
class HttpConnection final : public Connection,
                             public std::enable_shared_from_this<HttpConnection> {
public:
    HttpConnection(ServerState& state, tcp::socket socket, Edge edge,
                   std::shared_ptr<ConnectionSlot> slot);

    /// Enters state.live and starts to read.
    void run();

    void stop() override;
    void tick(base::Now) override {}
    void abort() override;
    std::optional<std::chrono::steady_clock::time_point> rests_since() const override {
        return rests_since_;
    }

private:
    using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;

    void await_request();
    void read_header();
    void on_header(boost::beast::error_code fault);
    void read_body();
    void handle();
    void upgrade();
    /// Where the client is: by the proxy's word when that is trusted.
    std::string client_address() const;
    HttpRequest describe() const;
    void refuse_unreadable(boost::beast::error_code fault);
    void respond(HttpResponse response);
    void write();
    void on_written(boost::beast::error_code fault);
    void close_gently();
    void drain();
    void finish();

    ServerState& state_;
    boost::beast::tcp_stream stream_;
    Edge edge_;
    std::shared_ptr<ConnectionSlot> slot_;
    std::string local_address_, remote_address_;
    boost::beast::flat_buffer input_;
    std::optional<Parser> parser_;
    std::optional<boost::beast::http::response<boost::beast::http::string_body>> response_;
    std::optional<std::chrono::steady_clock::time_point> rests_since_;
    bool idle_ = true, keep_alive_ = false, finished_ = false;
};

}  // namespace pgsidecar::ws
