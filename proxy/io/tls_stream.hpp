#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "base/bytes.hpp"
#include "proxy/core/channel.hpp"

struct ssl_st;
struct ssl_ctx_st;
struct x509_store_ctx_st;

namespace pgsidecar::proxy {

/// TLS without a socket: ciphertext in and out on one side, plain bytes on the other.
///
/// Thread: its channel's worker. OpenSSL reads from the bytes that are fed and writes into the
/// channel's own buffer, so that an idle connection keeps neither.
class TlsStream {
public:
    enum class Role : unsigned char { Client, Server };
    enum class Status : unsigned char { Ok, WantsMore, Closed, Failed };

    struct Options {
        Role role = Role::Server;
        std::string host;          ///< of the server, for SNI, the check and error texts
        bool sends_name = true;    ///< SNI
        bool checks_host = false;  ///< the certificate must be for host
        bool needs_alpn = false;   ///< direct TLS: both sides must have said "postgresql"
    };

    /// wire: takes what is to be sent to the peer; outlives this. Null when memory is short.
    static std::unique_ptr<TlsStream> make(ssl_ctx_st* context, const Options& options,
                                           std::string& wire);
    ~TlsStream();
    TlsStream(const TlsStream&) = delete;
    TlsStream& operator=(const TlsStream&) = delete;

    /// Ciphertext from the peer; must stay until handshake() or read() says WantsMore.
    void feed(base::Bytes ciphertext) { input_ = ciphertext; }
    Status handshake();
    bool established() const { return established_; }
    /// Plain bytes from the peer; count is set with Ok.
    Status read(std::span<std::byte> out, std::size_t& count);
    /// Plain bytes for the peer. False: the connection is unusable.
    bool write(base::Bytes plain);
    /// close_notify.
    void shutdown();

    /// After Failed: a sentence.
    const std::string& error() const { return error_; }
    /// It was the peer's certificate that was not accepted.
    bool certificate_refused() const { return certificate_refused_; }
    TlsPeer peer() const;
    /// Such as "TLSv1.3".
    std::string version() const;

private:
    friend struct TlsWire;

    TlsStream(std::string& wire, bool needs_alpn, std::string host)
        : wire_(wire), host_(std::move(host)), needs_alpn_(needs_alpn) {}

    bool expect_host(bool checks, bool sends_name);
    Status status_of(int result);
    static int on_verified(int ok, x509_store_ctx_st* verification);

    ssl_st* ssl_ = nullptr;
    base::Bytes input_;
    std::string& wire_;
    std::string host_;
    std::string error_;
    bool needs_alpn_;
    bool established_ = false;
    bool certificate_refused_ = false;
};

}  // namespace pgsidecar::proxy
