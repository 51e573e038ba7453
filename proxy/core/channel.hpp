#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "proxy/admin/facts.hpp"

namespace pgsidecar::proxy {

/// Why a byte stream ended or could not be opened.
struct ChannelClosed {
    enum class Cause : std::uint8_t {
        Eof,
        Reset,
        ConnectRefused,
        HostNotFound,
        TimedOut,
        Unreachable,
        TlsRefused,          ///< the server has no TLS
        CertificateRefused,  ///< of the peer, by us
        TlsFailed,           ///< no agreement for another reason
        Other,
    };
    Cause cause = Cause::Eof;
    std::string detail;  ///< for the log and for DETAIL of an error; names no secret
};

/// What is known of the other side of a TLS connection.
struct TlsPeer {
    std::string protocol, cipher;  ///< "TLSv1.3", "TLS_AES_256_GCM_SHA384"
    bool certificate = false;      ///< it showed one that was verified
    std::string common_name;       ///< of that certificate; empty when it has none that is a text
};

/// One byte stream as the data plane sees it: TCP, Unix socket or TLS over them, or a test's
/// script.
///
/// The pointer is valid until the holder calls close() or abort(), or on_closed() has been
/// delivered. Nothing is delivered after close() or abort().
class Channel {
public:
    /// Appends to what is to be written; goes out at the end of the turn.
    virtual void send(base::Bytes bytes) = 0;
    /// Bytes that the peer has not taken yet.
    virtual std::size_t unsent() const = 0;
    /// Stops or resumes delivery of on_bytes(). What the kernel holds stays there and pushes the
    /// peer back.
    virtual void set_reading(bool on) = 0;
    /// Starts TLS: as server towards a client, as client towards a server. on_tls_ready() or
    /// on_closed() follows. A client that begins with TLS at once is given it without this call.
    virtual void start_tls() = 0;
    /// Writes what is left, then closes; gives up after a bounded time.
    virtual void close() = 0;
    /// Closes at once.
    virtual void abort() = 0;
    /// True for a Unix socket, over which nobody speaks TLS.
    virtual bool is_unix_socket() const = 0;
    /// Nothing while TLS is not established.
    virtual std::optional<TlsPeer> tls_peer() const { return std::nullopt; }
    /// Who is at the other end, for people. Asked seldom: it may ask the system.
    virtual admin::PeerFacts peer() const { return {}; }

protected:
    ~Channel() = default;
};

/// What a channel tells its holder. Thread: the worker's.
class ChannelEvents {
public:
    virtual void on_open(const base::Now& now) = 0;
    virtual void on_tls_ready(const base::Now& now) = 0;
    /// The view dies on return.
    virtual void on_bytes(base::Bytes bytes, const base::Now& now) = 0;
    /// All that was sent has been taken by the kernel, after unsent() had been above zero.
    virtual void on_drained(const base::Now& now) = 0;
    virtual void on_closed(const ChannelClosed& closed, const base::Now& now) = 0;
    /// True when no more bytes are expected just now: a short read then means that all has been
    /// read.
    virtual bool at_rest() const = 0;

protected:
    ~ChannelEvents() = default;
};

}  // namespace pgsidecar::proxy
