#include "proxy/io/certificate_text.hpp"

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <ctime>
#include <memory>

#include "base/clock.hpp"

namespace pgsidecar::proxy {

namespace {

constexpr std::size_t kMaxNameBytes = 200;

struct FreeBio {
    void operator()(BIO* bio) const { BIO_free(bio); }
};

/// What print writes, cut and without control characters.
template <class Print>
std::string printed(Print print) {
    std::unique_ptr<BIO, FreeBio> memory(BIO_new(BIO_s_mem()));
    if (!memory || !print(memory.get())) return {};
    std::string text(kMaxNameBytes + 1, '\0');
    int got = BIO_read(memory.get(), text.data(), static_cast<int>(text.size()));
    text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    if (text.size() > kMaxNameBytes) text.replace(kMaxNameBytes - 3, std::string::npos, "...");
    for (char& c : text) {
        if (static_cast<unsigned char>(c) < ' ' || static_cast<unsigned char>(c) > '~') c = '?';
    }
    return text;
}

std::string name_text(const X509_NAME* name) {
    return printed(
        [&](BIO* bio) { return X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253) >= 0; });
}

std::int64_t to_us(const ASN1_TIME* time) {
    std::tm parts{};
    if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) return 0;
    return std::int64_t{timegm(&parts)} * 1'000'000;
}

/// The names a certificate is for: its alternative names, or its subject when it has none.
std::string names_of(const X509& certificate) {
    int at = X509_get_ext_by_NID(&certificate, NID_subject_alt_name, -1);
    if (at < 0) return name_text(X509_get_subject_name(&certificate));
    X509_EXTENSION* names = X509_get_ext(&certificate, at);
    return printed([&](BIO* bio) { return X509V3_EXT_print(bio, names, 0, 0) == 1; });
}

std::string what_is_wrong(int error, const X509& certificate, const std::string& host) {
    const bool server = !host.empty();
    const std::string issuer = name_text(X509_get_issuer_name(&certificate));
    const std::string roots = server ? "sslrootcert" : "tls.ca_file";
    switch (error) {
        case X509_V_ERR_CERT_HAS_EXPIRED:
            return "expired on " + base::to_iso8601(to_us(X509_get0_notAfter(&certificate))) +
                   "; renew it" + (server ? " at the server." : ".");
        case X509_V_ERR_CERT_NOT_YET_VALID:
            return "is valid only from " +
                   base::to_iso8601(to_us(X509_get0_notBefore(&certificate))) +
                   " on; compare the clocks of both machines.";
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
            return "is self-signed; when it is the right one, add it to " + roots + ".";
        case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
        case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        case X509_V_ERR_CERT_SIGNATURE_FAILURE:
            return "is issued by \"" + issuer + "\", which " + roots +
                   " does not vouch for; add that authority's certificate to " + roots + ".";
        case X509_V_ERR_HOSTNAME_MISMATCH:
        case X509_V_ERR_IP_ADDRESS_MISMATCH:
            return "is for " + names_of(certificate) + " and not for \"" + host +
                   "\"; write one of its names in database_url, or get a certificate for this "
                   "name.";
        default:
            return std::string("is not accepted: ") + X509_verify_cert_error_string(error) + ".";
    }
}

}  // namespace

std::int64_t expires_us(const x509_st& certificate) {
    return to_us(X509_get0_notAfter(&certificate));
}

std::string common_name(const x509_st& certificate) {
    const X509_NAME* subject = X509_get_subject_name(&certificate);
    int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    if (at < 0) return {};
    const ASN1_STRING* value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at));
    unsigned char* utf8 = nullptr;
    int length = ASN1_STRING_to_UTF8(&utf8, value);
    if (length < 0) return {};
    std::string name(reinterpret_cast<const char*>(utf8), static_cast<std::size_t>(length));
    CRYPTO_free(utf8, __FILE__, __LINE__);
    return name.find('\0') == std::string::npos ? name : std::string();
}

std::string certificate_problem(x509_store_ctx_st& verification, const std::string& host) {
    const int error = X509_STORE_CTX_get_error(&verification);
    const X509* certificate = X509_STORE_CTX_get_current_cert(&verification);
    const std::string whose =
        host.empty() ? "the client's certificate" : "the server's certificate";
    if (certificate == nullptr) return whose + ": " + X509_verify_cert_error_string(error) + ".";
    const bool of_chain = X509_STORE_CTX_get_error_depth(&verification) > 0;
    return (of_chain ? whose + " does not do: the authority \"" : whose + " \"") +
           name_text(X509_get_subject_name(certificate)) + "\" " +
           what_is_wrong(error, *certificate, host);
}

}  // namespace pgsidecar::proxy
