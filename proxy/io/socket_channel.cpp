#include "proxy/io/socket_channel.hpp"

#include <sys/socket.h>
#include <unistd.h>
#include <array>
#include <cerrno>

#include "base/assert.hpp"
#include "proxy/io/worker.hpp"

namespace pgsidecar::proxy {

namespace {

constexpr int kRoundsPerTurn = 8;
constexpr std::size_t kMostUnsent = 1 << 20;
constexpr std::int64_t kLingerNs = 2'000'000'000;
constexpr std::int64_t kFlushOnCloseNs = 10'000'000'000;

}  // namespace

bool SocketChannel::open(int fd, bool unix_socket, std::string server_name) {
    unix_socket_ = unix_socket;
    server_name_ = std::move(server_name);
    if (!unix_socket) worker_.socket_options(role_ == TlsStream::Role::Client).apply(fd);
    std::error_code error;
    ready_ = Readiness::open(worker_.context(), fd, *this, error);
    if (ready_ == nullptr) {
        ::close(fd);
        return false;
    }
    worker_.add(*this);
    ready_->arm_read();
    return true;
}

void SocketChannel::opened() {
    if (events_ == nullptr) return;
    events_->on_open(worker_.now());
    worker_.end_turn();
}

void SocketChannel::fail(const ChannelClosed& closed) {
    Worker& worker = worker_;  // this object may be gone when lost() returns
    lost(closed.cause, closed.detail);
    worker.end_turn();
}

// ---- reading

void SocketChannel::on_readable() {
    quiet_ = false;
    if (lingering_) return discard_input();
    read_some();
}

void SocketChannel::read_some() {
    Worker& worker = worker_;  // this object may be gone when lost() returns
    for (int round = 0; round < kRoundsPerTurn; ++round) {
        if (!reading_ || closing_) {
            maybe_unread_ = true;
            return;
        }
        auto buffer = worker_.receive_buffer();
        ssize_t got = ::recv(ready_->fd(), buffer.data(), buffer.size(), 0);
        if (got < 0) {
            if (errno == EINTR) continue;
            if (errno == EAGAIN || errno == EWOULDBLOCK) {
                maybe_unread_ = false;
                return ready_->arm_read();
            }
            lost(ChannelClosed::Cause::Reset, std::system_category().message(errno));
            return worker.end_turn();
        }
        if (got == 0) {
            lost(ChannelClosed::Cause::Eof, "the peer closed the connection");
            return worker.end_turn();
        }
        ++pending_posts_;  // keeps this object through what the holder does
        bool alive = deliver(buffer.first(static_cast<std::size_t>(got)));
        worker_.end_turn();
        --pending_posts_;
        if (disposed_) return dispose();
        if (!alive || ready_ == nullptr) return;
        // A short read at rest has emptied the socket; else the peer's last bytes and its end may
        // have come together.
        if (static_cast<std::size_t>(got) < buffer.size() && !closing_ && events_->at_rest()) {
            maybe_unread_ = false;
            return ready_->arm_read();
        }
        if (tls_ && !heard_) break;  // records without a content cost much and bring nothing
    }
    read_later();
}

void SocketChannel::read_later() {
    if (read_posted_) return;
    read_posted_ = true;
    ++pending_posts_;
    worker_.post([this] {
        read_posted_ = false;
        --pending_posts_;
        if (disposed_) return dispose();
        if (ready_ != nullptr && !lingering_) read_some();
    });
}

bool SocketChannel::deliver(base::Bytes bytes) {
    if (std::exchange(untouched_, false) && begins_tls(bytes)) make_tls(true);
    if (tls_) {
        heard_ = false;
        return deliver_tls(bytes);
    }
    if (events_ == nullptr) return false;
    events_->on_bytes(bytes, worker_.now());
    return !closing_ && !disposed_;
}

bool SocketChannel::deliver_tls(base::Bytes bytes) {
    tls_->feed(bytes);
    if (!tls_->established() && !continue_handshake()) return false;
    std::array<std::byte, 16'384> plain;
    while (tls_ && tls_->established() && !closing_ && !disposed_ && events_ != nullptr) {
        std::size_t count = 0;
        switch (tls_->read(plain, count)) {
            case TlsStream::Status::Ok:
                spoke_tls_ = heard_ = true;
                events_->on_bytes(std::span(plain).first(count), worker_.now());
                continue;
            case TlsStream::Status::WantsMore: break;
            case TlsStream::Status::Closed:
                lost(ChannelClosed::Cause::Eof, "the peer ended TLS");
                return false;
            case TlsStream::Status::Failed: {
                // With TLS 1.3 a server says only now that it does not like our certificate.
                bool early = role_ == TlsStream::Role::Client && !spoke_tls_;
                lost(early ? ChannelClosed::Cause::TlsFailed : ChannelClosed::Cause::Reset,
                     tls_trouble());
                return false;
            }
        }
        break;
    }
    worker_.mark_dirty(*this);  // TLS may have something of its own to say
    if (role_ == TlsStream::Role::Server && unsent() > kMostUnsent + 4 * worker_.buffer_limit()) {
        // Replies stop far below: these are answers to KeyUpdate, which TLS gives without an end.
        lost(ChannelClosed::Cause::Reset, "the client makes TLS answer and does not read");
        return false;
    }
    return !closing_ && !disposed_;
}

bool SocketChannel::continue_handshake() {
    if (wire_.empty()) worker_.lend(wire_);
    auto status = tls_->handshake();
    worker_.mark_dirty(*this);
    auto& shard = worker_.counts();
    bool server = role_ == TlsStream::Role::Client;
    if (status == TlsStream::Status::Failed || status == TlsStream::Status::Closed) {
        write_some();  // the alert that says why
        lost(server && tls_->certificate_refused() ? ChannelClosed::Cause::CertificateRefused
                                                   : ChannelClosed::Cause::TlsFailed,
             tls_trouble());
        return false;
    }
    if (status == TlsStream::Status::Ok) {
        (server ? shard.server_tls_ok : shard.client_tls_ok).add();
        if (events_ != nullptr) events_->on_tls_ready(worker_.now());
    }
    return !closing_ && !disposed_;
}

std::string SocketChannel::tls_trouble() const {
    bool server = role_ == TlsStream::Role::Client;
    return (server ? "TLS with " + server_name_ + ": " : "TLS: ") + tls_->error();
}

bool SocketChannel::begins_tls(base::Bytes bytes) const {
    constexpr std::byte kHandshakeRecord{0x16};
    return role_ == TlsStream::Role::Server && !unix_socket_ && !bytes.empty() &&
           bytes[0] == kHandshakeRecord && worker_.tls_context(role_) != nullptr;
}

void SocketChannel::make_tls(bool direct) {
    TlsStream::Options options;
    options.role = role_;
    options.needs_alpn = direct;
    if (role_ == TlsStream::Role::Client) {
        const config::Upstream& upstream = worker_.upstream();
        options.host = server_name_;
        options.sends_name = upstream.sends_sni();
        options.checks_host = upstream.sslmode == config::SslMode::VerifyFull;
    }
    tls_ = TlsStream::make(worker_.tls_context(role_), options, wire_);
    PGS_CHECK(tls_ != nullptr);
}

void SocketChannel::start_tls() {
    bool client = role_ == TlsStream::Role::Client;
    flush();  // what was said in plain goes out in plain
    if (!out_.empty()) {
        // Never to be mixed with what belongs inside.
        return lost(ChannelClosed::Cause::Reset, "the peer does not read, so TLS cannot begin");
    }
    make_tls(client && worker_.upstream().direct_tls());
    if (client) continue_handshake();
}

std::optional<TlsPeer> SocketChannel::tls_peer() const {
    if (!tls_ || !tls_->established()) return std::nullopt;
    return tls_->peer();
}

void SocketChannel::set_reading(bool on) {
    if (reading_ == on) return;
    reading_ = on;
    if (!on || ready_ == nullptr) return;
    if (maybe_unread_) {
        read_later();
    } else {
        ready_->arm_read();
    }
}

// ---- writing

void SocketChannel::send(base::Bytes bytes) {
    if (out_.capacity() == 0 || out_.empty()) worker_.lend(out_);
    out_.append(base::as_text(bytes));
    if (!blocked_) worker_.mark_dirty(*this);
}

void SocketChannel::flush() {
    if (ready_ == nullptr || blocked_) return;
    bool was_full = unsent() > worker_.buffer_limit();
    write_some();
    if (closing_ && !blocked_ && ready_ != nullptr) return linger();
    // The holder stopped its other side when this buffer was full; it is empty before anybody
    // waited for the peer.
    if (was_full && !blocked_ && events_ != nullptr) events_->on_drained(worker_.now());
}

void SocketChannel::write_some() {
    if (tls_) {
        if (tls_->established() && out_.size() > out_at_) {
            if (wire_.empty()) worker_.lend(wire_);
            // What fails here fails for the reading side as well, which says so.
            tls_->write(base::as_bytes(out_).subspan(out_at_));
            out_at_ = out_.size();
        }
    }
    std::string& source = tls_ ? wire_ : out_;
    std::size_t& at = tls_ ? wire_at_ : out_at_;
    while (at < source.size()) {
        ssize_t sent = ::send(ready_->fd(), source.data() + at, source.size() - at, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent < 0 && errno != EAGAIN && errno != EWOULDBLOCK) {
            // The reading side will say what happened; there is no use in these bytes any more.
            at = source.size();
            if (closing_) return finish();
            break;
        }
        if (sent > 0) at += static_cast<std::size_t>(sent);
        if (at < source.size()) {
            blocked_ = true;
            ready_->arm_write();
            break;
        }
    }
    drop_written();
}

void SocketChannel::drop_written() {
    auto drop = [this](std::string& buffer, std::size_t& at) {
        if (at == buffer.size()) {
            worker_.take_back(buffer);
            at = 0;
        } else if (at > buffer.size() / 2) {
            buffer.erase(0, at);
            at = 0;
        }
    };
    drop(out_, out_at_);
    if (tls_) drop(wire_, wire_at_);
}

void SocketChannel::on_writable() {
    if (ready_ == nullptr) return;
    blocked_ = false;
    ++pending_posts_;
    flush();
    if (!blocked_ && !closing_ && events_ != nullptr) events_->on_drained(worker_.now());
    worker_.end_turn();
    --pending_posts_;
    if (disposed_) dispose();
}

// ---- ending

void SocketChannel::lost(ChannelClosed::Cause cause, std::string detail) {
    if (tls_ && !tls_->established()) count_failed_handshake(detail);
    ChannelEvents* events = std::exchange(events_, nullptr);
    closing_ = true;
    ++pending_posts_;
    if (events != nullptr) {
        ChannelClosed closed{cause, std::move(detail)};
        events->on_closed(closed, worker_.now());
    }
    --pending_posts_;
    finish();
}

void SocketChannel::count_failed_handshake(const std::string& why) {
    auto& shard = worker_.counts();
    if (role_ == TlsStream::Role::Client) return shard.server_tls_failed.add();
    shard.client_tls_failed.add();
    worker_.note_failed_handshake(why);
}

void SocketChannel::close() {
    if (closing_) return;
    events_ = nullptr;
    closing_ = true;
    closing_since_ns_ = worker_.now().mono_ns;
    if (ready_ == nullptr) return finish();
    worker_.mark_dirty(*this);
}

void SocketChannel::abort() {
    if (closing_ && disposed_) return;
    events_ = nullptr;
    closing_ = true;
    finish();
}

// Closing a socket with unread bytes resets it, which can destroy the last message on its way: end
// our side, read on until the peer ends its own.
void SocketChannel::linger() {
    if (lingering_) return;
    if (tls_) {
        tls_->shutdown();
        ::send(ready_->fd(), wire_.data() + wire_at_, wire_.size() - wire_at_, MSG_NOSIGNAL);
    }
    lingering_ = true;
    closing_since_ns_ = worker_.now().mono_ns;
    ::shutdown(ready_->fd(), SHUT_WR);
    discard_input();
}

void SocketChannel::discard_input() {
    auto buffer = worker_.receive_buffer();
    for (int round = 0; round < kRoundsPerTurn; ++round) {
        ssize_t got = ::recv(ready_->fd(), buffer.data(), buffer.size(), 0);
        if (got > 0 || (got < 0 && errno == EINTR)) continue;
        if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return ready_->arm_read();
        break;
    }
    finish();
}

void SocketChannel::sweep(std::int64_t now_ns) {
    if (closing_) {
        if (now_ns - closing_since_ns_ > (lingering_ ? kLingerNs : kFlushOnCloseNs)) finish();
        return;
    }
    if (!quiet_) {
        quiet_ = true;
        probed_ = false;
        return;
    }
    if (probed_ || !reading_ || ready_ == nullptr) return;
    probed_ = true;
    char byte;
    ssize_t got = ::recv(ready_->fd(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    if (got >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)) read_later();
}

void SocketChannel::finish() {
    if (disposed_) return;
    disposed_ = true;
    worker_.remove(*this);
    if (ready_ != nullptr) std::exchange(ready_, nullptr)->release();
    dispose();
}

void SocketChannel::release() {
    --pending_posts_;
    if (disposed_) dispose();
}

void SocketChannel::dispose() {
    if (pending_posts_ == 0 && !dirty) delete this;
}

}  // namespace pgsidecar::proxy
