#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <string_view>

namespace pgsidecar::realtime {

/// Which channels there are (contract 5.4).
class ChannelNames {
public:
    enum class Kind : std::uint8_t { Unknown, Database, Operations, Event, All, Room, Table };

    /// events: comma-separated names of event channels.
    explicit ChannelNames(std::string_view events);

    Kind kind_of(std::string_view channel) const;
    /// `messages` of `messages:7`; empty when the channel is no dynamic one.
    static std::string_view base_of(std::string_view channel);
    /// "schema.table" of a Table channel.
    static std::string_view table_of(std::string_view channel) { return channel.substr(3); }
    const std::set<std::string, std::less<>>& events() const { return events_; }

private:
    std::set<std::string, std::less<>> events_;
};

}  // namespace pgsidecar::realtime
