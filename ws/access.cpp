#include "ws/access.hpp"

#include <algorithm>
#include <utility>

#include "realtime/base64url.hpp"
#include "ws/text.hpp"

namespace pgsidecar::ws {
namespace {

bool is_port(std::string_view text) {
    return !text.empty() && text.size() <= 5 &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool is_loopback(std::string_view host) {
    return host == "localhost" || host.ends_with(".localhost") || host == "::1" ||
           is_ipv4_loopback(host);
}

/// scheme://authority; a null host when it is something else, "null" among it.
std::pair<std::string, Authority> split_origin(std::string_view origin) {
    std::size_t mark = origin.find("://");
    if (mark == std::string_view::npos) return {};
    return {lower(origin.substr(0, mark)), parse_authority(origin.substr(mark + 3))};
}

std::string_view default_port(std::string_view scheme) {
    return scheme == "https" || scheme == "wss" ? "443" : "80";
}

bool under(std::string_view host, std::string_view parent) {
    return host.size() > parent.size() + 1 && host.ends_with(parent) &&
           host[host.size() - parent.size() - 1] == '.';
}

}  // namespace

Authority parse_authority(std::string_view text) {
    std::string_view host = text, port;
    if (text.starts_with('[')) {
        std::size_t end = text.find(']');
        if (end == std::string_view::npos) return {};
        host = text.substr(1, end - 1);
        std::string_view rest = text.substr(end + 1);
        if (!rest.empty() && rest[0] != ':') return {};
        if (!rest.empty()) port = rest.substr(1);
    } else if (std::size_t colon = text.rfind(':'); colon != std::string_view::npos) {
        host = text.substr(0, colon);
        port = text.substr(colon + 1);
    }
    bool clean = std::all_of(host.begin(), host.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '.' || c == '-' || c == '_' || c == ':' || c == '*';
    });
    if (host.empty() || !clean || (!port.empty() && !is_port(port))) return {};
    return {lower(host), std::string(port)};
}

AccessPolicy::AccessPolicy(std::string_view bound_address, std::string_view allowed_origins)
    : bound_address_(lower(bound_address)) {
    for (std::string_view item : split(allowed_origins, ',')) {
        auto [scheme, authority] = split_origin(item);
        if (authority.host.empty()) continue;
        bool wildcard = authority.host.starts_with("*.");
        if (wildcard) authority.host.erase(0, 2);
        origins_.push_back({scheme, authority, wildcard});
    }
}

bool AccessPolicy::host_allowed(std::string_view host, std::string_view local_address) const {
    Authority authority = parse_authority(host);
    if (authority.host.empty() || authority.host.find('*') != std::string::npos) return false;
    if (is_loopback(authority.host) || authority.host == bound_address_ ||
        authority.host == local_address)
        return true;
    return std::any_of(origins_.begin(), origins_.end(), [&](const Origin& origin) {
        return origin.wildcard ? under(authority.host, origin.authority.host)
                               : authority.host == origin.authority.host;
    });
}

bool AccessPolicy::origin_allowed(std::string_view origin, std::string_view host) const {
    if (origin.empty()) return true;
    auto [scheme, authority] = split_origin(origin);
    if (authority.host.empty()) return false;
    auto port_of = [&](const Authority& a) {
        return a.port.empty() ? default_port(scheme) : std::string_view(a.port);
    };
    Authority own = parse_authority(host);
    if (authority.host == own.host && port_of(authority) == port_of(own)) return true;
    return std::any_of(origins_.begin(), origins_.end(),
                       [&, s = scheme, a = authority](const Origin& allowed) {
                           if (allowed.scheme != s || port_of(allowed.authority) != port_of(a))
                               return false;
                           return allowed.wildcard ? under(a.host, allowed.authority.host)
                                                   : a.host == allowed.authority.host;
                       });
}

SubprotocolOffer parse_subprotocols(std::string_view header) {
    SubprotocolOffer out;
    bool unknown = false;
    for (std::string_view item : split(header, ',')) {
        if (item == "pgsidecar.v1") {
            out.version1 = true;
        } else if (item.starts_with("bearer.")) {
            out.has_bearer = true;
            out.bearer = realtime::decode_base64url(item.substr(7)).value_or("");
        } else {
            unknown = true;
        }
    }
    out.unknown_only = unknown && !out.version1;
    return out;
}

}  // namespace pgsidecar::ws
