#include <algorithm>

#include "config/connection_parameters.hpp"
#include "config/layers.hpp"
#include "config/postgres_url.hpp"
#include "config/text.hpp"

namespace pgsidecar::config {
namespace {

/// Fills what one address leaves open from the PG* variables, and remembers which ones it took.
class LibpqEnvironment {
public:
    LibpqEnvironment(const LoadInput& input, Upstream& upstream, std::vector<Mistake>& mistakes)
        : input_(input), upstream_(upstream), mistakes_(mistakes) {}

    void fill() {
        fill_text("PGUSER", upstream_.user);
        fill_text("PGPASSWORD", upstream_.password);
        fill_text("PGDATABASE", upstream_.database);
        fill_text("PGAPPNAME", upstream_.application_name);
        fill_text("PGOPTIONS", upstream_.options);
        fill_text("PGSSLROOTCERT", upstream_.sslrootcert);
        fill_text("PGSSLCERT", upstream_.sslcert);
        fill_text("PGSSLKEY", upstream_.sslkey);
        fill_tls("PGSSLSNI", "sslsni", upstream_.sslsni);
        fill_tls("PGSSLNEGOTIATION", "sslnegotiation", upstream_.sslnegotiation);
        fill_tls("PGSSLMINPROTOCOLVERSION", "ssl_min_protocol_version",
                 upstream_.ssl_min_protocol_version);
        fill_tls("PGSSLMAXPROTOCOLVERSION", "ssl_max_protocol_version",
                 upstream_.ssl_max_protocol_version);
        fill_hosts();
        fill_sslmode();
    }

    const std::string& taken() const { return taken_; }

private:
    std::string value(const std::string& name) const {
        const auto found = input_.environment.find(name);
        return found == input_.environment.end() ? std::string() : found->second;
    }

    void note(std::string_view name) { taken_.append(taken_.empty() ? "" : ", ").append(name); }

    void fill_text(const std::string& name, std::string& member) {
        if (!member.empty() || value(name).empty()) return;
        member = value(name);
        note(name);
    }

    void fill_tls(const std::string& name, std::string_view parameter, std::string& member) {
        if (auto mistake = ConnectionParameters::tls_mistake(parameter, value(name))) {
            mistakes_.push_back({"environment " + name, "cannot be used: " + *mistake + "."});
        } else {
            fill_text(name, member);
        }
    }

    void fill_hosts() {
        const std::string host = value("PGHOST"), port = value("PGPORT");
        ConnectionParameters parameters;
        if (!host.empty()) parameters.take_hosts(host);
        if (!port.empty()) parameters.take_ports(port);
        const auto given = parameters.finish();
        if (!given) {
            mistakes_.push_back({port.empty() ? "environment PGHOST" : "environment PGHOST, PGPORT",
                                 "cannot be used: " + given.error().sentence + "."});
            return;
        }
        auto& hosts = upstream_.hosts;
        const bool host_open = std::all_of(
            hosts.begin(), hosts.end(), [](const HostPort& known) { return known.host.empty(); });
        const std::uint16_t known_port = hosts.empty() ? std::uint16_t{0} : hosts.front().port;
        if (host_open && !host.empty()) {
            hosts = given->hosts;
            note("PGHOST");
            if (known_port != 0) {
                for (auto& known : hosts) known.port = known_port;
            }
        }
        if (hosts.empty()) hosts.emplace_back();
        const bool port_open = known_port == 0 && !port.empty();
        if (!port_open) return;
        note("PGPORT");
        for (auto& known : hosts) {
            if (known.port == 0) known.port = given->hosts.front().port;
        }
    }

    void fill_sslmode() {
        const std::string text = value("PGSSLMODE");
        if (upstream_.sslmode_given || text.empty()) return;
        const auto mode = ssl_mode_from(text);
        if (!mode) {
            mistakes_.push_back(
                {"environment PGSSLMODE",
                 "must be disable, allow, prefer, require, verify-ca or verify-full, but is " +
                     in_quotes(text) + "."});
            return;
        }
        upstream_.sslmode = *mode;
        upstream_.sslmode_given = true;
        note("PGSSLMODE");
    }

    const LoadInput& input_;
    Upstream& upstream_;
    std::vector<Mistake>& mistakes_;
    std::string taken_;
};

}  // namespace

void apply_libpq_environment(const LoadInput& input, LoadResult& result) {
    auto& url = result.settings.database.database_url;
    Upstream upstream;
    if (url) {
        auto parsed = parse_upstream(*url);
        if (!parsed) return;  // check_rules() reports it
        upstream = std::move(*parsed);
    } else {
        const auto host = input.environment.find("PGHOST");
        const bool derivable = result.settings.database.mode == model::DatabaseMode::Supabase &&
                               !result.settings.supabase.db_password.empty();
        if (derivable || host == input.environment.end() || host->second.empty()) return;
    }
    LibpqEnvironment environment(input, upstream, result.mistakes);
    environment.fill();
    const bool needs_user = upstream.user.empty() && !input.system_user.empty() &&
                            result.settings.auth.mode == AuthMode::Managed;
    if (needs_user) upstream.user = input.system_user;
    for (const auto& [name, value] : upstream.ignored) {
        result.warnings.push_back(
            {result.source_of("database_url"),
             "the parameter " + name + " of database_url means nothing here and is ignored."});
    }
    std::string added = environment.taken();
    if (needs_user) added += std::string(added.empty() ? "" : ", ") + "the system's user name";
    if (added.empty()) return;
    const std::string before = url ? result.source_of("database_url") + " with " : "environment ";
    url = to_url(upstream);
    result.sources["database_url"] = before + added;
}

}  // namespace pgsidecar::config
