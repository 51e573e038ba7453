#pragma once

#include <memory>
#include <string>

#include "config/upstream.hpp"

struct ssl_ctx_st;

namespace pgsidecar::proxy {

struct FreeTlsContext {
    void operator()(ssl_ctx_st* context) const;
};
using TlsContext = std::unique_ptr<ssl_ctx_st, FreeTlsContext>;

/// For connections to the server, by libpq's rules for sslmode, sslrootcert, sslcert and sslkey.
/// Null and a sentence when a file is missing or unusable. Null without a sentence: sslmode wants
/// no TLS.
TlsContext make_upstream_tls(const config::Upstream& upstream, std::string& problem);

}  // namespace pgsidecar::proxy
