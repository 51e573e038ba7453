#include "tests/support/certificates.hpp"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdexcept>

namespace pgsidecar::test {

namespace {

template <auto Free>
struct Freer {
    template <class T>
    void operator()(T* object) const {
        Free(object);
    }
};
using Bio = std::unique_ptr<BIO, Freer<BIO_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using X509Ptr = std::unique_ptr<X509, Freer<X509_free>>;

void check(bool ok, const char* what) {
    if (!ok) throw std::runtime_error(std::string("OpenSSL cannot make a certificate: ") + what);
}

template <class Write>
std::string pem(Write write) {
    Bio memory(BIO_new(BIO_s_mem()));
    check(write(memory.get()) == 1, "PEM");
    std::string text(BIO_ctrl_pending(memory.get()), '\0');
    BIO_read(memory.get(), text.data(), static_cast<int>(text.size()));
    return text;
}

void add_extension(X509& certificate, const X509& issuer, int kind, const std::string& value) {
    X509V3_CTX context{};
    X509V3_set_ctx(&context, const_cast<X509*>(&issuer), &certificate, nullptr, nullptr, 0);
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
    check(extension != nullptr && X509_add_ext(&certificate, extension, -1) == 1, value.c_str());
    X509_EXTENSION_free(extension);
}

std::string serial_text(const X509& certificate) {
    BIGNUM* number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(&certificate), nullptr);
    char* hex = BN_bn2hex(number);
    std::string text = hex;
    CRYPTO_free(hex, __FILE__, __LINE__);
    BN_free(number);
    return text;
}

}  // namespace

struct Authority::Signer {
    X509Ptr certificate;
    Key key;
};

Certificate Authority::make(const CertificateWishes& wishes, const Signer* signer, bool authority,
                            std::unique_ptr<Signer>* keep) {
    Key key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
    X509Ptr made(X509_new());
    check(key && made, "key");
    X509_set_version(made.get(), 2);
    std::uint64_t serial = 0;
    RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial);
    ASN1_INTEGER_set_uint64(X509_get_serialNumber(made.get()), serial >> 1U);
    X509_gmtime_adj(X509_getm_notBefore(made.get()), wishes.valid_from_s);
    X509_gmtime_adj(X509_getm_notAfter(made.get()), wishes.valid_to_s);
    X509_set_pubkey(made.get(), key.get());
    X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(wishes.common_name.data()),
                               static_cast<int>(wishes.common_name.size()), -1, 0);
    const X509& issuer = signer != nullptr ? *signer->certificate : *made;
    X509_set_issuer_name(made.get(), X509_get_subject_name(&issuer));
    add_extension(*made, issuer, NID_basic_constraints,
                  authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
    if (!wishes.alternative_names.empty())
        add_extension(*made, issuer, NID_subject_alt_name, wishes.alternative_names);
    EVP_PKEY* signing = signer != nullptr ? signer->key.get() : key.get();
    check(X509_sign(made.get(), signing, EVP_sha256()) > 0, "signature");
    Certificate out;
    out.certificate = pem([&](BIO* bio) { return PEM_write_bio_X509(bio, made.get()); });
    out.key = pem([&](BIO* bio) {
        return PEM_write_bio_PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    });
    if (keep != nullptr) *keep = std::make_unique<Signer>(Signer{std::move(made), std::move(key)});
    return out;
}

Authority::Authority(const std::string& name) {
    CertificateWishes wishes;
    wishes.common_name = name;
    own_ = make(wishes, nullptr, true, &signer_);
}

Authority::~Authority() = default;

Certificate Authority::issue(const CertificateWishes& wishes) const {
    return make(wishes, signer_.get(), false);
}

Certificate Authority::self_signed(const CertificateWishes& wishes) {
    return make(wishes, nullptr, false);
}

std::string serial_of(const std::string& certificate) {
    Bio memory(BIO_new_mem_buf(certificate.data(), static_cast<int>(certificate.size())));
    X509Ptr read(PEM_read_bio_X509(memory.get(), nullptr, nullptr, nullptr));
    check(read != nullptr, "PEM");
    return serial_text(*read);
}

}  // namespace pgsidecar::test
