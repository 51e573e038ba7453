// Broadcast and presence; a session's life is in session.cpp.
#include <utility>

#include "realtime/session.hpp"

namespace pgsidecar::realtime {
namespace {

RequestError no_room() {
    return {"BAD_CHANNEL", "Clients publish and are present in rooms only: room:NAME."};
}

}  // namespace

void Session::publish(const Request& request) {
    const std::string& room = request.channels.front();
    if (hub_.names().kind_of(room) != ChannelNames::Kind::Room) {
        return refuse(request.id, no_room());
    }
    if (!identity_->may("channel:write:" + room)) {
        return refuse(request.id,
                      {"FORBIDDEN", "The token lacks the scope channel:write:" + room + "."});
    }
    const std::string& from = identity_->subject.empty() ? id_ : identity_->subject;
    hub_.broadcast(room, {request.event, request.data_json, from, request.message_id}, id_);
    reply(request.id, "{}");
}

void Session::track(const Request& request) {
    const std::string& room = request.channels.front();
    if (hub_.names().kind_of(room) != ChannelNames::Kind::Room) {
        return refuse(request.id, no_room());
    }
    const Subscription* subscription = subscriptions_.find(room);
    if (subscription == nullptr) {
        return refuse(request.id, {"NOT_SUBSCRIBED", "Subscribe to the room first."});
    }
    if (!identity_->may("channel:write:" + room)) {
        return refuse(request.id,
                      {"FORBIDDEN", "The token lacks the scope channel:write:" + room + "."});
    }
    if (request.meta_json.size() > options_->max_presence_bytes) {
        return refuse(request.id,
                      {"LIMIT", "The meta is longer than " +
                                    std::to_string(options_->max_presence_bytes) + " bytes."});
    }
    std::string key = subscription->presence_key;
    if (key.empty()) key = identity_->subject.empty() ? id_ : identity_->subject;
    if (!hub_.track(id_, room, key, request.meta_json)) {
        return refuse(request.id, {"LIMIT", "The room has too many presences."});
    }
    reply(request.id, "{}");
}

void Session::untrack(const Request& request) {
    if (!hub_.untrack(id_, request.channels.front())) {
        return refuse(request.id, {"NOT_SUBSCRIBED", "This socket is not present there."});
    }
    reply(request.id, "{}");
}

void Session::send_presence_state(std::string_view room) {
    if (close_ || !hears_presence(room)) return;
    // On the lane of the diffs, so that it comes neither before older nor after newer ones.
    if (!queue_.push_data(presence_state_frame(room, hub_.presence_json(room))))
        missed_rooms_.emplace(room);
    wake_();
}

bool Session::hears_broadcast(std::string_view room, std::string_view sender) const {
    const Subscription* subscription = subscriptions_.find(room);
    return subscription != nullptr && (sender != id_ || subscription->echo_own);
}

bool Session::hears_presence(std::string_view room) const {
    const Subscription* subscription = subscriptions_.find(room);
    return subscription != nullptr && subscription->presence;
}

void Session::make_up_for_rooms() {
    // One by one: a state may be large, and then the others follow when it is sent.
    while (!missed_rooms_.empty() && !queue_.lagging() && queue_.may_feed()) {
        std::string room = std::move(missed_rooms_.extract(missed_rooms_.begin()).value());
        FeedCounters::add(hub_.counters().gaps);
        queue_.feed_data(
            gap_frame({"slow-consumer", hub_.epoch(), hub_.head(), hub_.head(), {room}}));
        if (hears_presence(room))
            queue_.feed_data(presence_state_frame(room, hub_.presence_json(room)));
    }
}

}  // namespace pgsidecar::realtime
