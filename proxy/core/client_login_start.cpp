#include "proxy/core/client_login.hpp"

#include "protocol/messages/backend_encode.hpp"
#include "protocol/messages/frontend_encode.hpp"
#include "protocol/messages/protocol_errc.hpp"
#include "protocol/messages/request_codes.hpp"
#include "protocol/messages/sqlstate.hpp"
#include "protocol/startup/startup_options.hpp"
#include "proxy/core/plane.hpp"
#include "proxy/core/session.hpp"
#include "proxy/core/upstream.hpp"

namespace pgsidecar::proxy {

using metrics::RejectReason;

// ---- the start-up packet

void ClientLogin::start(const protocol::StartupMessage& message, const base::Now& now) {
    auto& plane = session_.plane_;
    if (plane.draining()) {
        plane.reject(RejectReason::ShuttingDown);
        return fail(protocol::sqlstate::kCannotConnectNow, "pgsidecar is shutting down.",
                    "Connect again shortly.", now);
    }
    user_ = message.user();
    database_ = message.database();
    // Who comes to see why there is no room must find some.
    bool guest = wants_console() && session_.local_peer();
    if (!guest && plane.options().census->total() > plane.settings().listen.max_clients) {
        plane.reject(RejectReason::TooManyClients);
        plane.limit_reached(metrics::LimitKind::MaxClients, message.user(), message.database(),
                            now);
        return fail(protocol::sqlstate::kTooManyConnections,
                    "pgsidecar has no room for another client.",
                    "Close idle connections or raise listen.max_clients.", now);
    }
    if (message.needs_negotiation()) {
        std::string reply;
        protocol::append_negotiate_protocol_version(reply, protocol::kProtocol30,
                                                    message.unknown_options);
        send(reply);
    }
    if (!tls_suffices(now)) return;
    if (!take_parameters(message, now)) return;
    if (plane.settings().auth.mode == config::AuthMode::PassThrough && !wants_console())
        return start_pass_through(message, now);
    stage_ = Stage::Proof;
    proof_ = std::make_unique<ClientProof>(plane, session_, user_);
    if (proof_->begin(now)) authenticated(now);
}

bool ClientLogin::tls_suffices(const base::Now& now) {
    auto& plane = session_.plane_;
    auto mode = plane.settings().tls.client_mode;
    if (mode < config::SslMode::Require || session_.channel_->is_unix_socket()) return true;
    auto refuse = [&](RejectReason reason, std::string message, std::string hint) {
        plane.reject(reason);
        fail(protocol::sqlstate::kInvalidAuthorization, std::move(message), std::move(hint), now);
        return false;
    };
    if (!tls_) {
        return refuse(RejectReason::TlsRequired,
                      "pgsidecar takes connections over TCP with TLS only.",
                      "Set sslmode=require or stronger in the client's connection string, or "
                      "tls.client_mode of pgsidecar to prefer.");
    }
    if (mode < config::SslMode::VerifyCa) return true;
    auto peer = session_.channel_->tls_peer();
    if (!peer || !peer->certificate) {
        return refuse(RejectReason::AuthFailed, "connection requires a valid client certificate",
                      "Set sslcert and sslkey in the client's connection string to a certificate "
                      "that tls.ca_file of pgsidecar vouches for.");
    }
    if (mode < config::SslMode::VerifyFull || peer->common_name == user_) return true;
    return refuse(RejectReason::AuthFailed,
                  "certificate authentication failed for user \"" + user_ + "\"",
                  "With tls.client_mode verify-full the common name of the client's certificate "
                  "must be the user's name.");
}

bool ClientLogin::take_parameters(const protocol::StartupMessage& message, const base::Now& now) {
    bool managed = session_.plane_.settings().auth.mode == config::AuthMode::Managed;
    std::string application;
    for (const auto& [name, value] : message.parameters) {
        if (name == "user" || name == "database" || name.starts_with("_pq_.")) continue;
        if (name == "application_name") application = value;
        if (name == "replication") {
            if (!managed || value == "false" || value == "off" || value == "0" || value == "no")
                continue;
            fail(protocol::sqlstate::kFeatureNotSupported,
                 "Replication connections cannot be pooled.",
                 "Set auth.mode = \"pass-through\" or connect to the server directly.", now);
            return false;
        }
        if (name != "options") {
            gucs_.emplace_back(name, value);
            continue;
        }
        auto options = protocol::parse_startup_options(value);
        if (!options) {
            fail(protocol::sqlstate_of(options.error()),
                 "Start-up parameter options: " + options.error().message(),
                 "Write settings as -c name=value.", now);
            return false;
        }
        for (auto& option : *options) gucs_.push_back(std::move(option));
    }
    session_.source_ = session_.plane_.make_source(user_, database_, application);
    return true;
}

void ClientLogin::start_pass_through(const protocol::StartupMessage& message,
                                     const base::Now& now) {
    std::vector<protocol::ParameterView> parameters;
    for (const auto& [name, value] : message.parameters) {
        if (!name.starts_with("_pq_.")) parameters.emplace_back(name, value);
    }
    std::string packet;
    if (auto made = protocol::append_startup_message(packet, parameters); !made) {
        return fail(protocol::sqlstate_of(made.error()), made.error().message(), {}, now);
    }
    if (auto full = session_.no_room(user_, database_, now)) return session_.end(*full, now);
    stage_ = Stage::Relay;
    session_.own_upstream_ =
        std::make_unique<Upstream>(session_.plane_, session_, std::move(packet));
    session_.upstream_ = session_.own_upstream_.get();
    session_.plane_.shard().clients_active.add(1);
    session_.upstream_->start(now);
}

}  // namespace pgsidecar::proxy
