#include "tests/support/tls_endpoint.hpp"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <array>
#include <stdexcept>

namespace pgsidecar::test {

namespace {

template <class Object, class Read>
Object* from_pem(const std::string& text, Read read) {
    BIO* memory = BIO_new_mem_buf(text.data(), static_cast<int>(text.size()));
    Object* object = read(memory, nullptr, nullptr, nullptr);
    BIO_free(memory);
    if (object == nullptr) throw std::runtime_error("a PEM text that OpenSSL cannot read");
    return object;
}

std::string wire_form(const std::string& protocol) {
    return std::string(1, static_cast<char>(protocol.size())) + protocol;
}

int choose(SSL*, const unsigned char** out, unsigned char* out_length, const unsigned char* offered,
           unsigned int length, void* wanted) {
    const auto& name = *static_cast<const std::string*>(wanted);
    std::string_view list(reinterpret_cast<const char*>(offered), length);
    auto at = list.find(name);
    if (name.empty() || at == std::string_view::npos) return SSL_TLSEXT_ERR_NOACK;
    *out = offered + at + 1;
    *out_length = offered[at];
    return SSL_TLSEXT_ERR_OK;
}

}  // namespace

struct TlsEndpoint::Impl {
    ~Impl() {
        SSL_free(ssl);
        SSL_CTX_free(context);
    }

    void set_up(const TlsEndpointOptions& options);
    bool flush(Deadline deadline);
    /// Waits for bytes of the peer. False: it is gone.
    bool fill(Deadline deadline, bool& late);
    bool failed(int result);

    Socket socket;
    SSL_CTX* context = nullptr;
    SSL* ssl = nullptr;
    std::string alpn, error;
};

void TlsEndpoint::Impl::set_up(const TlsEndpointOptions& options) {
    context = SSL_CTX_new(options.server ? TLS_server_method() : TLS_client_method());
    alpn = options.alpn.empty() ? "" : wire_form(options.alpn);
    if (!options.own.certificate.empty()) {
        X509* shown = from_pem<X509>(options.own.certificate, PEM_read_bio_X509);
        EVP_PKEY* key = from_pem<EVP_PKEY>(options.own.key, PEM_read_bio_PrivateKey);
        SSL_CTX_use_certificate(context, shown);
        SSL_CTX_use_PrivateKey(context, key);
        X509_free(shown);
        EVP_PKEY_free(key);
    }
    if (!options.authorities.empty()) {
        X509* root = from_pem<X509>(options.authorities, PEM_read_bio_X509);
        X509_STORE_add_cert(SSL_CTX_get_cert_store(context), root);
        X509_free(root);
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    }
    if (options.server) {
        SSL_CTX_set_alpn_select_cb(context, choose, &alpn);
    } else if (!alpn.empty()) {
        SSL_CTX_set_alpn_protos(context, reinterpret_cast<const unsigned char*>(alpn.data()),
                                static_cast<unsigned>(alpn.size()));
    }
    ssl = SSL_new(context);
    SSL_set_bio(ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    std::string name = options.server_name;
    if (!name.empty())
        SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name.data());
    options.server ? SSL_set_accept_state(ssl) : SSL_set_connect_state(ssl);
}

bool TlsEndpoint::Impl::flush(Deadline deadline) {
    BIO* out = SSL_get_wbio(ssl);
    std::string bytes(BIO_ctrl_pending(out), '\0');
    if (bytes.empty()) return true;
    BIO_read(out, bytes.data(), static_cast<int>(bytes.size()));
    return socket.write_all(bytes, deadline);
}

bool TlsEndpoint::Impl::fill(Deadline deadline, bool& late) {
    std::string bytes;
    auto outcome = socket.read_some(bytes, 65'536, deadline);
    late = outcome == ReadOutcome::TimedOut;
    if (outcome != ReadOutcome::Data) return false;
    BIO_write(SSL_get_rbio(ssl), bytes.data(), static_cast<int>(bytes.size()));
    return true;
}

bool TlsEndpoint::Impl::failed(int result) {
    int code = SSL_get_error(ssl, result);
    if (code == SSL_ERROR_WANT_READ || code == SSL_ERROR_WANT_WRITE) return false;
    const char* reason = ERR_reason_error_string(ERR_get_error());
    error = reason != nullptr ? reason : "end";
    ERR_clear_error();
    return true;
}

TlsEndpoint::TlsEndpoint(Socket socket, const TlsEndpointOptions& options)
    : impl_(std::make_unique<Impl>()) {
    impl_->socket = std::move(socket);
    impl_->set_up(options);
}

TlsEndpoint::~TlsEndpoint() = default;
TlsEndpoint::TlsEndpoint(TlsEndpoint&&) noexcept = default;

bool TlsEndpoint::handshake(Deadline deadline) {
    while (true) {
        ERR_clear_error();
        int result = SSL_do_handshake(impl_->ssl);
        bool broken = result != 1 && impl_->failed(result);
        impl_->flush(deadline);
        if (result == 1) return true;
        if (broken) return false;
        bool late = false;
        if (impl_->fill(deadline, late)) continue;
        if (late) throw std::runtime_error("no TLS handshake before the deadline");
        impl_->error = "the peer closed";
        return false;
    }
}

bool TlsEndpoint::send(std::string_view bytes, Deadline deadline) {
    std::size_t written = 0;
    if (SSL_write_ex(impl_->ssl, bytes.data(), bytes.size(), &written) != 1) return false;
    return impl_->flush(deadline);
}

bool TlsEndpoint::update_keys(int times, Deadline deadline) {
    for (int i = 0; i < times; ++i) {
        if (SSL_key_update(impl_->ssl, SSL_KEY_UPDATE_REQUESTED) != 1) return false;
        if (SSL_do_handshake(impl_->ssl) != 1) return false;
    }
    return impl_->flush(deadline);
}

bool TlsEndpoint::read_some(std::string& into, Deadline deadline) {
    std::array<char, 16'384> buffer;
    while (true) {
        ERR_clear_error();
        int got = SSL_read(impl_->ssl, buffer.data(), static_cast<int>(buffer.size()));
        if (got > 0) {
            into.append(buffer.data(), static_cast<std::size_t>(got));
            return true;
        }
        if (impl_->failed(got)) return false;
        bool late = false;
        if (!impl_->fill(deadline, late)) return late;
    }
}

std::string TlsEndpoint::read_bytes(std::size_t end, Deadline deadline) {
    std::string bytes;
    while (bytes.size() < end) {
        std::size_t before = bytes.size();
        if (!read_some(bytes, deadline) || bytes.size() == before) break;
    }
    return bytes;
}

Socket& TlsEndpoint::socket() { return impl_->socket; }
const std::string& TlsEndpoint::error() const { return impl_->error; }
std::string TlsEndpoint::version() const { return SSL_get_version(impl_->ssl); }

std::string TlsEndpoint::alpn() const {
    const unsigned char* name = nullptr;
    unsigned int length = 0;
    SSL_get0_alpn_selected(impl_->ssl, &name, &length);
    return length == 0 ? "" : std::string(reinterpret_cast<const char*>(name), length);
}

std::string TlsEndpoint::peer_serial() const {
    const X509* peer = SSL_get0_peer_certificate(impl_->ssl);
    if (peer == nullptr) return {};
    BIO* memory = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(memory, peer);
    std::string text(BIO_ctrl_pending(memory), '\0');
    BIO_read(memory, text.data(), static_cast<int>(text.size()));
    BIO_free(memory);
    return serial_of(text);
}

}  // namespace pgsidecar::test
