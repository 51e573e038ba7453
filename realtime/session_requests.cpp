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
    if (request.type == "subscribe") return subscribe(request);
    if (request.type == "unsubscribe") return unsubscribe(request);
    if (request.type == "database:health:request") return ask_health(request, now);
    if (request.type == "database:reconnect") return ask_reconnect(request, now);
    refuse(request.id,
           {"UNKNOWN_TYPE",
            "This server does not know the message type; see features in session:ready.",
            std::nullopt});
}

void Session::pong(const Request& request, base::Now now) {
    send(pong_frame(request.t_json, now.wall_us / 1'000));
    reply(request.id, "{}");
}

void Session::ask_health(const Request& request, base::Now now) {
    bool too_soon = health_asked_ns_ && now.mono_ns - *health_asked_ns_ < kHealthSpacingNs;
    if (too_soon && hub_.health()) return send_health(request.id, *hub_.health());
    health_asked_ns_ = now.mono_ns;
    ++unanswered_;
    auto done = [weak = weak_from_this(), id = request.id](const model::HealthEvent& event) {
        auto self = weak.lock();
        if (!self) return;
        --self->unanswered_;
        self->send_health(id, event);
    };
    gate_.check_health(std::move(done));
}

void Session::send_health(const std::string& request_id, const model::HealthEvent& event) {
    // On the control lane, so that the result comes before the reply that announces it.
    send(health_frame(event));
    reply(request_id, model::to_json(event));
}

void Session::ask_reconnect(const Request& request, base::Now now) {
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

std::optional<RequestError> Session::try_subscribe(const std::string& channel) {
    if (!valid_channel_name(channel)) {
        return RequestError{"BAD_CHANNEL",
                            "A channel name has 1 to 255 characters of A-Z a-z 0-9 _ . : @ / + -",
                            std::nullopt};
    }
    if (!hub_.has_channel(channel)) {
        return RequestError{"BAD_CHANNEL",
                            "This server has the channels database and database:operations.",
                            std::nullopt};
    }
    if (!channels_.contains(channel) && channels_.size() >= options_->max_subscriptions) {
        return RequestError{"LIMIT",
                            "Too many subscriptions on this socket; unsubscribe from one first.",
                            std::nullopt};
    }
    channels_.insert(channel);
    hub_.subscribe(*this, channel);
    return std::nullopt;
}

void Session::subscribe(const Request& request) {
    if (request.channel_list) return answer_list(request);
    if (auto refused = try_subscribe(request.channels.front())) return refuse(request.id, *refused);
    model::JsonObject result;
    result.add("channel", request.channels.front()).add("head", hub_.head());
    reply(request.id, result.finish());
}

void Session::answer_list(const Request& request) {
    std::vector<std::string> accepted;
    std::string refused = "[";
    std::optional<RequestError> first;
    for (const std::string& channel : request.channels) {
        auto error = try_subscribe(channel);
        if (!error) {
            accepted.push_back(channel);
            continue;
        }
        model::JsonObject entry;
        entry.add("channel", channel).add("code", error->code).add("message", error->message);
        if (first) refused += ',';
        refused += entry.finish();
        if (!first) first = std::move(error);
    }
    refused += ']';
    if (accepted.empty() && first) return refuse(request.id, *first);
    model::JsonObject result;
    result.add_raw("accepted", json_strings(accepted))
        .add_raw("refused", refused)
        .add("head", hub_.head());
    reply(request.id, result.finish());
}

void Session::unsubscribe(const Request& request) {
    const std::string& channel = request.channels.front();
    channels_.erase(channel);
    if (!hub_.unsubscribe(*this, channel)) {
        return refuse(request.id, {"NOT_SUBSCRIBED",
                                   "This socket is not subscribed to that channel.", std::nullopt});
    }
    model::JsonObject result;
    result.add("channel", channel);
    reply(request.id, result.finish());
}

}  // namespace pgsidecar::realtime
