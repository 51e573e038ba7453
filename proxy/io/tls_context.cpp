#include "proxy/io/tls_context.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <unistd.h>
#include <cstdlib>

namespace pgsidecar::proxy {

namespace {

using config::SslMode;

std::string reason() {
    const char* text = ERR_reason_error_string(ERR_get_error());
    ERR_clear_error();
    return text != nullptr ? text : "unknown error";
}

std::string in_home(const char* name) {
    const char* home =
        std::getenv("HOME");  // NOLINT(concurrency-mt-unsafe): at start, before threads
    return home != nullptr ? std::string(home) + "/.postgresql/" + name : std::string();
}

bool exists(const std::string& path) { return !path.empty() && ::access(path.c_str(), R_OK) == 0; }

// libpq: without a root certificate "require" does not verify; with one it does what verify-ca
// does.
bool load_roots(SSL_CTX* context, const config::Upstream& upstream, std::string& problem) {
    std::string file = upstream.sslrootcert.empty() ? in_home("root.crt") : upstream.sslrootcert;
    bool must = upstream.sslmode >= SslMode::VerifyCa;
    if (file == "system") {
        SSL_CTX_set_default_verify_paths(context);
    } else if (exists(file)) {
        if (SSL_CTX_load_verify_locations(context, file.c_str(), nullptr) != 1) {
            problem = "sslrootcert " + file + " cannot be read as certificates: " + reason() + ".";
            return false;
        }
    } else if (must || !upstream.sslrootcert.empty()) {
        problem = "sslmode=" + std::string(to_string(upstream.sslmode)) +
                  " needs a root certificate and " + file +
                  " cannot be read; set sslrootcert to a file, or to system.";
        return false;
    } else {
        return true;
    }
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    return true;
}

bool load_client_certificate(SSL_CTX* context, const config::Upstream& upstream,
                             std::string& problem) {
    std::string certificate =
        upstream.sslcert.empty() ? in_home("postgresql.crt") : upstream.sslcert;
    std::string key = upstream.sslkey.empty() ? in_home("postgresql.key") : upstream.sslkey;
    if (upstream.sslcert.empty() && !exists(certificate)) return true;
    if (SSL_CTX_use_certificate_chain_file(context, certificate.c_str()) != 1 ||
        SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) != 1) {
        problem =
            "sslcert " + certificate + " and sslkey " + key + " cannot be used: " + reason() + ".";
        return false;
    }
    return true;
}

}  // namespace

void FreeTlsContext::operator()(ssl_ctx_st* context) const { SSL_CTX_free(context); }

TlsContext make_upstream_tls(const config::Upstream& upstream, std::string& problem) {
    if (upstream.sslmode <= SslMode::Allow) return nullptr;
    TlsContext context(SSL_CTX_new(TLS_client_method()));
    if (!context) {
        problem = "OpenSSL cannot make a TLS context: " + reason() + ".";
        return nullptr;
    }
    SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
    SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);
    if (!load_roots(context.get(), upstream, problem) ||
        !load_client_certificate(context.get(), upstream, problem)) {
        return nullptr;
    }
    return context;
}

}  // namespace pgsidecar::proxy
