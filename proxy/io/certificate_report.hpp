#pragma once

#include <cstdint>

namespace pgsidecar::proxy {

/// What a look at the certificate files brought, and how long what is in use now is valid.
struct CertificateReport {
    int renewed = 0;  ///< sides whose changed files are in use now
    int failed = 0;   ///< sides whose changed files cannot be used; the old ones stay
    std::int64_t client_expires_us = 0, server_expires_us = 0;  ///< 0: no certificate
};

}  // namespace pgsidecar::proxy
