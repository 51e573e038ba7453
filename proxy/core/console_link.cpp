#include "proxy/core/console_link.hpp"

#include "protocol/messages/backend_encode.hpp"
#include "protocol/messages/sqlstate.hpp"
#include "proxy/core/client_login.hpp"
#include "proxy/core/plane.hpp"
#include "proxy/core/session.hpp"
#include "proxy/core/upstream.hpp"

namespace pgsidecar::proxy {

namespace {

/// What drivers want to know of a server; the number is of a release that they all speak with.
admin::AdminSession::Parameters greeting(const Session& session, const std::string& version) {
    return {{"server_version", "15.0 (pgsidecar " + version + ")"},
            {"server_encoding", "UTF8"},
            {"client_encoding", "UTF8"},
            {"DateStyle", "ISO, MDY"},
            {"IntervalStyle", "postgres"},
            {"TimeZone", "UTC"},
            {"integer_datetimes", "on"},
            {"standard_conforming_strings", "on"},
            {"is_superuser", "off"},
            {"session_authorization", session.source()->user},
            {"application_name", session.source()->service}};
}

}  // namespace

ConsoleLink::ConsoleLink(Session& session)
    : session_(session),
      admin_([this] { return rights_of(session_); },
             greeting(session, session.plane_.options().version)) {}

ConsoleLink::~ConsoleLink() {
    if (token_ != 0) session_.plane_.forget_console(token_);
}

admin::Rights ConsoleLink::rights_of(const Session& session) {
    const Options& options = session.plane_.options();
    admin::Identity who;
    who.user = session.source()->user;
    who.local = session.local_peer();
    who.owner = options.upstream.user;
    who.names_are_free = options.credentials.accepts_anybody();
    return admin::rights_of(options.settings->admin, who);
}

void ConsoleLink::open(Session& session, const base::Now& now) {
    if (!rights_of(session).show) {
        session.plane_.reject(metrics::RejectReason::AuthFailed);
        LocalError error;
        error.sqlstate = protocol::sqlstate::kInsufficientPrivilege;
        error.message = "This user may not use the admin console.";
        error.hint =
            "admin.users and admin.stats_users list who may; without admin.users, the "
            "user of database_url may, from this machine.";
        return session.end(error.fatal(), now);
    }
    session.console_ = std::make_unique<ConsoleLink>(session);
    std::string out;
    protocol::append_authentication_ok(out);
    for (const auto& [name, value] : session.console_->admin_.parameters())
        protocol::append_parameter_status(out, name, value);
    session.relay(base::as_bytes(out));
    session.logged_in(now);
}

void ConsoleLink::on_frame(const protocol::Frame& frame, const base::Now& now) {
    if (frame.type == 'X') return session_.close_channel();
    if (frame.type == 'p') return session_.protocol_violation("a password outside a login", now);
    std::string out;
    admin_.on_frame(frame, out);
    send(out, now);
}

void ConsoleLink::send(const std::string& out, const base::Now&) {
    if (!out.empty()) session_.relay(base::as_bytes(out));
    auto& plane = session_.plane_;
    if (admin_.waiting() && token_ == 0) {
        admin::Request request{admin_.asked(), session_.id(), session_.source()->user};
        token_ = plane.ask_console(session_, std::move(request));
    }
    const bool full =
        session_.channel_ != nullptr && session_.channel_->unsent() > plane.buffer_limit();
    session_.stop_ = token_ != 0 || full ? Session::Stop::Console : Session::Stop::None;
}

void ConsoleLink::answered(admin::Answer answer, const base::Now& now) {
    token_ = 0;
    std::string out;
    admin_.answered(std::move(answer), out);
    send(out, now);
    go_on(now);
}

void ConsoleLink::drained(const base::Now& now) {
    if (token_ == 0) session_.stop_ = Session::Stop::None;
    go_on(now);
}

void ConsoleLink::go_on(const base::Now& now) {
    if (session_.stopped()) return;
    session_.set_reading(true);
    session_.consume_held(now);
}

void ConsoleLink::cancel() {
    if (token_ != 0) session_.plane_.driver().console_cancelled(token_);
}

}  // namespace pgsidecar::proxy
