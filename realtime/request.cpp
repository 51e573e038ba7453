#include "realtime/request.hpp"

#include <rapidjson/document.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "realtime/guarded_json.hpp"
#include "realtime/json_text.hpp"
#include "realtime/request_fields.hpp"

namespace pgsidecar::realtime {
namespace {

using Parsed = std::variant<Request, RequestFault>;
using Kind = RequestFault::Kind;

constexpr std::size_t kMaxIdBytes = 64;
constexpr std::size_t kMaxTypeBytes = 64;

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
    if (const auto* id = member(root, "id")) {
        if (!id->IsString() || id->GetStringLength() < 1 || id->GetStringLength() > kMaxIdBytes) {
            return RequestFault{Kind::Malformed, "id must be a string of 1 to 64 bytes.", {}};
        }
        out.id = text_of(*id);
    }
    const auto* type = member(root, "type");
    if (type == nullptr || !type->IsString() || type->GetStringLength() > kMaxTypeBytes) {
        return RequestFault{Kind::Malformed,
                            "The message needs a type, a string of at most 64 bytes.", out.id};
    }
    out.type = text_of(*type);
    if (auto fault = read_fields(root, out)) {
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
