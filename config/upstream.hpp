#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "config/settings.hpp"

namespace pgsidecar::config {

std::string_view to_string(SslMode mode);

struct HostPort {
    std::string host;  ///< a name, an IP address without brackets, or the folder of a Unix socket
    std::uint16_t port = 0;  ///< 0 until completed: not given

    bool is_unix_socket() const { return host.starts_with('/'); }
    friend bool operator==(const HostPort&, const HostPort&) = default;
};

/// Where the database is and who we are there. Hosts are tried in order.
struct Upstream {
    std::vector<HostPort> hosts;
    std::string user;
    std::string password;  ///< secret
    std::string database;
    SslMode sslmode = SslMode::Prefer;
    bool sslmode_given = false;
    std::string sslrootcert, sslcert, sslkey;  ///< files; sslrootcert may be "system"
    std::string sslsni;                        ///< "0" or "1"; empty: not given, which means 1
    std::string sslnegotiation;  ///< "postgres" or "direct"; empty: not given, postgres
    /// "TLSv1" to "TLSv1.3"; empty: not given, which means TLSv1.2 and no upper limit.
    std::string ssl_min_protocol_version, ssl_max_protocol_version;
    std::string application_name;
    int connect_timeout_s = 0;  ///< 0: not given
    std::string options;        ///< start-up options, such as "-c statement_timeout=5000"
    /// Parameters that are some driver's own and mean nothing here; to be warned about by name. The
    /// values may be secrets.
    std::vector<std::pair<std::string, std::string>> ignored;

    bool sends_sni() const { return sslsni != "0"; }
    /// TLS from the first byte, without asking for it (manual, "SSL Session Encryption").
    bool direct_tls() const { return sslnegotiation == "direct"; }
};

/// Why a configuration cannot be used: one sentence, never with a secret in it.
struct ConfigError {
    std::string sentence;
};

using UpstreamResult = boost::system::result<Upstream, ConfigError>;

/// Fills in what libpq would: port 5432, the local socket's folder as host, the user's name as
/// database.
void complete(Upstream& upstream);

/// postgres://user:***@host:port/db?sslmode=...: for people. Without the ignored parameters.
std::string masked(const Upstream& upstream);

/// The same with the password: parse_upstream() gives an equal Upstream. Secret.
std::string to_url(const Upstream& upstream);

/// The database that these settings mean, complete: database_url, or in mode supabase the address
/// derived from supabase.url and supabase.db_password. Mode supabase always asks for TLS (K20).
/// Errors: no address, a broken one, sslmode=disable in mode supabase, no user in auth.mode
/// managed, TLS parameters that contradict each other.
UpstreamResult upstream_of(const Settings& settings);

}  // namespace pgsidecar::config
