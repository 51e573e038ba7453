#pragma once

#include <functional>
#include <string>
#include <vector>

#include "proxy/io/certificate_report.hpp"
#include "proxy/io/tls_context.hpp"

namespace pgsidecar::proxy {

/// The TLS contexts in use, and the files they came from.
///
/// Thread: one at a time.
class TlsStore {
public:
    TlsStore(const config::Settings::Tls& clients, const config::Upstream& upstream);

    /// Reads everything, at start. A sentence on failure, empty on success.
    std::string load();
    /// Reads what has changed since. What cannot be used is logged once and changes nothing.
    CertificateReport look();
    TlsContexts contexts() const { return {clients_.context, upstream_.context}; }

private:
    struct Side {
        std::string_view name;
        std::vector<std::string> files;
        std::function<TlsContext(std::string& problem)> make;
        std::string seen;  ///< what the files looked like when they were last read
        TlsContext context;
    };

    static std::string load(Side& side);
    static void look(Side& side, CertificateReport& report);

    Side clients_, upstream_;
};

}  // namespace pgsidecar::proxy
