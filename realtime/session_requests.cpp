// The requests a session answers; its life is in session.cpp.
#include <utility>

#include "model/json_object.hpp"
#include "realtime/session.hpp"

namespace pgsidecar::realtime {
namespace {

constexpr std::int64_t kHealthSpacingNs = 1'000'000'000;  // contract 5.10: health requests

std::string reconnect_json(const ReconnectOutcome& outcome) {
    model::JsonObject out;
    out.add("connected", outcome.connected).add("message", outcome.message);
    return out.finish();
}

}  // namespace

void Session::dispatch(const Request& request, base::Now now) {
    if (request.type == "ping") return pong(request, now);
    if (request.type == "subscribe" || request.type == "unsubscribe") {
        if (!rate_allows(subscribe_rate_, request, now)) return;
        return request.type == "subscribe" ? subscribe(request, now) : unsubscribe(request);
    }
    if (request.type == "publish") {
        if (rate_allows(publish_rate_, request, now)) publish(request);
        return;
    }
    if (request.type == "presence:track" || request.type == "presence:untrack") {
        if (!rate_allows(presence_rate_, request, now)) return;
        return request.type == "presence:track" ? track(request) : untrack(request);
    }
    // Each of these costs more than a look-up: a replay, a signature.
    if (request.type == "resume" || request.type == "auth") {
        if (!rate_allows(subscribe_rate_, request, now)) return;
        return request.type == "resume" ? resume(request) : authenticate(request, now);
    }
    if (request.type == "database:health:request") return ask_health(request, now);
    if (request.type == "database:reconnect") return ask_reconnect(request, now);
    refuse(request.id,
           {"UNKNOWN_TYPE",
            "This server does not know the message type; see features in session:ready."});
}

bool Session::rate_allows(TokenBucket& bucket, const Request& request, base::Now now) {
    auto wait_ms = bucket.take(now.mono_ns);
    if (!wait_ms) return true;
    refuse(request.id, {"RATE_LIMITED", "Too many of these requests; wait a little.", *wait_ms});
    if (flood_.refused(now.mono_ns)) {
        shut_down(make_close(CloseCode::TooManyRequests, "too many requests for too long"));
    }
    return false;
}

void Session::pong(const Request& request, base::Now now) {
    send(pong_frame(request.t_json, now.wall_us / 1'000));
    reply(request.id, "{}");
}

void Session::ask_health(const Request& request, base::Now now) {
    if (!identity_->may("status:read")) {
        return refuse(request.id, {"FORBIDDEN", "The token lacks the scope status:read."});
    }
    bool too_soon = health_asked_ns_ && now.mono_ns - *health_asked_ns_ < kHealthSpacingNs;
    if (too_soon && hub_.health()) return send_health(request.id, *hub_.health());
    health_asked_ns_ = now.mono_ns;
    ++unanswered_;
    auto done = [weak = weak_from_this(), id = request.id](const model::HealthEvent& event) {
        auto self = weak.lock();
        if (!self) return;
        --self->unanswered_;
        if (self->options_->health_to_all) {
            self->hub_.publish_health(event);
            self->reply(id, model::to_json(event));
        } else {
            self->send_health(id, event);
        }
        self->wake_();
    };
    gate_.check_health(std::move(done));
}

void Session::send_health(const std::string& request_id, const model::HealthEvent& event) {
    // On the control lane, so that the result comes before the reply that announces it.
    send(health_frame(event));
    reply(request_id, model::to_json(event));
}

void Session::ask_reconnect(const Request& request, base::Now now) {
    if (!identity_->may("db:reconnect")) {
        return refuse(request.id, {"FORBIDDEN", "The token lacks the scope db:reconnect."});
    }
    ++unanswered_;
    auto done = [weak = weak_from_this(), id = request.id](const ReconnectOutcome& outcome) {
        auto self = weak.lock();
        if (!self) return;
        --self->unanswered_;
        self->reply(id, reconnect_json(outcome));
        self->wake_();
    };
    if (auto refused = gate_.reconnect(now.mono_ns, std::move(done))) {
        --unanswered_;
        refuse(request.id, *refused);
    }
}

}  // namespace pgsidecar::realtime
