#include "realtime/channel_names.hpp"

#include <algorithm>

#include "realtime/frames.hpp"
#include "realtime/request.hpp"

namespace pgsidecar::realtime {

ChannelNames::ChannelNames(std::string_view events) {
    while (!events.empty()) {
        std::size_t end = std::min(events.find(','), events.size());
        std::string name(events.substr(0, end));
        std::erase(name, ' ');
        if (valid_channel_name(name) && name != "*" && name.find(':') == std::string::npos) {
            events_.insert(std::move(name));
        }
        events.remove_prefix(std::min(end + 1, events.size()));
    }
    events_.erase(std::string(kDatabaseChannel));
}

std::string_view ChannelNames::base_of(std::string_view channel) {
    std::size_t colon = channel.find(':');
    if (colon == std::string_view::npos) return {};
    std::string_view base = channel.substr(0, colon);
    return base == "messages" || base == "inbox" ? base : std::string_view();
}

ChannelNames::Kind ChannelNames::kind_of(std::string_view channel) const {
    if (!valid_channel_name(channel)) return Kind::Unknown;
    if (channel == "*") return Kind::All;
    if (channel == kDatabaseChannel) return Kind::Database;
    if (channel == kOperationsChannel) return Kind::Operations;
    if (channel.starts_with("room:")) return channel.size() > 5 ? Kind::Room : Kind::Unknown;
    if (channel.starts_with("db:")) {
        std::string_view table = table_of(channel);
        std::size_t dot = table.find('.');
        bool two = dot != std::string_view::npos && dot > 0 && dot + 1 < table.size();
        return two ? Kind::Table : Kind::Unknown;
    }
    if (events_.find(channel) != events_.end()) return Kind::Event;
    std::string_view base = base_of(channel);
    bool dynamic = !base.empty() && channel.size() > base.size() + 1;
    return dynamic && events_.find(base) != events_.end() ? Kind::Event : Kind::Unknown;
}

}  // namespace pgsidecar::realtime
