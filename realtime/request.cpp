#include "realtime/request.hpp"

#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "realtime/guarded_json.hpp"

namespace pgsidecar::realtime {
namespace {

using rapidjson::Value;
using Parsed = std::variant<Request, RequestFault>;
using Kind = RequestFault::Kind;

constexpr std::size_t kMaxIdBytes = 64;
constexpr std::size_t kMaxTypeBytes = 64;
constexpr std::size_t kMaxChannelsPerRequest = 50;

std::string_view text_of(const Value& value) {
    return {value.GetString(), value.GetStringLength()};
}

const Value* member(const Value& object, const char* name) {
    auto found = object.FindMember(name);
    return found == object.MemberEnd() ? nullptr : &found->value;
}

std::string sentence(JsonFault fault) {
    switch (fault) {
        case JsonFault::TooDeep:
            return "The message is nested deeper than " + std::to_string(kMaxJsonDepth) +
                   " levels; send a flatter one.";
        case JsonFault::DuplicateKey:
            return "The message has the same key twice in one object; send each key once.";
        case JsonFault::Syntax:
        case JsonFault::None: break;
    }
    return "The message is not valid JSON; send one JSON object per text frame.";
}

/// The fault, or nothing when the fields are right.
using Check = std::optional<std::string>;

Check read_channel_list(const Value& list, Request& out) {
    if (!list.IsArray() || list.Empty() || list.Size() > kMaxChannelsPerRequest) {
        return "payload.channels must be a list of 1 to 50 channel names.";
    }
    for (const Value& name : list.GetArray()) {
        if (!name.IsString()) return "payload.channels must hold strings only.";
        out.channels.emplace_back(text_of(name));
    }
    out.channel_list = true;
    return std::nullopt;
}

Check read_channels(const Value& root, const Value* payload, Request& out) {
    if (const Value* channel = member(root, "channel")) {
        if (!channel->IsString()) return "channel must be a string.";
        out.channels.emplace_back(text_of(*channel));
        return std::nullopt;
    }
    if (out.type == "subscribe" && payload != nullptr) {
        if (const Value* list = member(*payload, "channels")) return read_channel_list(*list, out);
    }
    return out.type + " needs a channel.";
}

Check read_ping(const Value* payload, Request& out) {
    const Value* t = payload == nullptr ? nullptr : member(*payload, "t");
    if (t == nullptr) return std::nullopt;
    if (!t->IsNumber()) return "payload.t must be a number.";
    rapidjson::StringBuffer buffer;
    rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
    t->Accept(writer);
    out.t_json.assign(buffer.GetString(), buffer.GetSize());
    return std::nullopt;
}

Check read_fields(const Value& root, Request& out) {
    bool channels = out.type == "subscribe" || out.type == "unsubscribe";
    if (!channels && out.type != "ping") return std::nullopt;
    const Value* payload = member(root, "payload");
    if (payload != nullptr && !payload->IsObject()) return "payload must be an object.";
    if (out.type == "ping") return read_ping(payload, out);
    if (out.id.empty()) return out.type + " needs an id, so that it can be answered.";
    return read_channels(root, payload, out);
}

}  // namespace

Parsed parse_request(std::string_view text) {
    rapidjson::Document root;
    if (JsonFault fault = parse_guarded(text, kMaxJsonDepth, root); fault != JsonFault::None) {
        Kind kind = fault == JsonFault::TooDeep ? Kind::TooDeep : Kind::Malformed;
        return RequestFault{kind, sentence(fault), {}};
    }
    if (!root.IsObject()) {
        return RequestFault{Kind::Malformed, "The message is not a JSON object.", {}};
    }
    Request out;
    if (const Value* id = member(root, "id")) {
        if (!id->IsString() || id->GetStringLength() < 1 || id->GetStringLength() > kMaxIdBytes) {
            return RequestFault{Kind::Malformed, "id must be a string of 1 to 64 bytes.", {}};
        }
        out.id = text_of(*id);
    }
    const Value* type = member(root, "type");
    if (type == nullptr || !type->IsString() || type->GetStringLength() > kMaxTypeBytes) {
        return RequestFault{Kind::Malformed,
                            "The message needs a type, a string of at most 64 bytes.", out.id};
    }
    out.type = text_of(*type);
    if (Check fault = read_fields(root, out)) {
        return RequestFault{Kind::BadField, std::move(*fault), std::move(out.id)};
    }
    return out;
}

bool valid_channel_name(std::string_view name) {
    if (name == "*") return true;
    auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view("_.:@/+-").find(c) != std::string_view::npos;
    };
    return !name.empty() && name.size() <= 255 && std::all_of(name.begin(), name.end(), allowed);
}

}  // namespace pgsidecar::realtime
