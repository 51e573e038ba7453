#include "config/connection_parameters.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "config/postgres_url.hpp"
#include "config/text.hpp"

namespace pgsidecar::config {
namespace {

constexpr int kMaxConnectTimeoutS = 86'400;
constexpr std::size_t kMaxHosts = 64;

struct TextParameter {
    std::string_view name;
    std::string Upstream::*member;
};

constexpr std::array<TextParameter, 12> kTextParameters{{
    {"user", &Upstream::user},
    {"password", &Upstream::password},
    {"dbname", &Upstream::database},
    {"sslrootcert", &Upstream::sslrootcert},
    {"sslcert", &Upstream::sslcert},
    {"sslkey", &Upstream::sslkey},
    {"sslsni", &Upstream::sslsni},
    {"sslnegotiation", &Upstream::sslnegotiation},
    {"ssl_min_protocol_version", &Upstream::ssl_min_protocol_version},
    {"ssl_max_protocol_version", &Upstream::ssl_max_protocol_version},
    {"application_name", &Upstream::application_name},
    {"options", &Upstream::options},
}};

std::vector<std::string> split_list(std::string_view text) {
    std::vector<std::string> out;
    for (auto part : split(text, ',')) out.emplace_back(part);
    return out;
}

template <class Integer>
std::optional<Integer> to_integer(std::string_view text, Integer min, Integer max) {
    Integer value{};
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc() || stop != end || value < min || value > max) return std::nullopt;
    return value;
}

}  // namespace

std::optional<std::string> ConnectionParameters::take(std::string_view name,
                                                      std::string_view value) {
    const auto text = std::find_if(kTextParameters.begin(), kTextParameters.end(),
                                   [&](const TextParameter& known) { return known.name == name; });
    if (text != kTextParameters.end()) {
        if (auto mistake = tls_mistake(name, value)) return mistake;
        upstream_.*text->member = value;
    } else if (name == "host") {
        take_hosts(value);
    } else if (name == "port") {
        take_ports(value);
    } else if (name == "sslmode") {
        return take_sslmode(value);
    } else if (name == "ssl" && value == "true") {
        // JDBC's and asyncpg's word; libpq reads it like this too.
        return upstream_.sslmode_given ? std::nullopt : take_sslmode("require");
    } else if (name == "connect_timeout") {
        const auto seconds = to_integer(value, 0, kMaxConnectTimeoutS);
        if (!seconds) {
            return "connect_timeout must be a whole number of seconds from 0 to " +
                   std::to_string(kMaxConnectTimeoutS);
        }
        upstream_.connect_timeout_s = *seconds;
    } else {
        upstream_.ignored.emplace_back(name, value);
    }
    return std::nullopt;
}

void ConnectionParameters::take_hosts(std::string_view list) { hosts_ = split_list(list); }
void ConnectionParameters::take_ports(std::string_view list) { ports_ = split_list(list); }

std::optional<std::string> ConnectionParameters::take_sslmode(std::string_view value) {
    // no-verify is node-postgres's name for TLS without a check of the certificate.
    const auto mode = value == "no-verify" ? SslMode::Require : ssl_mode_from(value);
    if (!mode) return "sslmode must be disable, allow, prefer, require, verify-ca or verify-full";
    upstream_.sslmode = *mode;
    upstream_.sslmode_given = true;
    return std::nullopt;
}

std::optional<std::string> ConnectionParameters::tls_mistake(std::string_view name,
                                                             std::string_view value) {
    auto is_one_of = [&](std::initializer_list<std::string_view> words) {
        return value.empty() || std::find(words.begin(), words.end(), value) != words.end();
    };
    if (name == "sslsni" && !is_one_of({"0", "1"})) return "sslsni must be 0 or 1";
    if (name == "sslnegotiation" && !is_one_of({"postgres", "direct"}))
        return "sslnegotiation must be postgres or direct";
    const bool version = name == "ssl_min_protocol_version" || name == "ssl_max_protocol_version";
    if (version && !is_one_of({"TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"}))
        return std::string(name) + " must be TLSv1, TLSv1.1, TLSv1.2 or TLSv1.3";
    return std::nullopt;
}

void ConnectionParameters::add_host(std::string host, std::string port) {
    hosts_.push_back(std::move(host));
    ports_.push_back(std::move(port));
}

UpstreamResult ConnectionParameters::finish() {
    if (hosts_.size() > kMaxHosts) {
        return ConfigError{"it names more than " + std::to_string(kMaxHosts) + " hosts"};
    }
    if (hosts_.empty() && !ports_.empty()) hosts_.emplace_back();
    if (ports_.size() > 1 && ports_.size() != hosts_.size()) {
        return ConfigError{"it must give one port for all hosts or one for each"};
    }
    for (std::size_t i = 0; i < hosts_.size(); ++i) {
        const std::string port = ports_.empty() ? "" : ports_.size() == 1 ? ports_[0] : ports_[i];
        const auto number = to_integer<std::uint16_t>(port, 1, 65'535);
        if (!number && !port.empty()) {
            return ConfigError{
                "its port is not a number from 1 to 65535 (a password that holds : / ? # @ or % "
                "must be "
                "percent-encoded)"};
        }
        upstream_.hosts.push_back({hosts_[i], number.value_or(0)});
    }
    return std::move(upstream_);
}

}  // namespace pgsidecar::config
