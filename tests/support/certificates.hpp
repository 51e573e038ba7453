#pragma once

#include <memory>
#include <string>

namespace pgsidecar::test {

/// A key and the certificate for it, as PEM texts.
struct Certificate {
    std::string certificate, key;
};

/// What is to stand in a certificate.
struct CertificateWishes {
    std::string common_name;
    std::string alternative_names;  ///< "DNS:localhost,IP:127.0.0.1"; empty: none
    long valid_from_s = -3'600;     ///< from now
    long valid_to_s = 86'400;
};

/// A certificate authority of the test's own. Keys are P-256, so that they are made in no time.
class Authority {
public:
    explicit Authority(const std::string& name = "Test Authority");
    ~Authority();

    /// Its own certificate, PEM.
    const std::string& certificate() const { return own_.certificate; }
    Certificate issue(const CertificateWishes& wishes) const;
    /// Signed with its own key instead of the authority's.
    static Certificate self_signed(const CertificateWishes& wishes);

private:
    struct Signer;
    static Certificate make(const CertificateWishes& wishes, const Signer* signer, bool authority,
                            std::unique_ptr<Signer>* keep = nullptr);

    std::unique_ptr<Signer> signer_;
    Certificate own_;
};

/// The serial number, as text, of a PEM certificate.
std::string serial_of(const std::string& certificate);

}  // namespace pgsidecar::test
