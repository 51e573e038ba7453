#include "realtime/order_body.hpp"

#include <limits>
#include <string>

#include "realtime/guarded_json.hpp"
#include "realtime/json_text.hpp"
#include "realtime/request.hpp"

namespace pgsidecar::realtime {

std::variant<OrderSubject, RequestError> read_order(std::string_view body, std::string_view name,
                                                    bool all_allowed) {
    const std::string key(name);
    auto bad = [&] {
        return RequestError{"BAD_REQUEST", "The body must be {\"" + key + "\": a number above 0}" +
                                               (all_allowed ? " or {\"all\": true}." : ".")};
    };
    rapidjson::Document root;
    if (parse_guarded(body, kMaxJsonDepth, root) != JsonFault::None || !root.IsObject())
        return bad();
    const auto* number = member(root, key.c_str());
    const auto* all = member(root, "all");
    if (all != nullptr) {
        if (!all_allowed || number != nullptr || !all->IsBool() || !all->GetBool()) return bad();
        return OrderSubject{};
    }
    constexpr auto kHighest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    if (number == nullptr || !number->IsUint64() || number->GetUint64() == 0 ||
        number->GetUint64() > kHighest) {
        return bad();
    }
    return OrderSubject{number->GetUint64()};
}

}  // namespace pgsidecar::realtime
