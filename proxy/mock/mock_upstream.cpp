#include "proxy/mock/mock_upstream.hpp"

#include "config/postgres_url.hpp"

namespace pgsidecar::proxy::mock {

config::UpstreamResult upstream_of(const config::Settings& settings) {
    config::Upstream upstream;
    if (const auto& url = settings.database.database_url; url && !url->empty()) {
        auto parsed = config::parse_upstream(*url);
        if (!parsed) {
            return config::ConfigError{"database_url cannot be read: " + parsed.error().sentence +
                                       "; mode mock needs none, so leave it out."};
        }
        upstream.user = parsed->user;
        upstream.password = parsed->password;
        upstream.database = parsed->database;
        upstream.ignored = parsed->ignored;
    }
    if (upstream.database.empty())
        upstream.database = upstream.user.empty() ? "postgres" : upstream.user;
    upstream.sslmode = config::SslMode::Disable;
    return upstream;
}

}  // namespace pgsidecar::proxy::mock
