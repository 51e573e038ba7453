#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "proxy/core/channel.hpp"
#include "tests/support/exact_buffer.hpp"

namespace pgsidecar::test {

/// A byte stream whose two ends are the data plane and a script. As SocketChannel does, it hands
/// bytes to the peer at the end of the turn and reports on_drained() only after it had been
/// blocked.
///
/// Lives as long as its script, so that a use after the end is seen (misuses) instead of undefined.
class FakeChannel final : public proxy::Channel {
public:
    explicit FakeChannel(proxy::ChannelEvents* holder = nullptr) : events(holder) {}

    void send(base::Bytes bytes) override {
        if (ended) return misused();
        unsent_.append(base::as_text(bytes));
        most_unsent = std::max(most_unsent, unsent_.size());
    }
    std::size_t unsent() const override { return unsent_.size(); }
    void set_reading(bool on) override {
        if (ended) return misused();
        reading = on;
    }
    void start_tls() override {
        if (ended) return misused();
        tls_started = true;
    }
    void close() override {
        if (ended) return misused();
        ended = closing = true;
    }
    void abort() override {
        if (ended) return misused();
        ended = aborted = true;
        unsent_.clear();
    }
    bool is_unix_socket() const override { return unix_socket; }
    std::optional<proxy::TlsPeer> tls_peer() const override { return peer; }

    // The script's side.
    /// End of a turn: what the peer has room for goes over.
    void flush(const base::Now& now) {
        bool was_full = unsent_.size() > buffer_limit;
        std::size_t count = std::min(room, unsent_.size());
        to_peer.append(unsent_, 0, count);
        unsent_.erase(0, count);
        if (room != kUnbounded) room -= count;
        if (!unsent_.empty()) blocked = true;
        if (was_full && !blocked && !ended) events->on_drained(now);
    }
    /// The peer takes everything again.
    void unblock(const base::Now& now) {
        room = kUnbounded;
        bool was_blocked = std::exchange(blocked, false);
        buffer_limit = kUnbounded;  // on_drained() once, not twice
        flush(now);
        buffer_limit = kBufferLimit;
        if (was_blocked && !ended) events->on_drained(now);
    }
    /// Gives the holder up to count of the peer's bytes, in a buffer of exactly that size.
    void deliver(std::size_t count, const base::Now& now) {
        ExactBuffer buffer(std::string_view(from_peer).substr(0, count));
        from_peer.erase(0, buffer.bytes().size());
        events->on_bytes(buffer.bytes(), now);
    }
    void deliver_end(proxy::ChannelClosed closed, const base::Now& now) {
        ended = true;
        unsent_.clear();
        events->on_closed(closed, now);
    }
    bool over() const { return ended && unsent_.empty(); }

    static constexpr std::size_t kUnbounded = std::numeric_limits<std::size_t>::max();

    static constexpr std::size_t kBufferLimit = 65'536;  ///< limits.session_buffer_bytes

    proxy::ChannelEvents* events;
    std::size_t buffer_limit = kBufferLimit;
    std::string from_peer;  ///< not yet delivered to the holder
    std::string to_peer;    ///< taken by the peer
    std::size_t room = kUnbounded;
    std::size_t most_unsent = 0;
    int misuses = 0;
    bool reading = true;
    bool blocked = false;
    bool unix_socket = false;
    bool tls_started = false;
    bool tls_told = false;               ///< the holder knows that TLS is ready
    std::optional<proxy::TlsPeer> peer;  ///< what the handshake is to have shown
    bool peer_closed = false;
    bool ended = false;  ///< nothing may be called or delivered any more
    bool closing = false;
    bool aborted = false;

private:
    void misused() { ++misuses; }

    std::string unsent_;
};

}  // namespace pgsidecar::test
