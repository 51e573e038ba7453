#include "ws/router.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "base/clock.hpp"
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
    using Handler = void (Router::*)(const Call&, const Respond&) const;
    using DeskHandler = void (DeskRoutes::*)(const Call&, const Respond&) const;

    std::string_view path;
    Method method;  ///< Get stands for Head too
    Guard guard;
    bool on_probes;
    Handler handler;
    std::string_view scope = "*";  ///< that the token must have
    DeskHandler desk = nullptr;    ///< in place of handler
};

const Router::Route* Router::find_route(const std::string& path) {
    using Guard = Route::Guard;
    constexpr auto shows = [](std::string_view at, std::string_view scope, Route::DeskHandler how) {
        return Route{at, Method::Get, Guard::Token, false, nullptr, scope, how};
    };
    constexpr auto orders = [](std::string_view at, std::string_view scope,
                               Route::DeskHandler how) {
        return Route{at, Method::Post, Guard::Token, false, nullptr, scope, how};
    };
    static constexpr std::array kRoutes{
        Route{"/livez", Method::Get, Guard::Open, true, &Router::probe},
        Route{"/readyz", Method::Get, Guard::Open, true, &Router::probe},
        Route{"/startupz", Method::Get, Guard::Open, true, &Router::probe},
        Route{"/metrics", Method::Get, Guard::Token, true, &Router::metrics, "metrics:read"},
        Route{"/ws", Method::Get, Guard::Token, false, &Router::upgrade_needed, "status:read"},
        Route{"/ws/info", Method::Get, Guard::Token, false, &Router::info, "status:read"},
        Route{"/api/status", Method::Get, Guard::Token, false, &Router::status, "status:read"},
        Route{"/api/operations", Method::Get, Guard::Token, false, &Router::operations,
              "operations:read"},
        Route{"/api/health", Method::Post, Guard::Token, false, &Router::check_health,
              "status:read"},
        Route{"/api/broadcast", Method::Post, Guard::Token, false, &Router::broadcast,
              "admin:broadcast"},
        Route{"/api/clients", Method::Get, Guard::Token, false, &Router::clients, "admin:clients"},
        Route{"/api/reconnect", Method::Post, Guard::Token, false, &Router::reconnect,
              "db:reconnect"},
        shows("/api/history", "status:read", &DeskRoutes::history),
        shows("/api/top", "operations:read", &DeskRoutes::top),
        shows("/api/sessions", "sessions:read", &DeskRoutes::sessions),
        orders("/api/sessions/kill", "admin:sessions", &DeskRoutes::kill),
        shows("/api/pools", "sessions:read", &DeskRoutes::pools),
        shows("/api/queue", "queue:read", &DeskRoutes::queue),
        orders("/api/queue/retry", "admin:queue", &DeskRoutes::retry),
        orders("/api/queue/discard", "admin:queue", &DeskRoutes::discard),
        shows("/api/config", "config:read", &DeskRoutes::configuration),
        orders("/api/reload", "admin:reload", &DeskRoutes::reload),
    };
    static constexpr Route kAsset{"", Method::Get, Guard::Open, false, &Router::asset};
    for (const Route& route : kRoutes) {
        if (route.path == path) return &route;
    }
    return find_asset(path) == nullptr ? nullptr : &kAsset;
}

Router::Router(Parts parts)
    : parts_(std::move(parts)),
      access_(parts_.settings->http.address, parts_.settings->http.allowed_origins),
      desk_(parts_.desk, parts_.hub,
            static_cast<std::size_t>(std::max(parts_.settings->http.max_rows, 1))) {}

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

std::optional<std::string> Router::offered_token(const HttpRequest& request, const Target& target,
                                                 const SubprotocolOffer& offer) const {
    if (std::string bearer = bearer_of(request.authorization); !bearer.empty()) return bearer;
    if (offer.has_bearer) return offer.bearer;
    if (parts_.settings->feed.allow_query_token == config::Toggle::On) return target.value("token");
    return std::nullopt;
}

std::variant<realtime::Identity, HttpResponse> Router::identify(
    const std::optional<std::string>& token) const {
    if (!parts_.authenticator.needs_token()) return realtime::unlimited_identity();
    std::string message =
        "A token is needed: send Authorization: Bearer with the value of http.token.";
    if (token) {
        auto verdict = parts_.authenticator.check(*token, base::read_clocks().wall_us);
        if (auto* identity = std::get_if<realtime::Identity>(&verdict)) return std::move(*identity);
        message = std::get<realtime::TokenFault>(verdict).message;
    }
    HttpResponse response = error_response(401, "UNAUTHORIZED", message);
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
    std::variant<realtime::Identity, HttpResponse> who;
    if (route->guard == Route::Guard::Token && request.edge != Edge::Probes) {
        who = identify(offered_token(request, *target, {}));
        if (auto* refused = std::get_if<HttpResponse>(&who)) return respond(std::move(*refused));
        if (!std::get<realtime::Identity>(who).may(route->scope)) {
            return respond(error_response(
                403, "FORBIDDEN", "The token lacks the scope " + std::string(route->scope) + "."));
        }
    }
    const Call call{request, *target, std::get<realtime::Identity>(who)};
    if (route->desk != nullptr) return (desk_.*route->desk)(call, respond);
    (this->*route->handler)(call, respond);
}

UpgradeDecision Router::decide_upgrade(const HttpRequest& request) const {
    auto refuse = [](int status, std::string_view code, std::string_view message) {
        return UpgradeDecision{error_response(status, code, message), std::nullopt, false};
    };
    if (auto refused = refuse_stranger(request)) return {std::move(refused), std::nullopt, false};
    if (request.origin.empty() && parts_.settings->feed.require_origin == config::Toggle::On) {
        return refuse(403, "FORBIDDEN", "A WebSocket needs an Origin header here.");
    }
    auto target = parse_target(request.target);
    if (!target || target->path != "/ws" || request.edge == Edge::Probes) {
        return refuse(404, "NOT_FOUND", "There is no WebSocket at this address; it is at /ws.");
    }
    if (request.method != Method::Get) {
        return refuse(400, "BAD_REQUEST", "A WebSocket is opened with GET.");
    }
    SubprotocolOffer offer = parse_subprotocols(request.subprotocols);
    auto token = offered_token(request, *target, offer);
    bool later =
        !token && parts_.authenticator.needs_token() && parts_.settings->feed.auth_grace_ms > 0;
    std::optional<realtime::Identity> identity;
    if (!later) {
        auto who = identify(token);
        if (auto* refused = std::get_if<HttpResponse>(&who))
            return {std::move(*refused), std::nullopt, false};
        identity = std::move(std::get<realtime::Identity>(who));
        if (identity->scopes.empty()) {
            return refuse(403, "FORBIDDEN", "The token has no scopes.");
        }
        int most = parts_.settings->feed.max_sockets_per_subject;
        if (most != 0 && parts_.hub.sockets_of(identity->subject) >= most) {
            auto full = refuse(429, "LIMIT",
                               "This subject has too many WebSockets; close some or raise "
                               "feed.max_sockets_per_subject.");
            full.refusal->headers.emplace_back("Retry-After", "5");
            return full;
        }
    }
    if (offer.unknown_only) {
        return refuse(400, "BAD_REQUEST",
                      "Of the offered subprotocols none is known; offer pgsidecar.v1.");
    }
    return {std::nullopt, std::move(identity), offer.version1};
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
