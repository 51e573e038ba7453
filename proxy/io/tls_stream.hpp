#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "base/bytes.hpp"

struct ssl_st;
struct ssl_ctx_st;

namespace pgsidecar::proxy {

/// TLS without a socket: ciphertext in and out on one side, plain bytes on the other.
///
/// Thread: its channel's worker. OpenSSL does the work over memory BIOs.
class TlsStream {
public:
    enum class Role : unsigned char { Client, Server };
    enum class Status : unsigned char { Ok, WantsMore, Closed, Failed };

    /// server_name: for SNI and, where the context verifies hosts, the name to be found in the
    /// certificate.
    static std::unique_ptr<TlsStream> make(ssl_ctx_st* context, Role role,
                                           const std::string& server_name, bool verify_host);
    ~TlsStream();
    TlsStream(const TlsStream&) = delete;
    TlsStream& operator=(const TlsStream&) = delete;

    /// Ciphertext from the peer.
    void feed(base::Bytes ciphertext);
    Status handshake();
    bool established() const { return established_; }
    /// Plain bytes from the peer; count is set with Ok.
    Status read(std::span<std::byte> out, std::size_t& count);
    /// Plain bytes for the peer. False: the connection is unusable.
    bool write(base::Bytes plain);
    /// Appends what is to be sent to the peer.
    void take_output(std::string& ciphertext);
    /// close_notify.
    void shutdown();

    const std::string& error() const { return error_; }
    /// Such as "TLSv1.3".
    std::string version() const;

private:
    TlsStream() = default;
    Status status_of(int result);

    ssl_st* ssl_ = nullptr;
    bool established_ = false;
    std::string error_;
};

}  // namespace pgsidecar::proxy
