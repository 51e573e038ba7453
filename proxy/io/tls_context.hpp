#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "config/settings.hpp"
#include "config/upstream.hpp"

struct ssl_ctx_st;

namespace pgsidecar::proxy {

/// Certificates, keys and rules for new TLS connections; those that are open keep theirs.
using TlsContext = std::shared_ptr<ssl_ctx_st>;

/// Of one worker. Null: no TLS on that side.
struct TlsContexts {
    TlsContext clients, upstream;
};

/// Where a server connection's files are, with libpq's defaults filled in; empty: none.
struct UpstreamTlsFiles {
    std::string roots, certificate, key;
};
UpstreamTlsFiles upstream_tls_files(const config::Upstream& upstream);

/// For connections to the server, by libpq's rules for sslmode, sslrootcert, sslcert, sslkey and
/// the protocol versions. Null and a sentence when a file is missing or unusable. Null without a
/// sentence: sslmode wants no TLS.
TlsContext make_upstream_tls(const config::Upstream& upstream, std::string& problem);

/// For clients, by the settings tls.*. Null without a sentence: no certificate is configured.
TlsContext make_client_tls(const config::Settings::Tls& settings, std::string& problem);

/// End of validity of the certificate that a context shows, in microseconds since 1970; 0: it shows
/// none.
std::int64_t certificate_expires_us(const TlsContext& context);

}  // namespace pgsidecar::proxy
