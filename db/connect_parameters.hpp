#pragma once

#include <string>
#include <utility>
#include <vector>

#include "config/upstream.hpp"

namespace pgsidecar::db {

/// One place to connect to: a host's name and one of its addresses.
struct Endpoint {
    std::string host;     ///< name (for TLS), address, or folder of a Unix socket
    std::string address;  ///< numeric; empty for a Unix socket
    std::uint16_t port = 0;

    friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

/// libpq's keywords and values (manual, "Parameter Key Words").
///
/// Fields stay fields: nothing is pasted into a connection string, so no value can become a
/// keyword. tls_required: raises a weaker sslmode to `require`, for mode supabase. The result holds
/// the password.
std::vector<std::pair<std::string, std::string>> connect_parameters(
    const config::Upstream& upstream, const Endpoint& endpoint, bool tls_required);

}  // namespace pgsidecar::db
