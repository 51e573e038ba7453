#include "ws/ws_connection.hpp"

#include <boost/asio/post.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/websocket/rfc6455.hpp>

#include <chrono>
#include <utility>

namespace pgsidecar::ws {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;

constexpr std::size_t kReadChunk = 4'096;
/// One socket's share of the thread, so that a long replay keeps nobody waiting.
constexpr int kBatchesPerTurn = 8;

}  // namespace

WsConnection::WsConnection(ServerState& state, beast::tcp_stream stream,
                           std::shared_ptr<ConnectionSlot> slot, std::string address)
    : state_(state),
      stream_(FrameStream(std::move(stream))),
      slot_(std::move(slot)),
      address_(std::move(address)) {
    // The websocket stream has its own timeouts; the session keeps time for the rest, because only
    // it can say bye.
    beast::get_lowest_layer(stream_).expires_never();
    websocket::stream_base::timeout timeout;
    timeout.handshake_timeout =
        std::chrono::milliseconds(state_.settings->http.handshake_timeout_ms);
    timeout.idle_timeout = websocket::stream_base::none();
    timeout.keep_alive_pings = false;
    stream_.set_option(timeout);
    // Counted here instead: Beast would close without a bye.
    stream_.read_message_max(0);
}

void WsConnection::accept(UpgradeRequest request, UpgradeDecision decision, std::string host) {
    state_.live.insert(shared_from_this());
    state_.counters.sockets.fetch_add(1, std::memory_order_relaxed);
    state_.counters.sockets_total.fetch_add(1, std::memory_order_relaxed);
    state_.count_socket(address_, 1);
    identity_ = std::move(decision.identity);
    stream_.next_layer().limit_unsent(state_.settings->http.send_ahead_bytes);
    stream_.next_layer().watch(weak_from_this(), [this](beast::error_code fault) {
        if (fault) return finish();
        if (session_) pump(base::read_clocks());
    });
    auto decorate = [echo_version1 = decision.echo_version1,
                     host = std::move(host)](websocket::response_type& response) {
        response.set(http::field::server, "pgsidecar");
        if (echo_version1) response.set(http::field::sec_websocket_protocol, "pgsidecar.v1");
        HttpResponse headers;
        Router::add_security_headers(headers, host);
        for (const auto& [name, value] : headers.headers) response.set(name, value);
    };
    stream_.set_option(websocket::stream_base::decorator(std::move(decorate)));
    stream_.async_accept(request, [self = shared_from_this()](beast::error_code fault) {
        if (fault) return self->finish();
        self->opened();
    });
}

void WsConnection::opened() {
    base::Now now = base::read_clocks();
    std::string id = "s-" + state_.ids.next(now.wall_us).to_string();
    auto wake = [weak = weak_from_this()] {
        if (auto self = weak.lock()) self->wake();
    };
    realtime::Session::Parts parts{state_.hub, state_.gate, state_.authenticator,
                                   state_.session_options};
    session_ = std::make_shared<realtime::Session>(parts, std::move(id), std::move(identity_), now,
                                                   std::move(wake));
    stream_.control_callback([weak = weak_from_this()](websocket::frame_type, beast::string_view) {
        if (auto self = weak.lock()) self->session_->heard(base::read_clocks());
    });
    session_->open(now);
    if (state_.stopping) stop();
    wake();
}

void WsConnection::wake() {
    if (!std::exchange(in_round_, true)) state_.rounds.add(shared_from_this());
}

void WsConnection::write_round() {
    in_round_ = false;
    pump(base::read_clocks());
}

void WsConnection::pump(base::Now now) {
    if (finished_) return;
    session_->advance(now);
    if (session_->close() && !close_deadline_ns_) {
        close_deadline_ns_ = now.mono_ns + state_.settings->http.handshake_timeout_ms * 1'000'000LL;
        count_close();
    }
    if (session_->take_ping() && !pinging_ && !closing_) send_ping();
    if (!closing_) write();
    if (!reading_ && !closing_ && !finished_ && session_->wants_input()) read_next();
}

void WsConnection::tick(base::Now now) {
    if (finished_ || !session_) return;
    if (close_deadline_ns_ && now.mono_ns >= *close_deadline_ns_) return abort();
    pump(now);
}

void WsConnection::read_next() {
    reading_ = true;
    stream_.async_read_some(input_, kReadChunk,
                            [self = shared_from_this()](beast::error_code fault, std::size_t) {
                                self->reading_ = false;
                                self->on_read(fault);
                            });
}

void WsConnection::on_read(beast::error_code fault) {
    if (finished_) return;
    if (fault) {
        // While we close, the close operation itself reports the end.
        if (!closing_) finish();
        return;
    }
    base::Now now = base::read_clocks();
    session_->heard(now);
    if (input_.size() > static_cast<std::size_t>(state_.settings->http.max_message_bytes)) {
        input_.clear();
        session_->refuse_oversize();
    } else if (stream_.is_message_done()) {
        deliver_message(now);
    }
    pump(now);
}

void WsConnection::deliver_message(base::Now now) {
    state_.counters.messages_received.fetch_add(1, std::memory_order_relaxed);
    if (stream_.got_text()) {
        session_->receive(beast::buffers_to_string(input_.data()), now);
    } else {
        session_->receive_binary(now);
    }
    input_.clear();
}

void WsConnection::write() {
    FrameStream& out = stream_.next_layer();
    for (int batch = 0; out.idle(); ++batch) {
        if (batch == kBatchesPerTurn) return continue_later();
        while (!out.full()) {
            realtime::Frame frame = session_->pop();
            if (!frame) break;
            out.add(std::move(frame));
        }
        if (out.idle()) {
            if (session_->close()) send_close();
            return;
        }
        auto fault = out.send();
        state_.counters.frames_sent.fetch_add(out.take_sent(), std::memory_order_relaxed);
        if (fault) return finish();
    }
}

void WsConnection::continue_later() {
    if (std::exchange(continues_, true)) return;
    boost::asio::post(state_.context, [self = shared_from_this()] {
        self->continues_ = false;
        self->pump(base::read_clocks());
    });
}

void WsConnection::send_ping() {
    pinging_ = true;
    stream_.async_ping({}, [self = shared_from_this()](beast::error_code fault) {
        self->pinging_ = false;
        if (fault) self->finish();
    });
}

void WsConnection::send_close() {
    closing_ = true;
    const realtime::Close& why = *session_->close();
    websocket::close_reason reason(static_cast<websocket::close_code>(why.code));
    reason.reason = why.reason;
    stream_.async_close(reason, [self = shared_from_this()](beast::error_code) { self->finish(); });
}

void WsConnection::stop() {
    if (session_) {
        session_->shut_down(
            realtime::make_close(realtime::CloseCode::GoingAway, "the sidecar is shutting down"));
    }
}

void WsConnection::abort() { finish(); }

void WsConnection::finish() {
    if (std::exchange(finished_, true)) return;
    beast::get_lowest_layer(stream_).close();
    if (session_) {
        state_.counters.frames_replaced.fetch_add(session_->replaced(), std::memory_order_relaxed);
        session_->depart();
    }
    state_.counters.sockets.fetch_sub(1, std::memory_order_relaxed);
    state_.count_socket(address_, -1);
    state_.live.erase(shared_from_this());
}

void WsConnection::count_close() {
    auto& counters = state_.counters;
    switch (session_->close()->code) {
        case realtime::CloseCode::GoingAway: break;
        case realtime::CloseCode::TooBig:
            counters.closed_too_big.fetch_add(1, std::memory_order_relaxed);
            break;
        case realtime::CloseCode::Malformed:
            counters.closed_malformed.fetch_add(1, std::memory_order_relaxed);
            break;
        case realtime::CloseCode::Silent:
            counters.closed_silent.fetch_add(1, std::memory_order_relaxed);
            break;
        case realtime::CloseCode::Unauthorized:
        case realtime::CloseCode::Forbidden:
            counters.closed_unauthorized.fetch_add(1, std::memory_order_relaxed);
            break;
        case realtime::CloseCode::TooManyRequests:
            counters.closed_flooding.fetch_add(1, std::memory_order_relaxed);
            break;
        case realtime::CloseCode::SlowConsumer:
            counters.closed_slow.fetch_add(1, std::memory_order_relaxed);
            break;
    }
}

}  // namespace pgsidecar::ws
