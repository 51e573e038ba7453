#include "proxy/io/tls_stream.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "proxy/io/certificate_text.hpp"
#include "proxy/io/tls_wire.hpp"

namespace pgsidecar::proxy {

std::unique_ptr<TlsStream> TlsStream::make(SSL_CTX* context, const Options& options,
                                           std::string& wire) {
    std::unique_ptr<TlsStream> stream(new TlsStream(wire, options.needs_alpn, options.host));
    stream->ssl_ = SSL_new(context);
    BIO* bio = stream->ssl_ != nullptr ? TlsWire::make(*stream) : nullptr;
    if (bio == nullptr) return nullptr;
    SSL* ssl = stream->ssl_;
    SSL_set_bio(ssl, bio, bio);
    SSL_set_ex_data(ssl, 0, stream.get());
    SSL_set_verify(ssl, SSL_get_verify_mode(ssl), &TlsStream::on_verified);
    if (options.role == Role::Server) {
        SSL_set_accept_state(ssl);
        return stream;
    }
    SSL_set_connect_state(ssl);
    if (!stream->expect_host(options.checks_host, options.sends_name)) return nullptr;
    return stream;
}

TlsStream::~TlsStream() { SSL_free(ssl_); }

bool TlsStream::expect_host(bool checks, bool sends_name) {
    ASN1_OCTET_STRING* address = a2i_IPADDRESS(host_.c_str());
    bool is_address = address != nullptr;
    ASN1_OCTET_STRING_free(address);
    ERR_clear_error();
    // RFC 6066: SNI carries names only.
    if (sends_name && !host_.empty() && !is_address) {
        // The call behind SSL_set_tlsext_host_name, whose macro casts the old way. A name that is
        // too long for it is no name of a server either.
        if (SSL_ctrl(ssl_, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, host_.data()) !=
            1)
            return false;
    }
    if (!checks) return true;
    X509_VERIFY_PARAM* parameters = SSL_get0_param(ssl_);
    X509_VERIFY_PARAM_set_hostflags(parameters, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (is_address) return X509_VERIFY_PARAM_set1_ip_asc(parameters, host_.c_str()) == 1;
    return X509_VERIFY_PARAM_set1_host(parameters, host_.data(), host_.size()) == 1;
}

int TlsStream::on_verified(int ok, X509_STORE_CTX* verification) {
    if (ok == 1) return 1;
    auto* ssl = static_cast<SSL*>(
        X509_STORE_CTX_get_ex_data(verification, SSL_get_ex_data_X509_STORE_CTX_idx()));
    auto* stream = static_cast<TlsStream*>(SSL_get_ex_data(ssl, 0));
    stream->certificate_refused_ = true;
    stream->error_ =
        certificate_problem(*verification, SSL_is_server(ssl) == 1 ? std::string() : stream->host_);
    return 0;
}

TlsStream::Status TlsStream::status_of(int result) {
    switch (SSL_get_error(ssl_, result)) {
        case SSL_ERROR_NONE: return Status::Ok;
        case SSL_ERROR_WANT_READ:
        case SSL_ERROR_WANT_WRITE: return Status::WantsMore;
        case SSL_ERROR_ZERO_RETURN: return Status::Closed;
        default: break;
    }
    unsigned long code = ERR_get_error();
    const char* reason = code != 0 ? ERR_reason_error_string(code) : nullptr;
    if (error_.empty()) error_ = reason != nullptr ? reason : "the peer broke off";
    ERR_clear_error();
    return Status::Failed;
}

TlsStream::Status TlsStream::handshake() {
    ERR_clear_error();
    Status status = status_of(SSL_do_handshake(ssl_));
    if (status != Status::Ok) return status;
    const unsigned char* protocol = nullptr;
    unsigned int length = 0;
    SSL_get0_alpn_selected(ssl_, &protocol, &length);
    if (needs_alpn_ && length == 0) {
        error_ =
            "direct TLS without ALPN \"postgresql\"; both sides must speak PostgreSQL's direct "
            "TLS (sslnegotiation=direct)";
        return Status::Failed;
    }
    established_ = true;
    return status;
}

TlsStream::Status TlsStream::read(std::span<std::byte> out, std::size_t& count) {
    ERR_clear_error();
    return status_of(SSL_read_ex(ssl_, out.data(), out.size(), &count) == 1 ? 1 : -1);
}

bool TlsStream::write(base::Bytes plain) {
    ERR_clear_error();
    std::size_t written = 0;
    // The wire takes everything, so the write is whole or fails.
    return plain.empty() || SSL_write_ex(ssl_, plain.data(), plain.size(), &written) == 1;
}

void TlsStream::shutdown() {
    if (established_) SSL_shutdown(ssl_);
    ERR_clear_error();
}

TlsPeer TlsStream::peer() const {
    TlsPeer peer;
    peer.protocol = SSL_get_version(ssl_);
    peer.cipher = SSL_get_cipher_name(ssl_);
    const X509* certificate = SSL_get0_peer_certificate(ssl_);
    if (certificate == nullptr || SSL_get_verify_result(ssl_) != X509_V_OK) return peer;
    peer.certificate = (SSL_get_verify_mode(ssl_) & SSL_VERIFY_PEER) != 0;
    peer.common_name = common_name(*certificate);
    return peer;
}

std::string TlsStream::version() const { return SSL_get_version(ssl_); }

}  // namespace pgsidecar::proxy
