#include "realtime/subscriptions.hpp"

#include <algorithm>
#include <functional>

namespace pgsidecar::realtime {

bool ChangeSpec::wants(const RowChange& change) const {
    if (change.table() != table || change.schema() != schema) return false;
    if (event != "*" && event != change.verb()) return false;
    if (filter.empty()) return true;
    const RowImage* row = change.subject();
    return row != nullptr && filter.matches(*row);
}

const Subscription* Subscriptions::find(std::string_view channel) const {
    auto found = channels_.find(channel);
    return found == channels_.end() ? nullptr : &found->second;
}

Subscription* Subscriptions::find(std::string_view channel) {
    auto found = channels_.find(channel);
    return found == channels_.end() ? nullptr : &found->second;
}

std::set<std::string> Subscriptions::topics_of(const std::string& channel,
                                               const Subscription& subscription) {
    std::set<std::string> out;
    if (!channel.starts_with("db:")) out.insert(channel);
    for (const ChangeSpec& spec : subscription.changes) out.insert(spec.topic());
    return out;
}

std::set<std::string> Subscriptions::remove(std::string_view channel) {
    auto found = channels_.find(channel);
    if (found == channels_.end()) return {};
    std::set<std::string> gone = topics_of(found->first, found->second);
    channels_.erase(found);
    for (const auto& [name, subscription] : channels_) {
        for (const std::string& topic : topics_of(name, subscription)) gone.erase(topic);
    }
    return gone;
}

std::map<std::vector<std::string>, std::vector<int>> Subscriptions::matching(
    const RowChange& change, const Names* only) const {
    std::map<std::vector<std::string>, std::vector<int>> out;
    for (const auto& [name, subscription] : channels_) {
        if (only != nullptr && !only->contains(name)) continue;
        for (const ChangeSpec& spec : subscription.changes) {
            if (spec.wants(change)) out[spec.select].push_back(spec.sub);
        }
    }
    return out;
}

}  // namespace pgsidecar::realtime
