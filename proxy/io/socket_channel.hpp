#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "proxy/core/channel.hpp"
#include "proxy/io/readiness.hpp"
#include "proxy/io/tls_stream.hpp"

namespace pgsidecar::proxy {

class Worker;

/// A Channel over a TCP or Unix socket, with TLS when asked.
///
/// Deletes itself: after close() or abort(), or after on_closed(), once nothing refers to it any
/// more. Thread: its worker's. What is sent in one turn goes out in one system call.
class SocketChannel final : public Channel, private Readiness::Handler {
public:
    /// Without a socket yet: for a connection that is being made.
    SocketChannel(Worker& worker, ChannelEvents* events, TlsStream::Role role)
        : worker_(worker), events_(events), role_(role) {}

    void set_events(ChannelEvents& events) { events_ = &events; }
    /// Gives it its socket (taken over). False: the socket could not be used and is closed.
    bool open(int fd, bool unix_socket, std::string server_name);
    /// The connection could not be made; tells the holder.
    void fail(const ChannelClosed& closed);
    void opened();
    /// What is queued is written now, at the end of a turn.
    void flush();
    /// Once a second: ends what lingers, and looks for an end of file that came together with the
    /// last bytes.
    void sweep(std::int64_t now_ns);
    /// The object stays while somebody holds it, even when it is closed meanwhile.
    void hold() { ++pending_posts_; }
    void release();
    bool ended() const { return disposed_; }

    // Channel
    void send(base::Bytes bytes) override;
    std::size_t unsent() const override { return out_.size() - out_at_ + wire_.size() - wire_at_; }
    void set_reading(bool on) override;
    void start_tls() override;
    void close() override;
    void abort() override;
    bool is_unix_socket() const override { return unix_socket_; }
    std::optional<TlsPeer> tls_peer() const override;
    admin::PeerFacts peer() const override;

    // Intrusive list of the worker's channels, for sweep().
    SocketChannel* prev = nullptr;
    SocketChannel* next = nullptr;
    bool listed = false;
    bool dirty = false;

private:
    ~SocketChannel() = default;

    void on_readable() override;
    void on_writable() override;
    void read_some();
    bool deliver(base::Bytes bytes);
    bool deliver_tls(base::Bytes bytes);
    bool continue_handshake();
    /// A client that begins with a TLS record instead of a packet (sslnegotiation=direct).
    bool begins_tls(base::Bytes bytes) const;
    void make_tls(bool direct);
    std::string tls_trouble() const;
    void count_failed_handshake(const std::string& why);
    void write_some();
    void drop_written();
    void lost(ChannelClosed::Cause cause, std::string detail);
    void linger();
    void discard_input();
    void finish();
    void dispose();
    void read_later();

    Worker& worker_;
    ChannelEvents* events_;
    Readiness* ready_ = nullptr;
    std::unique_ptr<TlsStream> tls_;
    std::string server_name_;
    std::string out_;   ///< plain bytes that wait for the end of the turn, or for the peer
    std::string wire_;  ///< with TLS: ciphertext that waits for the peer
    std::size_t out_at_ = 0, wire_at_ = 0;
    std::int64_t closing_since_ns_ = 0;
    TlsStream::Role role_;
    std::uint32_t pending_posts_ = 0;  ///< what still refers to this object
    bool read_posted_ = false;
    bool unix_socket_ = false;
    bool reading_ = true;
    bool blocked_ = false;       ///< the kernel took less than all; it tells when it takes more
    bool maybe_unread_ = false;  ///< reading stopped with bytes possibly left in the kernel
    bool closing_ = false;       ///< the holder has said close()
    bool lingering_ = false;     ///< all is written; waiting for the peer to end too
    bool disposed_ = false;
    bool untouched_ = true;   ///< no byte has come yet
    bool heard_ = false;      ///< the last bytes had some that are not TLS' own
    bool spoke_tls_ = false;  ///< plain bytes have come out of TLS
    bool quiet_ = false;      ///< nothing has come since the last sweep
    bool probed_ = false;
};

}  // namespace pgsidecar::proxy
