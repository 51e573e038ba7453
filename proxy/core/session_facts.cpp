#include "model/pin_reason.hpp"
#include "proxy/core/console_link.hpp"
#include "proxy/core/plane.hpp"
#include "proxy/core/pool.hpp"
#include "proxy/core/session.hpp"
#include "proxy/core/upstream.hpp"

// What a session tells the admin console about itself.

namespace pgsidecar::proxy {

admin::ClientFacts Session::facts(const base::Now& now) const {
    admin::ClientFacts facts;
    facts.id = id_;
    if (source_) {
        facts.user = source_->user;
        facts.database = source_->database;
        facts.application = source_->service;
    }
    if (channel_ != nullptr) facts.peer = channel_->peer();
    facts.connected_us = now.wall_us - (now.mono_ns - opened_ns_) / 1'000;
    if (waiting_since_ns >= 0) facts.waiting_us = (now.mono_ns - waiting_since_ns) / 1'000;
    const bool waits = waiting_since_ns >= 0 || stop_ == Stop::Flush || stop_ == Stop::Retry;
    facts.state = state_ == State::LoggingIn ? "login"
                  : console_                 ? "console"
                  : waits                    ? "waiting"
                  : upstream_ != nullptr     ? "active"
                                             : "idle";
    using protocol::TransactionStatus;
    facts.transaction = transaction_ == TransactionStatus::Failed ? "failed"
                        : transaction_ == TransactionStatus::Idle ? "none"
                                                                  : "open";
    if (upstream_ != nullptr) facts.server_pid = upstream_->backend_pid();
    facts.prepared = static_cast<std::int64_t>(names_.size());
    facts.pin = pin_reason();
    return facts;
}

std::string Session::pin_reason() const {
    if (upstream_ == nullptr) return {};
    if (own_upstream_ != nullptr) return "auth.mode is pass-through";
    if (keeps_connection()) return "pool.mode is session";
    std::string reasons;
    for (std::size_t i = 0; i < model::kPinReasons; ++i) {
        if ((pins_ & (1u << i)) == 0) continue;
        if (!reasons.empty()) reasons += ", ";
        reasons += to_string(static_cast<model::PinReason>(i));
    }
    if (!reasons.empty()) return reasons;
    if (transaction_ != protocol::TransactionStatus::Idle) return "transaction";
    return "statement under way";
}

void Session::add_prepared(std::vector<admin::PreparedFacts>& to) const {
    names_.for_each_named([&](std::string_view name, const PreparedStatement& statement) {
        std::string text = statement.shape() ? statement.shape()->text : std::string();
        to.push_back({id_, source_->user, source_->database, std::string(name), std::move(text)});
    });
}

}  // namespace pgsidecar::proxy
