#include "proxy/io/tls_stream.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace pgsidecar::proxy {

namespace {

std::string last_error(SSL* ssl) {
    long verify = SSL_get_verify_result(ssl);
    unsigned long code = ERR_get_error();
    if (verify != X509_V_OK)
        return std::string("certificate: ") + X509_verify_cert_error_string(verify);
    const char* reason = code != 0 ? ERR_reason_error_string(code) : nullptr;
    return reason != nullptr ? reason : "the peer broke off";
}

}  // namespace

std::unique_ptr<TlsStream> TlsStream::make(SSL_CTX* context, Role role,
                                           const std::string& server_name, bool verify_host) {
    std::unique_ptr<TlsStream> stream(new TlsStream());
    stream->ssl_ = SSL_new(context);
    BIO* in = BIO_new(BIO_s_mem());
    BIO* out = BIO_new(BIO_s_mem());
    if (stream->ssl_ == nullptr || in == nullptr || out == nullptr) {
        BIO_free(in);
        BIO_free(out);
        return nullptr;
    }
    BIO_set_mem_eof_return(in, -1);
    SSL_set_bio(stream->ssl_, in, out);
    if (role == Role::Server) {
        SSL_set_accept_state(stream->ssl_);
        return stream;
    }
    SSL_set_connect_state(stream->ssl_);
    ASN1_OCTET_STRING* address = a2i_IPADDRESS(server_name.c_str());
    bool is_address = address != nullptr;
    ASN1_OCTET_STRING_free(address);
    // RFC 6066: SNI carries names only.
    if (!server_name.empty() && !is_address) {
        // The call behind SSL_set_tlsext_host_name, whose macro casts the old way.
        SSL_ctrl(stream->ssl_, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                 const_cast<char*>(server_name.c_str()));
    }
    if (verify_host) {
        X509_VERIFY_PARAM* parameters = SSL_get0_param(stream->ssl_);
        if (is_address) {
            X509_VERIFY_PARAM_set1_ip_asc(parameters, server_name.c_str());
        } else {
            X509_VERIFY_PARAM_set1_host(parameters, server_name.data(), server_name.size());
        }
    }
    return stream;
}

TlsStream::~TlsStream() { SSL_free(ssl_); }

void TlsStream::feed(base::Bytes ciphertext) {
    BIO_write(SSL_get_rbio(ssl_), ciphertext.data(), static_cast<int>(ciphertext.size()));
}

TlsStream::Status TlsStream::status_of(int result) {
    switch (SSL_get_error(ssl_, result)) {
        case SSL_ERROR_NONE: return Status::Ok;
        case SSL_ERROR_WANT_READ:
        case SSL_ERROR_WANT_WRITE: return Status::WantsMore;
        case SSL_ERROR_ZERO_RETURN: return Status::Closed;
        default: break;
    }
    error_ = last_error(ssl_);
    ERR_clear_error();
    return Status::Failed;
}

TlsStream::Status TlsStream::handshake() {
    ERR_clear_error();
    Status status = status_of(SSL_do_handshake(ssl_));
    established_ = status == Status::Ok;
    return status;
}

TlsStream::Status TlsStream::read(std::span<std::byte> out, std::size_t& count) {
    ERR_clear_error();
    return status_of(SSL_read_ex(ssl_, out.data(), out.size(), &count) == 1 ? 1 : -1);
}

bool TlsStream::write(base::Bytes plain) {
    ERR_clear_error();
    std::size_t written = 0;
    // A memory BIO takes everything, so the write is whole or fails.
    return plain.empty() || SSL_write_ex(ssl_, plain.data(), plain.size(), &written) == 1;
}

void TlsStream::take_output(std::string& ciphertext) {
    BIO* out = SSL_get_wbio(ssl_);
    std::size_t pending = BIO_ctrl_pending(out);
    if (pending == 0) return;
    std::size_t at = ciphertext.size();
    ciphertext.resize(at + pending);
    BIO_read(out, ciphertext.data() + at, static_cast<int>(pending));
}

void TlsStream::shutdown() {
    if (established_) SSL_shutdown(ssl_);
}

std::string TlsStream::version() const { return SSL_get_version(ssl_); }

}  // namespace pgsidecar::proxy
