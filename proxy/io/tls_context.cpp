#include "proxy/io/tls_context.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <unistd.h>
#include <array>
#include <cstdlib>

#include "proxy/io/certificate_text.hpp"
#include "proxy/io/key_file.hpp"

namespace pgsidecar::proxy {

namespace {

using config::SslMode;

/// As ALPN has it: the name behind its length (manual, "SSL Session Encryption").
constexpr std::string_view kAlpn = "\x0apostgresql";

const unsigned char* alpn_bytes() { return reinterpret_cast<const unsigned char*>(kAlpn.data()); }

std::string reason() {
    const char* text = ERR_reason_error_string(ERR_get_error());
    ERR_clear_error();
    return text != nullptr ? text : "unknown error";
}

// OpenSSL would ask the terminal.
int no_passphrase(char*, int, int, void*) { return 0; }

TlsContext new_context(const SSL_METHOD* method, std::string& problem) {
    TlsContext context(SSL_CTX_new(method), SSL_CTX_free);
    if (!context) {
        problem = "OpenSSL cannot make a TLS context: " + reason() + ".";
        return nullptr;
    }
    // An idle session keeps no record buffers.
    SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_options(context.get(),
                        SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET);
    SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
    SSL_CTX_set_default_passwd_cb(context.get(), no_passphrase);
    return context;
}

bool load_pair(SSL_CTX* context, const std::string& certificate, const std::string& key,
               std::string_view names, std::string& problem) {
    if (SSL_CTX_use_certificate_chain_file(context, certificate.c_str()) != 1) {
        problem = std::string(names) + ": the certificate " + certificate +
                  " cannot be used: " + reason() + "; give a PEM file that can be read.";
    } else if (SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) != 1) {
        problem = std::string(names) + ": the key " + key +
                  " cannot be used with the certificate " + certificate + ": " + reason() +
                  "; give the certificate's own key as a PEM file without a passphrase.";
    }
    return problem.empty();
}

// ---- towards the server

std::string in_home(const char* name) {
    const char* home = std::getenv("HOME");  // NOLINT(concurrency-mt-unsafe): nobody changes it
    return home != nullptr ? std::string(home) + "/.postgresql/" + name : std::string();
}

bool exists(const std::string& path) { return !path.empty() && ::access(path.c_str(), R_OK) == 0; }

// libpq: without a root certificate "require" does not verify; with one it does what verify-ca
// does.
bool load_roots(SSL_CTX* context, const config::Upstream& upstream, const std::string& file,
                std::string& problem) {
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
                  " needs a root certificate and " + (file.empty() ? "none" : file) +
                  " cannot be read; set sslrootcert to a file, or to system.";
        return false;
    } else {
        return true;
    }
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    return true;
}

bool load_own_certificate(SSL_CTX* context, const config::Upstream& upstream,
                          const UpstreamTlsFiles& files, std::string& problem) {
    if (upstream.sslcert.empty() && !exists(files.certificate)) return true;
    if (!key_file_is_private(files.key, problem)) return false;
    return load_pair(context, files.certificate, files.key, "sslcert and sslkey", problem);
}

int version_of(const std::string& text, int if_empty) {
    constexpr std::array<std::pair<std::string_view, int>, 4> kVersions{
        {{"TLSv1", TLS1_VERSION},
         {"TLSv1.1", TLS1_1_VERSION},
         {"TLSv1.2", TLS1_2_VERSION},
         {"TLSv1.3", TLS1_3_VERSION}}};
    for (const auto& [name, version] : kVersions) {
        if (name == text) return version;
    }
    return if_empty;
}

// ---- towards clients

// A client that offers protocols but not ours has lost its way (ALPACA).
int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* chosen_length,
                    const unsigned char* offered, unsigned int length, void*) {
    std::string_view list(reinterpret_cast<const char*>(offered), length);
    for (std::size_t i = 0; i < list.size(); i += 1U + offered[i]) {
        if (list.substr(i, kAlpn.size()) != kAlpn) continue;
        *chosen = offered + i + 1;
        *chosen_length = offered[i];
        return SSL_TLSEXT_ERR_OK;
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

bool set_rules(SSL_CTX* context, const config::Settings::Tls& settings, std::string& problem) {
    bool only13 = settings.min_version == config::TlsVersion::Tls13;
    SSL_CTX_set_min_proto_version(context, only13 ? TLS1_3_VERSION : TLS1_2_VERSION);
    SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_num_tickets(context, 0);
    if (!settings.ciphers.empty() &&
        SSL_CTX_set_cipher_list(context, settings.ciphers.c_str()) != 1) {
        problem = "tls.ciphers is not a list of ciphers that OpenSSL knows: " + reason() +
                  "; openssl ciphers shows them.";
    } else if (!settings.ciphersuites.empty() &&
               SSL_CTX_set_ciphersuites(context, settings.ciphersuites.c_str()) != 1) {
        problem = "tls.ciphersuites is not a list of TLS 1.3 cipher suites that OpenSSL knows: " +
                  reason() + "; openssl ciphers -tls1_3 shows them.";
    }
    return problem.empty();
}

// A missing certificate is refused at login, where the client can be told why.
bool ask_for_certificate(SSL_CTX* context, const std::string& ca_file, std::string& problem) {
    auto* names = SSL_load_client_CA_file(ca_file.c_str());
    if (names == nullptr || SSL_CTX_load_verify_locations(context, ca_file.c_str(), nullptr) != 1) {
        sk_X509_NAME_pop_free(names, X509_NAME_free);
        problem = "tls.ca_file " + ca_file + " cannot be read as certificates: " + reason() + ".";
        return false;
    }
    SSL_CTX_set_client_CA_list(context, names);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_CLIENT_ONCE, nullptr);
    return true;
}

}  // namespace

UpstreamTlsFiles upstream_tls_files(const config::Upstream& upstream) {
    auto or_home = [](const std::string& given, const char* name) {
        return given.empty() ? in_home(name) : given;
    };
    return {or_home(upstream.sslrootcert, "root.crt"), or_home(upstream.sslcert, "postgresql.crt"),
            or_home(upstream.sslkey, "postgresql.key")};
}

TlsContext make_upstream_tls(const config::Upstream& upstream, std::string& problem) {
    if (upstream.sslmode == SslMode::Disable) return nullptr;
    TlsContext context = new_context(TLS_client_method(), problem);
    if (!context) return nullptr;
    SSL_CTX_set_min_proto_version(context.get(),
                                  version_of(upstream.ssl_min_protocol_version, TLS1_2_VERSION));
    SSL_CTX_set_max_proto_version(context.get(), version_of(upstream.ssl_max_protocol_version, 0));
    SSL_CTX_set_alpn_protos(context.get(), alpn_bytes(), kAlpn.size());
    UpstreamTlsFiles files = upstream_tls_files(upstream);
    if (!load_roots(context.get(), upstream, files.roots, problem) ||
        !load_own_certificate(context.get(), upstream, files, problem)) {
        return nullptr;
    }
    return context;
}

TlsContext make_client_tls(const config::Settings::Tls& settings, std::string& problem) {
    if (settings.client_mode == SslMode::Disable || settings.cert_file.empty()) return nullptr;
    TlsContext context = new_context(TLS_server_method(), problem);
    if (!context || !set_rules(context.get(), settings, problem) ||
        !load_pair(context.get(), settings.cert_file, settings.key_file,
                   "tls.cert_file and tls.key_file", problem)) {
        return nullptr;
    }
    SSL_CTX_set_alpn_select_cb(context.get(), choose_protocol, nullptr);
    bool verifies = settings.client_mode >= SslMode::VerifyCa;
    if (verifies && !ask_for_certificate(context.get(), settings.ca_file, problem)) return nullptr;
    return context;
}

std::int64_t certificate_expires_us(const TlsContext& context) {
    const X509* shown = context ? SSL_CTX_get0_certificate(context.get()) : nullptr;
    return shown != nullptr ? expires_us(*shown) : 0;
}

}  // namespace pgsidecar::proxy
