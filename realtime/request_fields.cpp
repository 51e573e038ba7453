#include "realtime/request_fields.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "realtime/json_text.hpp"

namespace pgsidecar::realtime {
namespace {

using rapidjson::Value;

/// The fault, or nothing when the fields are right.
using Check = std::optional<std::string>;

constexpr std::size_t kMaxChannelsPerRequest = 50;
constexpr std::size_t kMaxTokenBytes = 8'192;
constexpr std::size_t kMaxEventBytes = 255;
constexpr std::size_t kMaxMessageIdBytes = 64;
constexpr std::size_t kMaxKeyBytes = 128;
constexpr std::size_t kMaxFilterBytes = 2'048;
constexpr std::size_t kMaxColumns = 256;
constexpr std::int64_t kMaxWaitMs = 20'000;

/// A string of least to most bytes into out; absent is right unless it is needed.
Check read_text(const Value& object, const char* name, std::size_t least, std::size_t most,
                std::string& out) {
    const Value* value = member(object, name);
    if (value == nullptr) {
        if (least == 0) return std::nullopt;
        return std::string(name) + " is missing.";
    }
    if (!value->IsString() || value->GetStringLength() < least || value->GetStringLength() > most) {
        return std::string(name) + " must be a string of " + std::to_string(least) + " to " +
               std::to_string(most) + " bytes.";
    }
    out = text_of(*value);
    return std::nullopt;
}

Check read_flag(const Value& object, const char* name, bool& out) {
    const Value* value = member(object, name);
    if (value == nullptr) return std::nullopt;
    if (!value->IsBool()) return std::string(name) + " must be true or false.";
    out = value->GetBool();
    return std::nullopt;
}

/// In the order in which they were first said; the list is short.
void drop_repeats(std::vector<std::string>& names) {
    auto end = names.begin();
    for (auto it = names.begin(); it != names.end(); ++it) {
        if (std::find(names.begin(), end, *it) != end) continue;
        if (it != end) *end = std::move(*it);
        ++end;
    }
    names.erase(end, names.end());
}

Check read_names(const Value& list, std::size_t least, std::size_t most, const std::string& name,
                 std::vector<std::string>& out) {
    if (!list.IsArray() || list.Size() < least || list.Size() > most) {
        return name + " must be a list of " + std::to_string(least) + " to " +
               std::to_string(most) + " names.";
    }
    for (const Value& item : list.GetArray()) {
        if (!item.IsString()) return name + " must hold strings only.";
        out.emplace_back(text_of(item));
    }
    return std::nullopt;
}

Check read_position(const Value& value, Request& out) {
    const Value* seq = value.IsObject() ? member(value, "seq") : nullptr;
    if (seq == nullptr || !seq->IsUint64()) return "A position needs epoch and seq, a number.";
    Position position;
    position.seq = seq->GetUint64();
    if (Check fault = read_text(value, "epoch", 16, 16, position.epoch)) return fault;
    out.position = std::move(position);
    return std::nullopt;
}

Check read_change(const Value& value, ChangeRequest& out) {
    static constexpr std::array<std::string_view, 5> kKnown{"event", "schema", "table", "filter",
                                                            "select"};
    if (!value.IsObject()) return "payload.changes must hold objects.";
    for (const auto& entry : value.GetObject()) {
        if (std::find(kKnown.begin(), kKnown.end(), text_of(entry.name)) == kKnown.end()) {
            return "A change has event, schema, table, filter and select, nothing else.";
        }
    }
    if (Check fault = read_text(value, "table", 1, 255, out.table)) return fault;
    if (Check fault = read_text(value, "schema", 0, 255, out.schema)) return fault;
    if (Check fault = read_text(value, "filter", 0, kMaxFilterBytes, out.filter)) return fault;
    if (Check fault = read_text(value, "event", 0, 6, out.event)) return fault;
    if (out.event != "*" && out.event != "INSERT" && out.event != "UPDATE" &&
        out.event != "DELETE") {
        return "A change's event is INSERT, UPDATE, DELETE or *.";
    }
    const Value* select = member(value, "select");
    return select == nullptr ? std::nullopt
                             : read_names(*select, 0, kMaxColumns, "select", out.select);
}

Check read_subscribe_options(const Value& payload, Request& out) {
    if (const Value* changes = member(payload, "changes")) {
        if (!changes->IsArray()) return "payload.changes must be a list.";
        for (const Value& value : changes->GetArray()) {
            if (Check fault = read_change(value, out.changes.emplace_back())) return fault;
        }
    }
    if (const Value* broadcast = member(payload, "broadcast")) {
        if (!broadcast->IsObject()) return "payload.broadcast must be an object.";
        if (Check fault = read_flag(*broadcast, "self", out.echo_own)) return fault;
    }
    if (const Value* presence = member(payload, "presence")) {
        if (!presence->IsObject()) return "payload.presence must be an object.";
        bool enabled = true;
        if (Check fault = read_flag(*presence, "enabled", enabled)) return fault;
        out.presence = enabled;
        if (Check fault = read_text(*presence, "key", 0, kMaxKeyBytes, out.presence_key))
            return fault;
    }
    if (const Value* since = member(payload, "since")) {
        if (Check fault = read_position(*since, out)) return fault;
    }
    if (const Value* timeout = member(payload, "waitTimeoutMs")) {
        if (!timeout->IsInt64() || timeout->GetInt64() < 0 || timeout->GetInt64() > kMaxWaitMs) {
            return "waitTimeoutMs must be a number from 0 to 20000.";
        }
        out.wait_timeout_ms = timeout->GetInt64();
    }
    return read_flag(payload, "wait", out.wait);
}

Check read_channel(const Value& root, Request& out) {
    const Value* channel = member(root, "channel");
    if (channel == nullptr) return out.type + " needs a channel.";
    if (!channel->IsString()) return "channel must be a string.";
    out.channels.emplace_back(text_of(*channel));
    return std::nullopt;
}

Check read_subscribe(const Value& root, const Value* payload, Request& out) {
    const Value* list = payload == nullptr ? nullptr : member(*payload, "channels");
    if (member(root, "channel") != nullptr || list == nullptr) {
        if (Check fault = read_channel(root, out)) return fault;
    } else {
        if (Check fault =
                read_names(*list, 1, kMaxChannelsPerRequest, "payload.channels", out.channels))
            return fault;
        drop_repeats(out.channels);
        out.channel_list = true;
    }
    return payload == nullptr ? std::nullopt : read_subscribe_options(*payload, out);
}

Check read_publish(const Value& root, const Value& payload, Request& out) {
    if (Check fault = read_channel(root, out)) return fault;
    if (Check fault = read_text(payload, "event", 1, kMaxEventBytes, out.event)) return fault;
    if (Check fault = read_text(payload, "messageId", 0, kMaxMessageIdBytes, out.message_id))
        return fault;
    if (const Value* data = member(payload, "data")) out.data_json = json_of(*data);
    return std::nullopt;
}

Check read_track(Value& root, Value& payload, Request& out) {
    if (Check fault = read_channel(root, out)) return fault;
    auto meta = payload.FindMember("meta");
    if (meta == payload.MemberEnd() || !meta->value.IsObject()) {
        return "payload.meta must be an object.";
    }
    // Ours; a client cannot say them.
    meta->value.RemoveMember("ref");
    meta->value.RemoveMember("prevRef");
    out.meta_json = json_of(meta->value);
    return std::nullopt;
}

Check read_resume(const Value& payload, Request& out) {
    if (Check fault = read_position(payload, out)) return fault;
    const Value* list = member(payload, "channels");
    return list == nullptr
               ? std::nullopt
               : read_names(*list, 0, kMaxChannelsPerRequest, "payload.channels", out.channels);
}

Check read_ping(const Value* payload, Request& out) {
    const Value* t = payload == nullptr ? nullptr : member(*payload, "t");
    if (t == nullptr) return std::nullopt;
    if (!t->IsNumber()) return "payload.t must be a number.";
    out.t_json = json_of(*t);
    return std::nullopt;
}

struct Shape {
    std::string_view type;
    bool needs_id, needs_payload;
};

constexpr std::array kShapes{
    Shape{"ping", false, false},
    Shape{"subscribe", true, false},
    Shape{"unsubscribe", true, false},
    Shape{"auth", false, true},
    Shape{"publish", false, true},
    Shape{"presence:track", true, true},
    Shape{"presence:untrack", true, false},
    Shape{"resume", true, true},
};

}  // namespace

std::optional<std::string> read_fields(Value& root, Request& out) {
    auto shape = std::find_if(kShapes.begin(), kShapes.end(),
                              [&](const Shape& s) { return s.type == out.type; });
    if (shape == kShapes.end()) return std::nullopt;
    auto found = root.FindMember("payload");
    Value* payload = found == root.MemberEnd() ? nullptr : &found->value;
    if (payload != nullptr && !payload->IsObject()) return "payload must be an object.";
    if (payload == nullptr && shape->needs_payload) return out.type + " needs a payload.";
    if (out.id.empty() && shape->needs_id) {
        return out.type + " needs an id, so that it can be answered.";
    }
    if (out.type == "ping") return read_ping(payload, out);
    if (out.type == "subscribe") return read_subscribe(root, payload, out);
    if (out.type == "auth") return read_text(*payload, "token", 1, kMaxTokenBytes, out.token);
    if (out.type == "publish") return read_publish(root, *payload, out);
    if (out.type == "presence:track") return read_track(root, *payload, out);
    if (out.type == "resume") return read_resume(*payload, out);
    return read_channel(root, out);
}

}  // namespace pgsidecar::realtime
