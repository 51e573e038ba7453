#include "db/connect_parameters.hpp"

#include <libpq-fe.h>
#include <unistd.h>
#include <array>

namespace pgsidecar::db {

namespace {

/// libpq before 16 takes "system" for a file's name; there it gets the file it stands for.
std::string root_certificates(const std::string& given) {
    if (given != "system" || PQlibVersion() >= 160'000) return given;
    constexpr std::array kBundles{"/etc/ssl/certs/ca-certificates.crt",
                                  "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"};
    for (const char* bundle : kBundles) {
        if (::access(bundle, R_OK) == 0) return bundle;
    }
    return given;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> connect_parameters(
    const config::Upstream& upstream, const Endpoint& endpoint, bool tls_required) {
    config::SslMode sslmode = upstream.sslmode;
    if (tls_required && sslmode < config::SslMode::Require) sslmode = config::SslMode::Require;
    std::vector<std::pair<std::string, std::string>> parameters{
        {"host", endpoint.host},
        {"hostaddr", endpoint.address},
        {"port", std::to_string(endpoint.port)},
        {"user", upstream.user},
        {"password", upstream.password},
        {"dbname", upstream.database},
        {"sslmode", std::string(to_string(sslmode))},
        {"sslrootcert", root_certificates(upstream.sslrootcert)},
        {"sslcert", upstream.sslcert},
        {"sslkey", upstream.sslkey},
        {"sslsni", upstream.sslsni},
        {"ssl_min_protocol_version", upstream.ssl_min_protocol_version},
        {"ssl_max_protocol_version", upstream.ssl_max_protocol_version},
        // libpq before 17 does not know direct TLS; the server takes both.
        {"sslnegotiation", PQlibVersion() >= 170'000 ? upstream.sslnegotiation : std::string()},
        {"options", upstream.options},
        {"application_name", "pgsidecar"},
        {"client_encoding", "UTF8"},
        // Would ask a ticket cache and block on a key server.
        {"gssencmode", "disable"},
    };
    std::erase_if(parameters, [](const auto& parameter) { return parameter.second.empty(); });
    return parameters;
}

}  // namespace pgsidecar::db
