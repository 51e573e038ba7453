#include "proxy/core/upstream.hpp"

#include "protocol/messages/frontend_encode.hpp"
#include "proxy/core/plane.hpp"
#include "proxy/core/pool.hpp"
#include "proxy/core/session.hpp"
#include "proxy/core/upstream_login.hpp"

namespace pgsidecar::proxy {

using protocol::Frame;
using protocol::FrameOutcome;
using protocol::FrameReader;

namespace {

FrameReader::Limits backend_limits(const Plane& plane) {
    const auto& limits = plane.settings().limits;
    return {static_cast<std::uint32_t>(limits.max_message_bytes),
            static_cast<std::uint32_t>(limits.inspect_bytes)};
}

bool tls_first(const Plane& plane) {
    return plane.options().upstream.sslmode >= config::SslMode::Prefer;
}

}  // namespace

Upstream::Upstream(Plane& plane, Pool& pool)
    : plane_(plane),
      pool_(&pool),
      reader_(FrameReader::Direction::Backend, backend_limits(plane)),
      settings_(plane.gucs().none()),
      wants_tls_(tls_first(plane)),
      statements_(static_cast<std::size_t>(plane.settings().pool.max_prepared_statements)) {}

Upstream::Upstream(Plane& plane, Session& session, std::string startup_packet)
    : plane_(plane),
      pool_(nullptr),
      session_(&session),
      reader_(FrameReader::Direction::Backend, backend_limits(plane)),
      startup_packet_(std::move(startup_packet)),
      settings_(plane.gucs().none()),
      wants_tls_(tls_first(plane)) {
    replies_.allow_replication();
}

Upstream::~Upstream() = default;

void Upstream::start(const base::Now& now) {
    created_ns = now.mono_ns;
    plane_.shard().servers.add(1);
    plane_.shard().servers_login.add(1);
    channel_ = plane_.driver().connect(*this);
}

void Upstream::on_open(const base::Now& now) {
    if (!wants_tls_ || channel_->is_unix_socket()) return begin_login(now);
    if (plane_.options().upstream.direct_tls()) {
        state_ = State::TlsHandshake;
        return channel_->start_tls();
    }
    std::string request;
    protocol::append_ssl_request(request);
    forward(base::as_bytes(request));
    state_ = State::TlsRequested;
}

void Upstream::on_tls_reply(base::Bytes& bytes, const base::Now& now) {
    char answer = std::to_integer<char>(bytes[0]);
    bytes = bytes.subspan(1);
    // Anything that follows the one byte came before TLS and could be a stranger's
    // (CVE-2021-23222).
    if (!bytes.empty()) return protocol_error("bytes before TLS from the server", now);
    if (answer == 'S') {
        state_ = State::TlsHandshake;
        channel_->start_tls();
    } else if (answer == 'N' && plane_.options().upstream.sslmode <= config::SslMode::Prefer) {
        begin_login(now);
    } else {
        // What an 'E' goes on to say is not to be trusted either (CVE-2024-10977).
        ChannelClosed closed{
            answer == 'N' ? ChannelClosed::Cause::TlsRefused : ChannelClosed::Cause::TlsFailed,
            answer == 'N' ? "the server has no TLS but sslmode requires it"
                          : "the server did not understand SSLRequest"};
        lose(closed, now);
    }
}

void Upstream::on_tls_ready(const base::Now& now) {
    encrypted_ = true;
    begin_login(now);
}

bool Upstream::try_other_way(bool with_tls) {
    auto mode = plane_.options().upstream.sslmode;
    auto fitting = with_tls ? config::SslMode::Allow : config::SslMode::Prefer;
    if (tried_other_way_ || mode != fitting || wants_tls_ == with_tls) return false;
    if (channel_ != nullptr && channel_->is_unix_socket()) return false;
    tried_other_way_ = true;
    wants_tls_ = with_tls;
    encrypted_ = false;
    plane_.bury(std::move(login_));  // it may be calling
    reader_ = FrameReader(FrameReader::Direction::Backend, backend_limits(plane_));
    parameters_.clear();
    fatal_sqlstate_.clear();
    state_ = State::Connecting;
    if (channel_ != nullptr) channel_->abort();
    channel_ = plane_.driver().connect(*this);
    return true;
}

void Upstream::begin_login(const base::Now& now) {
    state_ = State::LoggingIn;
    login_ = std::make_unique<UpstreamLogin>(*this);
    login_->begin(now);
}

void Upstream::logged_in(const base::Now& now) {
    state_ = State::Ready;
    login_.reset();
    plane_.shard().servers_login.add(-1);
    plane_.shard().servers_opened.add();
    plane_.driver().upstream_connected();
    if (pool_ == nullptr) return;
    if (pool_->reads_sequences) sequences_of = kNobodys;
    pool_->connected(*this, now);
}

void Upstream::forward(base::Bytes wire) {
    plane_.shard().server_bytes_out.add(wire.size());
    channel_->send(wire);
    if (session_ != nullptr && channel_->unsent() > plane_.buffer_limit())
        session_->set_reading(false);
}

void Upstream::on_drained(const base::Now&) {
    if (session_ != nullptr) session_->server_took_all();
}

void Upstream::set_reading(bool on) {
    if (channel_ != nullptr) channel_->set_reading(on);
}

bool Upstream::expect(protocol::ReplyKind kind, Expected expected) {
    return replies_.push(kind, std::move(expected));
}

void Upstream::on_bytes(base::Bytes bytes, const base::Now& now) {
    plane_.shard().server_bytes_in.add(bytes.size());
    while (!bytes.empty() && state_ != State::Closed) {
        switch (state_) {
            case State::TlsRequested: on_tls_reply(bytes, now); break;
            case State::LoggingIn: login_bytes(bytes, now); break;
            case State::Ready: relay_bytes(bytes, now); break;
            case State::Connecting: return;  // the rest of a connection that was given up
            default:
                return protocol_error("bytes from the server before it was asked anything", now);
        }
    }
}

void Upstream::login_bytes(base::Bytes& bytes, const base::Now& now) {
    Frame frame;
    while (state_ == State::LoggingIn) {
        switch (reader_.next(bytes, frame)) {
            case FrameOutcome::Need: return;
            case FrameOutcome::Bad:
                return protocol_error("a message that PostgreSQL does not send", now);
            case FrameOutcome::Got: break;
        }
        if (!frame.whole())
            return protocol_error("a login message of more than the inspection limit", now);
        login_->on_message(frame, now);
    }
}

bool Upstream::at_rest() const {
    // Behind ReadyForQuery the server says nothing more until it is asked, and what it is asked
    // next goes out after this turn.
    return state_ == State::Ready && ready_came_last_ && reader_.at_boundary();
}

void Upstream::on_closed(const ChannelClosed& closed, const base::Now& now) {
    channel_ = nullptr;
    if (state_ != State::TlsHandshake) return lose(closed, now);
    if (try_other_way(false)) return;
    ChannelClosed in_handshake = closed;
    bool hung_up =
        closed.cause == ChannelClosed::Cause::Eof || closed.cause == ChannelClosed::Cause::Reset;
    if (hung_up) in_handshake.detail += " during the TLS handshake";
    if (hung_up && plane_.options().upstream.direct_tls())
        in_handshake.detail += "; sslnegotiation=direct needs PostgreSQL 17 or newer";
    lose(in_handshake, now);
}

void Upstream::protocol_error(std::string_view what, const base::Now& now) {
    plane_.shard().server_protocol_errors.add();
    protocol_broken_ = true;
    base::log::warn("proxy", "the server broke the protocol; the connection is closed",
                    {{"what", what}});
    lose({ChannelClosed::Cause::Other, "the server sent " + std::string(what)}, now);
}

void Upstream::lose(const ChannelClosed& closed, const base::Now& now) {
    if (state_ == State::Closed) return;
    bool was_ready = state_ == State::Ready;
    using Reason = metrics::ServerCloseReason;
    Reason reason = protocol_broken_ ? Reason::ProtocolError
                    : was_ready      ? Reason::Lost
                    : login_         ? Reason::LoginFailed
                                     : Reason::ConnectFailed;
    plane_.shard().servers_closed[static_cast<std::size_t>(reason)].add();
    UpstreamLoss loss{closed, fatal_sqlstate_, fatal_words_, protocol_broken_};
    close(false);
    plane_.driver().upstream_lost(closed, loss.sqlstate);
    Session* session = std::exchange(session_, nullptr);
    // First the pool: a session that tries again must not be given this connection's place.
    if (pool_ != nullptr) pool_->lost(*this, closed, loss.sqlstate, was_ready, now);
    if (session != nullptr) session->upstream_lost(*this, loss, now);
}

void Upstream::time_out(const base::Now& now) {
    lose({ChannelClosed::Cause::TimedOut,
          "no connection within " + std::to_string(plane_.settings().pool.connect_timeout_ms) +
              " ms (pool.connect_timeout_ms)"},
         now);
}

void Upstream::close(bool terminate) {
    if (state_ == State::Closed) return;
    if (state_ != State::Ready) plane_.shard().servers_login.add(-1);
    plane_.shard().servers.add(-1);
    state_ = State::Closed;
    if (channel_ == nullptr) return;
    if (terminate) {
        std::string message;
        protocol::append_terminate(message);
        channel_->send(base::as_bytes(message));
        channel_->close();
    } else {
        channel_->abort();
    }
    channel_ = nullptr;
}

}  // namespace pgsidecar::proxy
