#include <arpa/inet.h>

#include <array>
#include <string>

#include "config/layers.hpp"
#include "config/text.hpp"
#include "config/upstream.hpp"
#include "model/outage_policy.hpp"

namespace pgsidecar::config {
namespace {

bool is_ip_address(const std::string& text) {
    std::array<unsigned char, sizeof(in6_addr)> buffer{};
    return inet_pton(AF_INET, text.c_str(), buffer.data()) == 1 ||
           inet_pton(AF_INET6, text.c_str(), buffer.data()) == 1;
}

bool is_loopback(const std::string& address) {
    return address == "::1" || address == "localhost" ||
           (is_ip_address(address) && address.starts_with("127."));
}

bool is_any(const std::string& address) { return address == "0.0.0.0" || address == "::"; }

/// The rules, each of which adds its own mistakes.
class Rules {
public:
    Rules(LoadResult& result, const std::set<std::string_view>& refused)
        : result_(result), settings_(result.settings), refused_(refused) {}

    void check() {
        check_database();
        check_addresses();
        check_authentication();
        check_tls();
        check_http();
        check_ports();
        check_outage();
        check_shares();
        check_upgrade();
    }

private:
    void fail(std::string_view key, std::string sentence) {
        result_.mistakes.push_back({result_.source_of(key), std::move(sentence)});
    }

    void check_database() {
        const auto& database = settings_.database;
        if (database.mode == model::DatabaseMode::Mock) return;
        auto checked = database;
        // upstream_of() speaks about the address, because it knows about the password that can
        // stand for it.
        checked.database_url = "given";
        for (auto& sentence : model::validate(checked)) {
            result_.mistakes.push_back({"configuration", std::move(sentence)});
        }
        const auto upstream = upstream_of(settings_);
        if (!upstream) {
            const bool given = result_.sources.contains("database_url");
            if (!given &&
                (refused_.contains("database_url") || refused_.contains("supabase.db_password")))
                return;
            result_.mistakes.push_back({given ? result_.source_of("database_url") : "configuration",
                                        upstream.error().sentence});
            return;
        }
        check_loop(*upstream);
        check_console(*upstream);
        warn_about_tls(*upstream);
    }

    void check_loop(const Upstream& upstream) {
        for (const auto& host : upstream.hosts) {
            const bool tcp =
                !settings_.listen.address.empty() && host.port == settings_.listen.port &&
                (host.host == settings_.listen.address ||
                 (is_loopback(host.host) &&
                  (is_loopback(settings_.listen.address) || is_any(settings_.listen.address))));
            const bool unix_socket = host.is_unix_socket() &&
                                     host.host == settings_.listen.unix_socket_dir &&
                                     host.port == settings_.listen.port;
            if (!tcp && !unix_socket) continue;
            fail("database_url",
                 "the database's address is the sidecar's own; give the server's address here and "
                 "the sidecar's "
                 "to the application, or change listen.port.");
            return;
        }
    }

    /// Clients that mean the database would get the console.
    void check_console(const Upstream& upstream) {
        if (settings_.admin.database.empty() || settings_.admin.database != upstream.database)
            return;
        fail("admin.database", "admin.database " + in_quotes(upstream.database) +
                                   " is the database's own name; give the admin console another "
                                   "one, or none.");
    }

    void warn_about_tls(const Upstream& upstream) {
        if (upstream.sslmode >= SslMode::VerifyCa) return;
        for (const auto& host : upstream.hosts) {
            if (host.is_unix_socket() || is_loopback(host.host)) continue;
            result_.warnings.push_back({result_.source_of("database_url"),
                                        "sslmode=" + std::string(to_string(upstream.sslmode)) +
                                            " does not check who the database is; "
                                            "sslmode=verify-full with sslrootcert does."});
            return;
        }
    }

    void check_addresses() {
        const std::array<std::pair<std::string_view, const std::string*>, 3> addresses{
            {{"listen.address", &settings_.listen.address},
             {"http.address", &settings_.http.address},
             {"http.probes_address", &settings_.http.probes_address}}};
        for (const auto& [key, address] : addresses) {
            const bool may_be_empty = key != "http.address";
            if ((address->empty() && may_be_empty) || is_ip_address(*address)) continue;
            fail(key, std::string(key) +
                          " must be an IP address such as 127.0.0.1, ::1 or 0.0.0.0, but is " +
                          in_quotes(*address) + ".");
        }
        if (settings_.listen.address.empty() && settings_.listen.unix_socket_dir.empty()) {
            fail("listen.address",
                 "there is nothing to listen on; set listen.address or listen.unix_socket_dir.");
        }
    }

    void check_authentication() {
        const auto& auth = settings_.auth;
        if (auth.mode != AuthMode::Managed) return;
        if (!auth.query.empty() && auth.query.find("$1") == std::string::npos) {
            fail("auth.query",
                 "auth.query does not use $1, the name of the user; write it as in SELECT "
                 "usename, passwd FROM pg_catalog.pg_shadow WHERE usename = $1.");
        }
        if (auth.method != AuthMethod::Trust) {
            if (!auth.user_file.empty() || !auth.query.empty()) return;
            fail("auth.method",
                 "auth.method md5 and scram-sha-256 need auth.user_file or auth.query; set one of "
                 "them, so that the clients' users are known.");
            return;
        }
        const auto& address = settings_.listen.address;
        if (address.empty() || is_loopback(address) || !is_ip_address(address)) return;
        fail("listen.address",
             "auth.method trust would let anybody who reaches " + in_quotes(address) +
                 " into the database; set auth.method to scram-sha-256 with auth.user_file, "
                 "or listen.address to 127.0.0.1.");
    }

    void check_tls() {
        const auto& tls = settings_.tls;
        const std::string mode(to_string(tls.client_mode));
        if (tls.cert_file.empty() != tls.key_file.empty()) {
            const bool key = tls.key_file.empty();
            fail(key ? "tls.key_file" : "tls.cert_file",
                 std::string(key ? "tls.cert_file is set without tls.key_file"
                                 : "tls.key_file is set without tls.cert_file") +
                     "; TLS towards clients needs both.");
            return;
        }
        if (tls.client_mode >= SslMode::Require && tls.cert_file.empty()) {
            fail("tls.client_mode", "tls.client_mode " + mode +
                                        " needs tls.cert_file and tls.key_file; set them to the "
                                        "certificate and key to show to clients.");
            return;
        }
        if (tls.client_mode >= SslMode::VerifyCa && tls.ca_file.empty()) {
            fail("tls.client_mode",
                 "tls.client_mode " + mode +
                     " needs tls.ca_file; set it to the certificates of the authorities that sign "
                     "clients' certificates.");
        }
    }

    void check_http() {
        const auto& http = settings_.http;
        check_tokens();
        const bool asks = !http.token.empty() || !settings_.feed.token_file.empty() ||
                          !settings_.jwt.algorithms.empty();
        if (is_loopback(http.address) || !is_ip_address(http.address) || asks) return;
        fail("http.address",
             "http.address " + in_quotes(http.address) +
                 " can be reached from outside, so http.token is needed; set it, or "
                 "http.address to 127.0.0.1 and http.probes_address for the probes.");
    }

    void check_tokens() {
        const auto& jwt = settings_.jwt;
        if (jwt.algorithms.empty()) {
            if (jwt.secret.empty() && jwt.jwks_file.empty()) return;
            fail("jwt.algorithms",
                 "jwt.algorithms is empty, so no JSON Web Token is taken although there are keys; "
                 "name the algorithms, such as HS256.");
        } else if (jwt.secret.empty() && jwt.jwks_file.empty()) {
            fail("jwt.algorithms", "jwt.algorithms needs keys; set jwt.secret or jwt.jwks_file.");
        }
    }

    void check_ports() {
        struct Endpoint {
            std::string_view key;
            const std::string& address;
            int port;
        };
        const std::array<Endpoint, 3> endpoints{
            {{"listen.port", settings_.listen.address, settings_.listen.port},
             {"http.port", settings_.http.address, settings_.http.port},
             {"http.probes_port", settings_.http.probes_address, settings_.http.probes_port}}};
        for (std::size_t i = 0; i < endpoints.size(); ++i) {
            for (std::size_t j = i + 1; j < endpoints.size(); ++j) {
                const auto &a = endpoints[i], &b = endpoints[j];
                const bool same_port = a.port == b.port && a.port != 0;
                const bool overlap =
                    !a.address.empty() && !b.address.empty() &&
                    (a.address == b.address || is_any(a.address) || is_any(b.address));
                if (!same_port || !overlap) continue;
                fail(b.key, std::string(b.key) + " and " + std::string(a.key) + " are both " +
                                std::to_string(a.port) + "; give them different ports.");
            }
        }
    }

    void check_outage() {
        model::OutagePolicy policy;
        const std::string problem = model::OutagePolicy::parse(settings_.outage.policy, policy);
        if (!problem.empty()) fail("outage.policy", "outage.policy, " + problem);
    }

    /// Each worker has a share of these, and one without a connection could serve nobody.
    void check_shares() {
        const auto& pool = settings_.pool;
        const int workers = settings_.workers;
        const std::array<std::pair<std::string_view, int>, 3> shared{
            {{"pool.size", settings_.database.pool_size},
             {"pool.max_database_connections", pool.max_database_connections},
             {"pool.max_user_connections", pool.max_user_connections}}};
        for (const auto& [key, size] : shared) {
            const bool unlimited = size == 0;
            if (unlimited || size >= workers) continue;
            fail(key, std::string(key) + " is " + std::to_string(size) + " and workers is " +
                          std::to_string(workers) +
                          ": each worker needs a connection of its own; lower workers or raise " +
                          std::string(key) + ".");
        }
        if (pool.min_size > settings_.database.pool_size)
            fail("pool.min_size", "pool.min_size is more than pool.size.");
    }

    void check_upgrade() {
        constexpr std::size_t kLongestPath = 107;  // of a Unix socket
        if (settings_.upgrade.socket.size() > kLongestPath)
            fail("upgrade.socket", "the path is longer than that of a Unix socket may be (107).");
    }

    LoadResult& result_;
    const Settings& settings_;
    const std::set<std::string_view>& refused_;
};

}  // namespace

void check_rules(LoadResult& result, const std::set<std::string_view>& refused) {
    Rules(result, refused).check();
}

}  // namespace pgsidecar::config
