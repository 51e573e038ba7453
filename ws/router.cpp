#include "ws/router.hpp"

#include <array>
#include <string_view>
#include <utility>

#include "ws/assets.hpp"

namespace pgsidecar::ws {
namespace {

std::string bearer_of(std::string_view authorization) {
    static constexpr std::string_view kScheme = "bearer ";
    if (authorization.size() <= kScheme.size()) return {};
    if (lower(authorization.substr(0, kScheme.size())) != kScheme) return {};
    return std::string(authorization.substr(kScheme.size()));
}

}  // namespace

struct Router::Route {
    enum class Guard : std::uint8_t { Open, Token };
    using Handler = void (Router::*)(const HttpRequest&, const Target&, const Respond&) const;

    std::string_view path;
    Method method;  ///< Get stands for Head too
    Guard guard;
    bool on_probes;
    Handler handler;
};

const Router::Route* Router::find_route(const std::string& path) {
    using Guard = Route::Guard;
    static constexpr std::array kRoutes{
        Route{"/livez", Method::Get, Guard::Open, true, &Router::probe},
        Route{"/readyz", Method::Get, Guard::Open, true, &Router::probe},
        Route{"/startupz", Method::Get, Guard::Open, true, &Router::probe},
        Route{"/metrics", Method::Get, Guard::Token, true, &Router::metrics},
        Route{"/ws", Method::Get, Guard::Token, false, &Router::upgrade_needed},
        Route{"/ws/info", Method::Get, Guard::Token, false, &Router::info},
        Route{"/api/status", Method::Get, Guard::Token, false, &Router::status},
        Route{"/api/operations", Method::Get, Guard::Token, false, &Router::operations},
        Route{"/api/health", Method::Post, Guard::Token, false, &Router::check_health},
        Route{"/api/reconnect", Method::Post, Guard::Token, false, &Router::reconnect},
    };
    static constexpr Route kAsset{"", Method::Get, Guard::Open, false, &Router::asset};
    for (const Route& route : kRoutes) {
        if (route.path == path) return &route;
    }
    return find_asset(path) == nullptr ? nullptr : &kAsset;
}

Router::Router(Parts parts)
    : parts_(std::move(parts)),
      access_(parts_.settings->http.address, parts_.settings->http.allowed_origins,
              parts_.settings->http.token) {}

std::optional<HttpResponse> Router::refuse_stranger(const HttpRequest& request) const {
    if (request.edge == Edge::Probes) return std::nullopt;
    if (!access_.host_allowed(request.host, request.local_address)) {
        return error_response(
            403, "FORBIDDEN",
            "This Host name is not known here. Use the address the sidecar listens on, or add "
            "the page's origin to http.allowed_origins.");
    }
    if (!access_.origin_allowed(request.origin, request.host)) {
        return error_response(
            403, "FORBIDDEN",
            "Requests from this web page's origin are refused; add it to http.allowed_origins.");
    }
    return std::nullopt;
}

std::optional<HttpResponse> Router::refuse_without_token(const HttpRequest& request,
                                                         const Target& target,
                                                         const std::string& bearer) const {
    if (request.edge == Edge::Probes || !access_.needs_token()) return std::nullopt;
    // The first place that has one decides (contract 5.9).
    std::string offered = bearer_of(request.authorization);
    if (offered.empty()) offered = bearer;
    if (offered.empty()) offered = target.value("token").value_or("");
    if (access_.token_matches(offered)) return std::nullopt;
    HttpResponse response = error_response(
        401, "UNAUTHORIZED",
        offered.empty()
            ? "A token is needed: send Authorization: Bearer with the value of http.token."
            : "The token is wrong; use the value of http.token.");
    response.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"pgsidecar\"");
    return response;
}

void Router::handle(const HttpRequest& request, Respond respond) const {
    if (auto refused = refuse_stranger(request)) return respond(std::move(*refused));
    auto target = parse_target(request.target);
    if (!target)
        return respond(
            error_response(400, "BAD_REQUEST", "The request target is wrongly encoded."));
    const Route* route = find_route(target->path);
    if (route == nullptr || (request.edge == Edge::Probes && !route->on_probes)) {
        return respond(error_response(404, "NOT_FOUND",
                                      "There is nothing at this address; the page is at /."));
    }
    bool reads = request.method == Method::Get || request.method == Method::Head;
    if (route->method == Method::Get ? !reads : request.method != route->method) {
        HttpResponse response =
            error_response(405, "METHOD_NOT_ALLOWED", "Use the method named in Allow.");
        response.headers.emplace_back("Allow", route->method == Method::Get ? "GET, HEAD" : "POST");
        return respond(std::move(response));
    }
    if (route->guard == Route::Guard::Token) {
        if (auto refused = refuse_without_token(request, *target, {}))
            return respond(std::move(*refused));
    }
    (this->*route->handler)(request, *target, respond);
}

UpgradeDecision Router::decide_upgrade(const HttpRequest& request) const {
    if (auto refused = refuse_stranger(request)) return {std::move(refused), false};
    auto target = parse_target(request.target);
    if (!target || target->path != "/ws" || request.edge == Edge::Probes) {
        return {error_response(404, "NOT_FOUND",
                               "There is no WebSocket at this address; it is at /ws."),
                false};
    }
    if (request.method != Method::Get) {
        return {error_response(400, "BAD_REQUEST", "A WebSocket is opened with GET."), false};
    }
    SubprotocolOffer offer = parse_subprotocols(request.subprotocols);
    if (auto refused = refuse_without_token(request, *target, offer.bearer))
        return {std::move(refused), false};
    if (offer.unknown_only) {
        return {error_response(400, "BAD_REQUEST",
                               "Of the offered subprotocols none is known; offer pgsidecar.v1."),
                false};
    }
    return {std::nullopt, offer.version1};
}

void Router::add_security_headers(HttpResponse& response, const std::string& host) {
    // Older Safari does not count ws: as 'self'.
    std::string sockets =
        parse_authority(host).host.empty() ? "" : " ws://" + host + " wss://" + host;
    response.headers.emplace_back(
        "Content-Security-Policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src "
        "'self'; "
        "connect-src 'self'" +
            sockets + "; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
    response.headers.emplace_back("X-Content-Type-Options", "nosniff");
    response.headers.emplace_back("Referrer-Policy", "no-referrer");
    response.headers.emplace_back("Cross-Origin-Opener-Policy", "same-origin");
    response.headers.emplace_back("Cross-Origin-Resource-Policy", "same-origin");
}

}  // namespace pgsidecar::ws
