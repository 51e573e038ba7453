#include "config/upstream.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "config/postgres_url.hpp"

namespace pgsidecar::config {
namespace {

constexpr std::uint16_t kPostgresPort = 5432;
/// Debian's libpq looks here when no host is given.
constexpr std::string_view kSocketFolder = "/var/run/postgresql";
constexpr std::array<std::string_view, 6> kSslModes{"disable", "allow",     "prefer",
                                                    "require", "verify-ca", "verify-full"};

std::string url_host(const HostPort& host) {
    std::string out = percent_encoded(host.host);
    if (host.host.find(':') != std::string::npos && !host.is_unix_socket()) {
        for (auto at = out.find("%3A"); at != std::string::npos; at = out.find("%3A", at)) {
            out.replace(at, 3, ":");
        }
        out = "[" + out + "]";
    }
    if (host.port != 0) out += ":" + std::to_string(host.port);
    return out;
}

std::string url_parameters(const Upstream& upstream) {
    std::string out;
    auto add = [&](std::string_view name, std::string_view value) {
        if (value.empty()) return;
        out += out.empty() ? '?' : '&';
        out.append(name).append("=").append(percent_encoded(value));
    };
    if (upstream.sslmode_given) add("sslmode", to_string(upstream.sslmode));
    add("sslrootcert", upstream.sslrootcert);
    add("sslcert", upstream.sslcert);
    add("sslkey", upstream.sslkey);
    add("sslsni", upstream.sslsni);
    add("sslnegotiation", upstream.sslnegotiation);
    add("ssl_min_protocol_version", upstream.ssl_min_protocol_version);
    add("ssl_max_protocol_version", upstream.ssl_max_protocol_version);
    add("application_name", upstream.application_name);
    if (upstream.connect_timeout_s > 0) {
        add("connect_timeout", std::to_string(upstream.connect_timeout_s));
    }
    add("options", upstream.options);
    return out;
}

std::string url_with(const Upstream& upstream, std::string_view password) {
    std::string out = "postgres://" + percent_encoded(upstream.user);
    if (!upstream.password.empty()) out.append(":").append(password);
    if (!upstream.user.empty() || !upstream.password.empty()) out += '@';
    for (std::size_t i = 0; i < upstream.hosts.size(); ++i) {
        out += (i > 0 ? "," : "") + url_host(upstream.hosts[i]);
    }
    if (!upstream.database.empty()) out += "/" + percent_encoded(upstream.database);
    return out + url_parameters(upstream);
}

/// "https://abcd.supabase.co/..." -> "db.abcd.supabase.co"; empty for any other address.
std::string supabase_database_host(std::string_view url) {
    constexpr std::string_view kScheme = "https://";
    if (!url.starts_with(kScheme)) return {};
    url.remove_prefix(kScheme.size());
    const auto host = url.substr(0, url.find_first_of(":/?"));
    const auto dot = std::min(host.find('.'), host.size());
    const auto ref = host.substr(0, dot);
    const auto domain = host.substr(dot);
    const bool plain = !ref.empty() && std::all_of(ref.begin(), ref.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    });
    if (!plain || (domain != ".supabase.co" && domain != ".supabase.in")) return {};
    return "db." + std::string(host);
}

UpstreamResult derived_from_supabase(const Settings& settings) {
    if (settings.supabase.db_password.empty()) {
        return ConfigError{
            "mode supabase needs a PostgreSQL address beside the REST key; set database_url to the "
            "project's "
            "connection string, or supabase.db_password to the database's password."};
    }
    const auto host = supabase_database_host(settings.database.supabase_url.value_or(""));
    if (host.empty()) {
        return ConfigError{
            "the database's address cannot be derived from supabase.url, which is not "
            "https://REF.supabase.co; set database_url to the project's connection string."};
    }
    Upstream upstream;
    upstream.hosts.push_back({host, kPostgresPort});
    upstream.user = "postgres";
    upstream.password = settings.supabase.db_password;
    upstream.database = "postgres";
    return upstream;
}

UpstreamResult given_or_derived(const Settings& settings) {
    const std::string url = settings.database.database_url.value_or("");
    if (!url.empty()) {
        auto parsed = parse_upstream(url);
        if (parsed) return parsed;
        return ConfigError{"database_url cannot be read: " + parsed.error().sentence +
                           "; write postgres://user:password@host:5432/database."};
    }
    if (settings.database.mode == model::DatabaseMode::Supabase)
        return derived_from_supabase(settings);
    return ConfigError{
        "mode local needs databaseUrl; set database_url, DATABASE_URL or PGHOST to the server's "
        "address, for "
        "example postgres://user:password@127.0.0.1:5432/app."};
}

/// What libpq refuses too, because it would look safer than it is.
std::optional<ConfigError> tls_contradiction(const Upstream& upstream) {
    const std::string mode = "sslmode=" + std::string(to_string(upstream.sslmode));
    if (upstream.direct_tls() && upstream.sslmode < SslMode::Require) {
        return ConfigError{"database_url says sslnegotiation=direct, which needs TLS, but " + mode +
                           "; write sslmode=require or, better, sslmode=verify-full."};
    }
    if (upstream.sslrootcert == "system" && upstream.sslmode < SslMode::VerifyFull) {
        return ConfigError{
            "database_url says sslrootcert=system, with which anybody's certificate "
            "would do, and " +
            mode + "; write sslmode=verify-full."};
    }
    const std::string& most = upstream.ssl_max_protocol_version;
    const std::string least =
        upstream.ssl_min_protocol_version.empty() ? "TLSv1.2" : upstream.ssl_min_protocol_version;
    if (!most.empty() && most < least) {
        return ConfigError{"database_url says ssl_max_protocol_version=" + most +
                           ", below ssl_min_protocol_version, which is " + least +
                           "; leave one of them out."};
    }
    return std::nullopt;
}

}  // namespace

std::string_view to_string(SslMode mode) { return kSslModes.at(static_cast<std::size_t>(mode)); }

void complete(Upstream& upstream) {
    if (upstream.hosts.empty()) upstream.hosts.emplace_back();
    for (auto& host : upstream.hosts) {
        if (host.host.empty()) host.host = kSocketFolder;
        if (host.port == 0) host.port = kPostgresPort;
    }
    if (upstream.database.empty()) upstream.database = upstream.user;
}

std::string masked(const Upstream& upstream) { return url_with(upstream, "***"); }

std::string to_url(const Upstream& upstream) {
    return url_with(upstream, percent_encoded(upstream.password));
}

UpstreamResult upstream_of(const Settings& settings) {
    auto upstream = given_or_derived(settings);
    if (!upstream) return upstream;
    if (upstream->sslrootcert == "system" && !upstream->sslmode_given) {
        upstream->sslmode = SslMode::VerifyFull;
        upstream->sslmode_given = true;
    }
    if (settings.database.mode == model::DatabaseMode::Supabase &&
        upstream->sslmode < SslMode::Require) {
        if (upstream->sslmode == SslMode::Disable) {
            return ConfigError{
                "mode supabase needs TLS, but database_url says sslmode=disable; write "
                "sslmode=require or, "
                "better, sslmode=verify-full."};
        }
        upstream->sslmode = SslMode::Require;
        upstream->sslmode_given = true;
    }
    if (auto contradiction = tls_contradiction(*upstream)) return *contradiction;
    if (upstream->user.empty() && settings.auth.mode == AuthMode::Managed) {
        return ConfigError{
            "database_url names no user, which auth.mode managed needs to log in; write "
            "postgres://user:password@host:5432/database or set PGUSER."};
    }
    complete(*upstream);
    return upstream;
}

}  // namespace pgsidecar::config
