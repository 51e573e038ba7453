#include "realtime/admin_message.hpp"

#include <string>
#include <utility>

#include "realtime/guarded_json.hpp"
#include "realtime/json_text.hpp"
#include "realtime/request.hpp"

namespace pgsidecar::realtime {
namespace {

constexpr std::size_t kMaxEventBytes = 255;

std::string text_in(const rapidjson::Value& object, const char* name) {
    const auto* value = member(object, name);
    return value != nullptr && value->IsString() ? std::string(text_of(*value)) : std::string();
}

RequestError bad(std::string message) { return {"BAD_REQUEST", std::move(message)}; }

std::optional<RequestError> send_element(Hub& hub, const rapidjson::Value& root,
                                         const std::string& channel, std::int64_t wall_us) {
    const auto* element = member(root, "element");
    bool shaped = element != nullptr && element->IsObject() && !text_in(*element, "type").empty() &&
                  !text_in(*element, "id").empty();
    std::string action = text_in(root, "action");
    bool known = action == "created" || action == "updated" || action == "deleted";
    if (!shaped || !known) {
        return bad(
            "An event needs action, one of created, updated and deleted, and element with "
            "type and id.");
    }
    model::FeedEvent event;
    event.channel = channel;
    event.action = std::move(action);
    event.element = json_of(*element);
    event.at_us = wall_us;
    hub.publish_event(event);
    return std::nullopt;
}

}  // namespace

std::optional<RequestError> send_admin_message(Hub& hub, std::string_view body,
                                               std::int64_t wall_us) {
    rapidjson::Document root;
    if (parse_guarded(body, kMaxJsonDepth, root) != JsonFault::None || !root.IsObject()) {
        return bad("The body is not a JSON object.");
    }
    std::string channel = text_in(root, "channel");
    auto kind = hub.names().kind_of(channel);
    if (!channel.empty() && kind == ChannelNames::Kind::Event) {
        return send_element(hub, root, channel, wall_us);
    }
    if (!channel.empty() && kind != ChannelNames::Kind::Room) {
        return RequestError{"BAD_CHANNEL",
                            "Only event channels and room:NAME can be sent to; leave the channel "
                            "out for every client."};
    }
    BroadcastText text;
    text.event = text_in(root, "event");
    if (text.event.empty() || text.event.size() > kMaxEventBytes) {
        return bad("A broadcast needs event, a string of 1 to 255 bytes.");
    }
    if (const auto* data = member(root, "data")) text.data = json_of(*data);
    if (channel.empty()) {
        hub.broadcast_to_all(text);
    } else {
        hub.broadcast(channel, text, {});
    }
    return std::nullopt;
}

}  // namespace pgsidecar::realtime
