#include "protocol/messages/backend_decode.hpp"
#include "protocol/messages/backend_encode.hpp"
#include "protocol/messages/sqlstate.hpp"
#include "proxy/core/client_login.hpp"
#include "proxy/core/plane.hpp"
#include "proxy/core/pool.hpp"
#include "proxy/core/session.hpp"
#include "proxy/core/standin.hpp"
#include "proxy/core/upstream.hpp"

// The times that a session is given, and its place among the others.

namespace pgsidecar::proxy {

using metrics::LimitKind;
using protocol::TransactionStatus;
using Phase = SessionClock::Phase;

namespace {

constexpr std::int64_t kMs = 1'000'000;

bool over(std::int64_t lasted_ns, std::int64_t limit_ms) {
    return limit_ms > 0 && lasted_ns > limit_ms * kMs;
}

std::string milliseconds(std::int64_t ms, std::string_view setting) {
    return std::to_string(ms) + " ms (" + std::string(setting) + ").";
}

LocalError query_timeout(std::int64_t limit_ms) {
    LocalError error;
    error.sqlstate = protocol::sqlstate::kQueryCanceled;
    error.message = "The statement was canceled: it ran longer than " +
                    milliseconds(limit_ms, "limits.query_timeout_ms");
    error.hint = "Make the statement faster, or raise limits.query_timeout_ms.";
    return error;
}

LocalError ended(std::string_view sqlstate, std::string_view what, std::int64_t limit_ms,
                 std::string_view setting) {
    LocalError error;
    error.severity = "FATAL";
    error.sqlstate = sqlstate;
    error.message = "The session was ended: " + std::string(what) + " longer than " +
                    milliseconds(limit_ms, setting);
    error.hint = "Connect again; if the time is too short, raise " + std::string(setting) + ".";
    return error;
}

}  // namespace

std::optional<LocalError> Session::no_room(const std::string& user, const std::string& database,
                                           const base::Now& now) {
    const auto& listen = plane_.settings().listen;
    auto full = plane_.options().census->name(seat_, user, database, listen.max_user_clients,
                                              listen.max_database_clients);
    if (full == ClientCensus::Full::No) return std::nullopt;
    bool of_user = full == ClientCensus::Full::User;
    plane_.reject(metrics::RejectReason::TooManyClients);
    plane_.limit_reached(of_user ? LimitKind::MaxUserClients : LimitKind::MaxDatabaseClients, user,
                         database, now);
    LocalError error;
    error.severity = "FATAL";
    error.sqlstate = protocol::sqlstate::kTooManyConnections;
    error.message = "pgsidecar has no room for another client of " +
                    (of_user ? "user \"" + user : "database \"" + database) + "\".";
    error.hint = std::string("Close idle connections or raise ") +
                 (of_user ? "listen.max_user_clients." : "listen.max_database_clients.");
    return error;
}

SessionClock::Phase Session::phase() const {
    if (waiting_since_ns >= 0 || stop_ != Stop::None) return Phase::Waiting;
    if (upstream_ != nullptr && !upstream_->replies().empty()) return Phase::Running;
    bool open = transaction_ != TransactionStatus::Idle || exchange_open_ || reader_.in_pieces();
    return open ? Phase::InTransaction : Phase::Idle;
}

void Session::check_times(const base::Now& now) {
    if (state_ != State::Ready) return;
    clock_.look(phase(), now.mono_ns);
    const auto& limits = plane_.settings().limits;
    if (over(clock_.transaction_ns(now.mono_ns), limits.transaction_timeout_ms)) {
        return end_for_time(LimitKind::TransactionTimeout,
                            ended("25P04", "its transaction took", limits.transaction_timeout_ms,
                                  "limits.transaction_timeout_ms"),
                            now);
    }
    std::int64_t lasted = clock_.lasted_ns(now.mono_ns);
    switch (clock_.phase()) {
        case Phase::Waiting: break;
        case Phase::Running: check_query_time(now); break;
        case Phase::InTransaction:
            if (!over(lasted, limits.idle_in_transaction_timeout_ms)) break;
            return end_for_time(LimitKind::IdleInTransaction,
                                ended("25P03", "it was idle in a transaction",
                                      limits.idle_in_transaction_timeout_ms,
                                      "limits.idle_in_transaction_timeout_ms"),
                                now);
        case Phase::Idle:
            if (!over(lasted, limits.client_idle_timeout_ms)) break;
            return end_for_time(LimitKind::ClientIdle,
                                ended("57P05", "it was idle", limits.client_idle_timeout_ms,
                                      "limits.client_idle_timeout_ms"),
                                now);
    }
}

void Session::check_query_time(const base::Now& now) {
    const auto& settings = plane_.settings();
    std::int64_t limit = settings.limits.query_timeout_ms;
    std::int64_t lasted = clock_.lasted_ns(now.mono_ns);
    if (!over(lasted, limit) || upstream_->state() != Upstream::State::Ready) return;
    if (!clock_.canceled()) {
        clock_.set_canceled();
        plane_.limit_reached(LimitKind::QueryTimeout, source_->user, source_->database, now);
        return plane_.cancel_at_server(*upstream_, false, now);
    }
    if (over(lasted, limit + settings.pool.cancel_timeout_ms))
        end_for_time(LimitKind::QueryKill, query_timeout(limit).fatal(), now);
}

void Session::end_for_time(LimitKind limit, LocalError error, const base::Now& now) {
    plane_.limit_reached(limit, source_->user, source_->database, now);
    if (upstream_ != nullptr) record_lost(*upstream_, error, now);
    end(error, now);
}

void Session::explain_cancel(protocol::Frame& frame, std::string& own) const {
    if (!clock_.canceled() || !frame.whole()) return;
    auto view = protocol::decode_error_response(frame.payload);
    if (view.fields.sqlstate != protocol::sqlstate::kQueryCanceled) return;
    own.clear();
    LocalError error = query_timeout(plane_.settings().limits.query_timeout_ms);
    protocol::append_error_response(own, error.fields());
    frame.wire = base::as_bytes(own);
}

}  // namespace pgsidecar::proxy
