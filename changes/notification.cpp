#include "changes/notification.hpp"

#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <string>

namespace pgsidecar::changes {
namespace {

using rapidjson::Value;

// Numbers stay as they were written; a payload is below 8,000 bytes, so its depth is bounded too.
constexpr unsigned kFlags = rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag |
                            rapidjson::kParseFullPrecisionFlag;

const Value* member(const Value& object, const char* name) {
    auto found = object.FindMember(name);
    return found == object.MemberEnd() ? nullptr : &found->value;
}

std::string word(const Value& object, const char* name) {
    const Value* value = member(object, name);
    return value != nullptr && value->IsString()
               ? std::string(value->GetString(), value->GetStringLength())
               : std::string();
}

std::string json(const Value& object, const char* name) {
    const Value* value = member(object, name);
    if (value == nullptr || value->IsNull()) return {};
    rapidjson::StringBuffer buffer;
    rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
    value->Accept(writer);
    return {buffer.GetString(), buffer.GetSize()};
}

}  // namespace

std::optional<model::FeedEvent> read_notification(std::string_view payload, std::int64_t wall_us) {
    rapidjson::Document root;
    root.Parse<kFlags>(payload.data(), payload.size());
    if (root.HasParseError() || !root.IsObject()) return std::nullopt;
    model::FeedEvent out;
    out.channel = word(root, "channel");
    out.action = word(root, "action");
    out.element = json(root, "element");
    out.table = word(root, "table");
    out.schema = word(root, "schema");
    out.verb = word(root, "op");
    out.new_row = json(root, "new");
    out.old_row = json(root, "old");
    if (out.channel.empty() && out.table.empty()) return std::nullopt;
    if (out.schema.empty() && !out.table.empty()) out.schema = "public";
    out.at_us = wall_us;
    out.origin = model::ChangeOrigin::Notify;
    return out;
}

}  // namespace pgsidecar::changes
