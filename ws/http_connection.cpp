#include "ws/http_connection.hpp"

#include <boost/asio/post.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/websocket/rfc6455.hpp>

#include <chrono>
#include <utility>

#include "ws/ws_connection.hpp"

namespace pgsidecar::ws {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;
using std::chrono::milliseconds;

constexpr std::size_t kReadChunk = 4'096;
constexpr milliseconds kDrainTime{1'000};

Method method_of(http::verb verb) {
    switch (verb) {
        case http::verb::get: return Method::Get;
        case http::verb::head: return Method::Head;
        case http::verb::post: return Method::Post;
        default: return Method::Other;
    }
}

std::string text_of(beast::string_view text) { return {text.data(), text.size()}; }

std::string address_text(const boost::asio::ip::address& address) {
    if (address.is_v6() && address.to_v6().is_v4_mapped()) {
        return boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, address.to_v6())
            .to_string();
    }
    return address.to_string();
}

std::string local_address(const tcp::socket& socket) {
    boost::system::error_code fault;
    auto endpoint = socket.local_endpoint(fault);
    return fault ? std::string() : address_text(endpoint.address());
}

std::string remote_address(const tcp::socket& socket) {
    boost::system::error_code fault;
    auto endpoint = socket.remote_endpoint(fault);
    return fault ? std::string() : address_text(endpoint.address());
}

}  // namespace

HttpConnection::HttpConnection(ServerState& state, tcp::socket socket, Edge edge,
                               std::shared_ptr<ConnectionSlot> slot)
    : state_(state),
      stream_(std::move(socket)),
      edge_(edge),
      slot_(std::move(slot)),
      local_address_(local_address(stream_.socket())),
      remote_address_(remote_address(stream_.socket())) {}

void HttpConnection::run() {
    state_.live.insert(shared_from_this());
    // One deadline for the whole first request: a peer that trickles bytes does not renew it.
    stream_.expires_after(milliseconds(state_.settings->http.handshake_timeout_ms));
    read_header();
}

void HttpConnection::await_request() {
    idle_ = true;
    parser_.reset();
    if (state_.stopping) return close_gently();
    auto begun = [self = shared_from_this()](beast::error_code fault, std::size_t bytes) {
        if (fault) return self->finish();
        self->rests_since_.reset();
        self->input_.commit(bytes);
        self->stream_.expires_after(milliseconds(self->state_.settings->http.handshake_timeout_ms));
        self->read_header();
    };
    if (input_.size() != 0) return begun({}, 0);
    rests_since_ = std::chrono::steady_clock::now();
    stream_.expires_after(milliseconds(state_.settings->http.idle_timeout_ms));
    stream_.async_read_some(input_.prepare(kReadChunk), std::move(begun));
}

void HttpConnection::read_header() {
    parser_.emplace();
    parser_->header_limit(static_cast<std::uint32_t>(state_.settings->http.max_header_bytes));
    parser_->body_limit(static_cast<std::uint64_t>(state_.settings->http.max_body_bytes));
    http::async_read_header(stream_, input_, *parser_,
                            [self = shared_from_this()](beast::error_code fault, std::size_t) {
                                self->on_header(fault);
                            });
}

void HttpConnection::on_header(beast::error_code fault) {
    if (finished_) return;
    if (fault) return refuse_unreadable(fault);
    idle_ = false;
    if (beast::websocket::is_upgrade(parser_->get())) return upgrade();
    read_body();
}

void HttpConnection::read_body() {
    http::async_read(stream_, input_, *parser_,
                     [self = shared_from_this()](beast::error_code fault, std::size_t) {
                         if (self->finished_) return;
                         if (fault) return self->refuse_unreadable(fault);
                         self->handle();
                     });
}

void HttpConnection::refuse_unreadable(beast::error_code fault) {
    keep_alive_ = false;
    if (fault == http::error::header_limit || fault == http::error::buffer_overflow) {
        return respond(error_response(431, "LIMIT", "The request header is too long."));
    }
    if (fault == http::error::body_limit) {
        return respond(error_response(413, "LIMIT", "The request body is too long."));
    }
    bool malformed = fault.category() == make_error_code(http::error::bad_method).category() &&
                     fault != http::error::end_of_stream && fault != http::error::partial_message;
    if (malformed)
        return respond(error_response(400, "BAD_REQUEST", "This is not an HTTP request."));
    finish();
}

HttpRequest HttpConnection::describe() const {
    const auto& message = parser_->get();
    HttpRequest out;
    out.edge = edge_;
    out.method = method_of(message.method());
    out.target = text_of(message.target());
    out.host = text_of(message[http::field::host]);
    out.origin = text_of(message[http::field::origin]);
    out.authorization = text_of(message[http::field::authorization]);
    out.accept = text_of(message[http::field::accept]);
    out.accept_encoding = text_of(message[http::field::accept_encoding]);
    out.if_none_match = text_of(message[http::field::if_none_match]);
    for (auto [it, end] = message.equal_range(http::field::sec_websocket_protocol); it != end;
         ++it) {
        out.subprotocols += text_of(it->value()) + ",";
    }
    out.local_address = local_address_;
    return out;
}

std::string HttpConnection::client_address() const {
    if (state_.settings->feed.trust_proxy != config::Toggle::On) return remote_address_;
    // The last entry of the last line is the one that the proxy in front of us wrote.
    std::string header;
    const auto& message = parser_->get();
    for (auto [it, end] = message.equal_range("X-Forwarded-For"); it != end; ++it) {
        header = text_of(it->value());
    }
    auto entries = split(header, ',');
    return entries.empty() ? remote_address_ : std::string(entries.back());
}

void HttpConnection::handle() {
    keep_alive_ = parser_->get().keep_alive();
    // Work on the database side may answer after this connection, or the server, is gone.
    auto answer = [weak = weak_from_this()](HttpResponse response) {
        if (auto self = weak.lock()) self->respond(std::move(response));
    };
    stream_.expires_never();
    HttpRequest request = describe();
    request.body = std::move(parser_->get().body());
    state_.router.handle(request, std::move(answer));
}

void HttpConnection::upgrade() {
    HttpRequest request = describe();
    UpgradeDecision decision = state_.router.decide_upgrade(request);
    if (decision.refusal || state_.stopping) {
        keep_alive_ = false;
        return respond(decision.refusal
                           ? std::move(*decision.refusal)
                           : error_response(503, "SHUTDOWN", "The sidecar is shutting down."));
    }
    std::string address = client_address();
    int most = state_.settings->feed.max_sockets_per_address;
    if (most != 0 && state_.sockets_of(address) >= most) {
        keep_alive_ = false;
        HttpResponse refusal =
            error_response(429, "LIMIT",
                           "This address has too many WebSockets; close some or raise "
                           "feed.max_sockets_per_address.");
        refusal.headers.emplace_back("Retry-After", "5");
        return respond(std::move(refusal));
    }
    state_.counters.requests.fetch_add(1, std::memory_order_relaxed);
    auto socket = std::make_shared<WsConnection>(state_, std::move(stream_), std::move(slot_),
                                                 std::move(address));
    socket->accept(parser_->release(), std::move(decision), request.host);
    finished_ = true;
    state_.live.erase(shared_from_this());
}

void HttpConnection::respond(HttpResponse response) {
    if (finished_) return;
    state_.counters.requests.fetch_add(1, std::memory_order_relaxed);
    if (response.status == 401 || response.status == 403 || response.status == 429) {
        state_.counters.requests_refused.fetch_add(1, std::memory_order_relaxed);
    }
    bool known =
        edge_ == Edge::Admin && response.status != 403 && parser_ && parser_->is_header_done();
    Router::add_security_headers(
        response, known ? text_of(parser_->get()[http::field::host]) : std::string());
    unsigned version = parser_ && parser_->is_header_done() ? parser_->get().version() : 11;
    auto& out = response_.emplace(static_cast<http::status>(response.status), version);
    out.set(http::field::server, "pgsidecar");
    if (!response.content_type.empty()) out.set(http::field::content_type, response.content_type);
    for (const auto& [name, value] : response.headers) out.set(name, value);
    keep_alive_ = keep_alive_ && !state_.stopping;
    out.keep_alive(keep_alive_);
    bool head = parser_ && parser_->is_header_done() && parser_->get().method() == http::verb::head;
    if (response.status != 304) out.content_length(response.body.size());
    if (!head) out.body() = std::move(response.body);
    write();
}

void HttpConnection::write() {
    stream_.expires_after(milliseconds(state_.settings->http.idle_timeout_ms));
    http::async_write(stream_, *response_,
                      [self = shared_from_this()](beast::error_code fault, std::size_t) {
                          self->on_written(fault);
                      });
}

void HttpConnection::on_written(beast::error_code fault) {
    if (finished_) return;
    if (fault) return finish();
    response_.reset();
    if (!keep_alive_) return close_gently();
    await_request();
}

void HttpConnection::close_gently() {
    // Closing with unread bytes would reset the connection and could take the response with it.
    boost::system::error_code ignored;
    stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
    stream_.expires_after(kDrainTime);
    input_.clear();
    drain();
}

void HttpConnection::drain() {
    stream_.async_read_some(input_.prepare(kReadChunk),
                            [self = shared_from_this()](beast::error_code fault, std::size_t) {
                                if (fault || self->finished_) return self->finish();
                                self->drain();
                            });
}

void HttpConnection::stop() {
    keep_alive_ = false;
    if (idle_) finish();
}

void HttpConnection::abort() { finish(); }

void HttpConnection::finish() {
    if (std::exchange(finished_, true)) return;
    stream_.close();
    state_.live.erase(shared_from_this());
}

}  // namespace pgsidecar::ws
