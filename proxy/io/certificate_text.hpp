#pragma once

#include <cstdint>
#include <string>

struct x509_st;
struct x509_store_ctx_st;

namespace pgsidecar::proxy {

/// End of validity, in microseconds since 1970.
std::int64_t expires_us(const x509_st& certificate);

/// The common name; empty when there is none, or one with a zero byte in it (CVE-2009-4034).
std::string common_name(const x509_st& certificate);

/// Why a peer's certificate was not accepted: what is wrong, whose certificate it is, what to do.
/// host: the server's, as configured; empty: the peer is a client. Names in it are the peer's
/// words, escaped and cut.
std::string certificate_problem(x509_store_ctx_st& verification, const std::string& host);

}  // namespace pgsidecar::proxy
