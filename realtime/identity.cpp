#include "realtime/identity.hpp"

#include <algorithm>

namespace pgsidecar::realtime {

bool Identity::may(std::string_view scope) const {
    return std::any_of(scopes.begin(), scopes.end(), [&](std::string_view granted) {
        if (granted == scope) return true;
        if (!granted.ends_with('*')) return false;
        granted.remove_suffix(1);
        return scope.starts_with(granted);
    });
}

bool Identity::may_read_channel(std::string_view channel) const {
    static constexpr std::string_view kInbox = "inbox:";
    if (may("channel:read:" + std::string(channel))) return true;
    if (channel.starts_with(kInbox) && !subject.empty() && channel.substr(kInbox.size()) == subject)
        return true;
    std::size_t colon = channel.find(':');
    return colon != std::string_view::npos && !channel.starts_with("room:") &&
           may("channel:read:" + std::string(channel.substr(0, colon)));
}

bool Identity::may_read_table(std::string_view schema, std::string_view table) const {
    return may("changes:read:" + std::string(schema) + "." + std::string(table));
}

Identity unlimited_identity() {
    Identity out;
    out.scopes = {"*"};
    return out;
}

}  // namespace pgsidecar::realtime
