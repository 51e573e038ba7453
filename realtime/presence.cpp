#include "realtime/presence.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "model/json_object.hpp"

namespace pgsidecar::realtime {
namespace {

/// The client's own object with our members in front; theirs of the same names are left out
/// before.
std::string with_ref(std::string_view meta, const std::string& ref,
                     const std::optional<std::string>& previous) {
    model::JsonObject head;
    head.add("ref", ref);
    if (previous) head.add("prevRef", *previous);
    std::string out = head.finish();
    if (meta.size() <= 2) return out;
    out.back() = ',';
    out += meta.substr(1);
    return out;
}

}  // namespace

bool Presence::track(const std::string& session, const std::string& key, std::string_view meta,
                     std::string ref, std::size_t most) {
    auto found = present_.find(session);
    if (found == present_.end() && present_.size() >= most) return false;
    std::optional<std::string> previous;
    if (found != present_.end()) {
        if (found->second.key == key) previous = found->second.ref;
        untrack(session);
    }
    Entry entry{key, ref, with_ref(meta, ref, previous)};
    joins_.push_back(entry);
    present_.emplace(session, std::move(entry));
    return true;
}

bool Presence::untrack(const std::string& session) {
    auto found = present_.find(session);
    if (found == present_.end()) return false;
    auto joined = std::find_if(joins_.begin(), joins_.end(),
                               [&](const Entry& entry) { return entry.ref == found->second.ref; });
    if (joined != joins_.end()) {
        joins_.erase(joined);
    } else {
        leaves_.push_back(found->second);
    }
    present_.erase(found);
    return true;
}

std::string Presence::map_json(const Entries& entries) {
    std::map<std::string_view, std::string> lists;
    for (const Entry& entry : entries) {
        std::string& list = lists[entry.key];
        list += (list.empty() ? "" : ",") + entry.json;
    }
    model::JsonObject out;
    for (const auto& [key, list] : lists) out.add_raw(key, "[" + list + "]");
    return out.finish();
}

std::string Presence::state_json() const {
    Entries entries;
    for (const auto& [session, entry] : present_) entries.push_back(entry);
    return map_json(entries);
}

std::string Presence::take_diff() {
    model::JsonObject out;
    out.add_raw("joins", map_json(std::exchange(joins_, {})))
        .add_raw("leaves", map_json(std::exchange(leaves_, {})));
    return out.finish();
}

}  // namespace pgsidecar::realtime
