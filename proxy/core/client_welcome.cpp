#include "proxy/core/client_login.hpp"

#include "protocol/messages/backend_encode.hpp"
#include "proxy/core/console_link.hpp"
#include "proxy/core/plane.hpp"
#include "proxy/core/pool.hpp"
#include "proxy/core/session.hpp"
#include "proxy/core/upstream.hpp"

namespace pgsidecar::proxy {

using metrics::RejectReason;

// ---- what to tell the client

bool ClientLogin::wants_console() const {
    const std::string& console = session_.plane_.settings().admin.database;
    return !console.empty() && database_ == console;
}

void ClientLogin::authenticated(const base::Now& now) {
    auto& plane = session_.plane_;
    if (wants_console()) {
        stage_ = Stage::Welcome;
        return ConsoleLink::open(session_, now);
    }
    if (auto full = session_.no_room(user_, database_, now)) return session_.end(*full, now);
    stage_ = Stage::Welcome;
    session_.settings_ = plane.gucs().make(gucs_);
    session_.startup_settings_ = session_.settings_;
    session_.pool_ = &plane.pool(user_, database_, proof_->account());
    ask_for_welcome(now);
}

void ClientLogin::ask_for_welcome(const base::Now& now) {
    auto& plane = session_.plane_;
    // While the server is away its clients are let in with what is known of it.
    if (session_.pool_->away() && plane.spool_usable() &&
        session_.pool_->welcome_from_before(session_.settings_) != nullptr) {
        return session_.welcome(now);
    }
    if (!session_.keeps_connection() && session_.pool_->welcome(session_.settings_) != nullptr) {
        return session_.welcome(now);
    }
    if (auto refusal = session_.pool_->refusal(now)) {
        plane.reject(RejectReason::UpstreamDown);
        return refused(*refusal, now);
    }
    if (Upstream* upstream = session_.pool_->request(session_, now))
        session_.attached(*upstream, now);
}

void ClientLogin::attached(Upstream& upstream, const base::Now& now) {
    if (upstream.settings() != session_.settings_) {
        upstream.apply(session_.settings_, Purpose::CheckSettings, now);
    } else {
        settings_checked(nullptr, now);
    }
}

void ClientLogin::settings_checked(const LocalError* error, const base::Now& now) {
    Upstream& upstream = *session_.upstream_;
    if (error != nullptr) {
        upstream.set_settings(nullptr);  // some of them may have been applied
        return refused(*error, now);
    }
    session_.pool_->learn_welcome(session_.settings_, upstream);
    session_.welcome(now);
}

void ClientLogin::upstream_lost(const LocalError& error, const base::Now& now) {
    if (stage_ != Stage::Welcome || ++attempts_ > 3) return refused(error, now);
    ask_for_welcome(now);
}

void ClientLogin::refused(const LocalError& error, const base::Now& now) {
    auto& pool = *session_.pool_;
    if (pool.away() && session_.plane_.spool_usable() &&
        pool.welcome_from_before(session_.settings_) != nullptr) {
        return session_.welcome(now);
    }
    session_.end(error.fatal(), now);
}

// ---- Session's part of the login

void Session::on_tls_ready(const base::Now&) {
    if (login_) login_->tls_ready();
}

void Session::account_found(const UserDirectory::Found& found, const base::Now& now) {
    if (login_) login_->account_found(found, now);
}

void Session::settings_checked(const LocalError* error, const base::Now& now) {
    if (login_) login_->settings_checked(error, now);
}

void Session::welcome(const base::Now& now) {
    const Pool::Welcome* parameters = pool_->welcome(settings_);
    std::string out;
    protocol::append_authentication_ok(out);
    for (const auto& [name, value] : *parameters)
        protocol::append_parameter_status(out, name, value);
    relay(base::as_bytes(out));
    logged_in(now);
}

void Session::pass_through_ready(const base::Now& now) { logged_in(now); }

void Session::logged_in(const base::Now& now) {
    plane_.assign_key(*this,
                      keeps_connection() && upstream_ != nullptr ? upstream_->backend_pid() : 0,
                      key_pid_, key_secret_);
    std::string out;
    std::array<std::byte, 4> secret;
    base::store_be32(secret.data(), key_secret_);
    protocol::append_backend_key_data(out, key_pid_, secret);
    protocol::append_ready_for_query(out, protocol::TransactionStatus::Idle);
    relay(base::as_bytes(out));

    const auto& limits = plane_.settings().limits;
    reader_.set_limits({static_cast<std::uint32_t>(limits.max_message_bytes),
                        static_cast<std::uint32_t>(limits.inspect_bytes)});
    bool release = !keeps_connection();
    state_ = State::Ready;
    plane_.bury(std::move(login_));
    plane_.login_done(*this);
    if (release && upstream_ != nullptr) detach(now, false);
    set_reading(true);
    consume_held(now);
}

}  // namespace pgsidecar::proxy
