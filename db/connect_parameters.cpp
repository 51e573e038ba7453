#include "db/connect_parameters.hpp"

namespace pgsidecar::db {

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
        {"sslrootcert", upstream.sslrootcert},
        {"sslcert", upstream.sslcert},
        {"sslkey", upstream.sslkey},
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
