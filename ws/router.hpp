#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "config/settings.hpp"
#include "realtime/command_gate.hpp"
#include "realtime/hub.hpp"
#include "realtime/session.hpp"
#include "ws/access.hpp"
#include "ws/backend.hpp"
#include "ws/call.hpp"
#include "ws/desk_routes.hpp"
#include "ws/http_types.hpp"
#include "ws/text.hpp"

namespace pgsidecar::ws {

/// What the upgrade to WebSocket may do.
struct UpgradeDecision {
    std::optional<HttpResponse> refusal;
    std::optional<realtime::Identity> identity;  ///< none: the first message has to be auth
    bool echo_version1 = false;                  ///< name pgsidecar.v1 as the chosen subprotocol
};

/// Request in, response out. Every request passes the same gates in this order: Host, Origin,
/// route, method, token.
///
/// Thread: the hub's. Answers at once, but where the database side or the desk has to answer first.
class Router {
public:
    struct Parts {
        std::shared_ptr<const config::Settings> settings;
        Backend& backend;
        Desk& desk;
        realtime::Hub& hub;
        realtime::CommandGate& gate;
        const realtime::Authenticator& authenticator;
        std::shared_ptr<const realtime::SessionOptions> session;
        std::int64_t started_wall_us = 0;
    };

    explicit Router(Parts parts);

    /// Calls respond exactly once, perhaps later.
    void handle(const HttpRequest& request, Respond respond) const;
    UpgradeDecision decide_upgrade(const HttpRequest& request) const;
    /// http.max_rows is this from now on.
    void set_max_rows(std::size_t max_rows) { desk_.set_max_rows(max_rows); }

    /// The headers that every response carries; host as it was in the request and allowed, else
    /// empty.
    static void add_security_headers(HttpResponse& response, const std::string& host);

private:
    struct Route;
    static const Route* find_route(const std::string& path);
    std::optional<HttpResponse> refuse_stranger(const HttpRequest& request) const;
    /// The token that was offered, in the first place that has one (contract 5.9).
    std::optional<std::string> offered_token(const HttpRequest& request, const Target& target,
                                             const SubprotocolOffer& offer) const;
    /// Who asks, or the refusal.
    std::variant<realtime::Identity, HttpResponse> identify(
        const std::optional<std::string>& token) const;

    void asset(const Call& call, const Respond& respond) const;
    void probe(const Call& call, const Respond& respond) const;
    void metrics(const Call& call, const Respond& respond) const;
    void info(const Call& call, const Respond& respond) const;
    void status(const Call& call, const Respond& respond) const;
    void operations(const Call& call, const Respond& respond) const;
    void check_health(const Call& call, const Respond& respond) const;
    void reconnect(const Call& call, const Respond& respond) const;
    void broadcast(const Call& call, const Respond& respond) const;
    void clients(const Call& call, const Respond& respond) const;
    void upgrade_needed(const Call& call, const Respond& respond) const;

    Parts parts_;
    AccessPolicy access_;
    DeskRoutes desk_;
};

}  // namespace pgsidecar::ws
