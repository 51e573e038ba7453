// Who a session belongs to, and for how long; its life is in session.cpp.
#include <algorithm>
#include <utility>
#include <variant>

#include "model/json_object.hpp"
#include "realtime/session.hpp"

namespace pgsidecar::realtime {
namespace {

constexpr std::int64_t kNoticeUs = 60'000'000;  // contract 5.3, auth:expiring

std::string identity_result(const Identity& identity) {
    model::JsonObject out;
    if (!identity.subject.empty()) out.add("subject", identity.subject);
    if (!identity.role.empty()) out.add("role", identity.role);
    out.add_raw("scopes", json_strings(identity.scopes));
    if (identity.expires_us) out.add("expiresAt", base::to_iso8601(*identity.expires_us));
    return out.finish();
}

}  // namespace

bool Session::enter(Identity identity) {
    bool same = identity_ && identity_->subject == identity.subject;
    if (!same) {
        int most = options_->max_sockets_per_subject;
        if (most != 0 && !identity.subject.empty() && hub_.sockets_of(identity.subject) >= most)
            return false;
        if (identity_) hub_.count_subject(identity_->subject, -1);
        hub_.count_subject(identity.subject, 1);
    }
    identity_ = std::move(identity);
    expiry_announced_ = false;
    return true;
}

void Session::refuse_crowd() {
    if (crowded_out_) hub_.counters().count_refusal("LIMIT");
    shut_down(make_close(CloseCode::TooManyRequests, "too many sockets of one subject"));
}

void Session::receive_first(std::string_view text, base::Now now) {
    auto parsed = parse_request(text);
    const auto* request = std::get_if<Request>(&parsed);
    if (request == nullptr || request->type != "auth") {
        hub_.counters().count_refusal("UNAUTHORIZED");
        return shut_down(make_close(CloseCode::Unauthorized, "the first message must be auth"));
    }
    authenticate(*request, now);
    if (!identity_) {
        return shut_down(make_close(CloseCode::Unauthorized, "the token was refused"));
    }
    if (!close_) open(now);
}

void Session::authenticate(const Request& request, base::Now now) {
    auto verdict = authenticator_.check(request.token, now.wall_us);
    if (const auto* fault = std::get_if<TokenFault>(&verdict)) {
        return refuse(request.id, {"UNAUTHORIZED", fault->message});
    }
    auto& identity = std::get<Identity>(verdict);
    if (identity.scopes.empty()) {
        refuse(request.id, {"FORBIDDEN", "The token has no scopes."});
        return shut_down(make_close(CloseCode::Forbidden, "the token has no scopes"));
    }
    if (!enter(std::move(identity))) {
        refuse(request.id, {"LIMIT", "This subject has too many sockets; close one."});
        return refuse_crowd();
    }
    reply(request.id, identity_result(*identity_));
    if (ready_) drop_lost_channels(now.wall_us);
}

bool Session::passes_guard(std::string_view table) const {
    return !hub_.source().guarded_tables.contains(table) || identity_->may("changes:bypass-rls");
}

void Session::on_tables_guarded(std::int64_t wall_us) {
    if (!close_ && ready_) drop_lost_channels(wall_us);
}

void Session::drop_lost_channels(std::int64_t wall_us) {
    std::vector<std::string> lost;
    for (const auto& [channel, subscription] : subscriptions_.channels()) {
        auto may_hear = [this](const ChangeSpec& spec) {
            return identity_->may_read_table(spec.schema, spec.table) &&
                   passes_guard(spec.schema + "." + spec.table);
        };
        const auto& specs = subscription.changes;
        if (may_subscribe(channel) || !std::all_of(specs.begin(), specs.end(), may_hear))
            lost.push_back(channel);
    }
    for (const std::string& channel : lost) {
        forget_channel(channel);
        send(warning_frame("CHANNEL_LOST",
                           "The token may not read all of " + channel +
                               " any more; the subscription has ended. Tables with row level "
                               "security need the scope changes:bypass-rls.",
                           wall_us));
    }
}

void Session::watch_expiry(base::Now now) {
    if (!identity_->expires_us || !ready_) return;
    if (now.wall_us >= *identity_->expires_us) {
        Close close = make_close(CloseCode::Unauthorized, "the token has expired");
        close.reconnect = true;
        return shut_down(std::move(close));
    }
    if (now.wall_us < *identity_->expires_us - kNoticeUs) return;
    if (!std::exchange(expiry_announced_, true)) send(auth_expiring_frame(*identity_->expires_us));
}

}  // namespace pgsidecar::realtime
