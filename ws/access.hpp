#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pgsidecar::ws {

/// A host and an optional port as they stand in Host and Origin, lower-cased, IPv6 without its
/// brackets.
struct Authority {
    std::string host;
    std::string port;  ///< empty: not written, or the default of http or https
};

/// Null host: not an authority.
Authority parse_authority(std::string_view text);

/// Who may talk to the admin listener.
///
/// Against DNS rebinding the Host must be a name or address that only this process can be meant by;
/// against other web pages the Origin must be this host or a configured one (contract 5.9).
class AccessPolicy {
public:
    /// bound_address: http.address. allowed_origins: comma-separated, exact or
    /// `https://*.example.com`.
    AccessPolicy(std::string_view bound_address, std::string_view allowed_origins);

    /// local_address: the address that this very connection came in on.
    bool host_allowed(std::string_view host, std::string_view local_address) const;
    /// origin empty: not a browser, allowed.
    bool origin_allowed(std::string_view origin, std::string_view host) const;

private:
    struct Origin {
        std::string scheme;
        Authority authority;
        bool wildcard = false;
    };

    std::string bound_address_;
    std::vector<Origin> origins_;
};

/// What a client offers in Sec-WebSocket-Protocol.
struct SubprotocolOffer {
    bool version1 = false;      ///< pgsidecar.v1, to be echoed
    bool unknown_only = false;  ///< offers, none of them known: HTTP 400
    bool has_bearer = false;
    std::string bearer;  ///< decoded token of bearer.<base64url>; empty: not even base64url
};

SubprotocolOffer parse_subprotocols(std::string_view header);

}  // namespace pgsidecar::ws
