#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/upstream.hpp"

namespace pgsidecar::config {

/// Collects the parameters of one connection string, whatever its form, into an Upstream.
class ConnectionParameters {
public:
    /// value: decoded. A later one of the same name wins, as in libpq. A sentence when it cannot
    /// be.
    [[nodiscard]] std::optional<std::string> take(std::string_view name, std::string_view value);

    /// Comma-separated lists, as in host=a,b port=1,2.
    void take_hosts(std::string_view list);
    void take_ports(std::string_view list);

    /// One host of a URL's authority; port may be empty.
    void add_host(std::string host, std::string port);

    Upstream& upstream() { return upstream_; }

    /// Pairs hosts with ports. Errors: a bad port, more ports than hosts.
    UpstreamResult finish();

    /// A sentence when no such value of a parameter about TLS exists; nothing for other parameters.
    static std::optional<std::string> tls_mistake(std::string_view name, std::string_view value);

private:
    std::optional<std::string> take_sslmode(std::string_view value);

    Upstream upstream_;
    std::vector<std::string> hosts_, ports_;
};

}  // namespace pgsidecar::config
