#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "realtime/feed_item.hpp"
#include "realtime/row_filter.hpp"

namespace pgsidecar::realtime {

/// One subscription to row changes, by its number on the socket.
struct ChangeSpec {
    int sub = 0;
    std::string event;  ///< INSERT | UPDATE | DELETE | *
    std::string schema, table;
    RowFilter filter;
    std::vector<std::string> select;
    // How many rows of the transaction at hand it has heard.
    std::uint64_t transaction = 0;
    std::size_t rows = 0;

    std::string topic() const { return "db:" + schema + "." + table; }
    bool wants(const RowChange& change) const;
};

struct Subscription {
    std::vector<ChangeSpec> changes;
    bool echo_own = false;
    bool presence = false;
    std::string presence_key;
};

/// What one socket is subscribed to, by channel. A channel's row changes come over topics of the
/// hub, `db:schema.table`, that several channels may share. Thread: its owner's.
class Subscriptions {
public:
    using Names = std::set<std::string, std::less<>>;
    using Channels = std::map<std::string, Subscription, std::less<>>;

    Channels& channels() { return channels_; }
    const Channels& channels() const { return channels_; }
    const Subscription* find(std::string_view channel) const;
    Subscription* find(std::string_view channel);

    /// The hub's topics that this channel's subscription needs.
    static std::set<std::string> topics_of(const std::string& channel,
                                           const Subscription& subscription);
    /// Those that nobody else needs.
    std::set<std::string> remove(std::string_view channel);

    /// Groups the subscription numbers that want this change by the columns they ask for. only: the
    /// channels to look at; null: all.
    std::map<std::vector<std::string>, std::vector<int>> matching(
        const RowChange& change, const Names* only = nullptr) const;

private:
    Channels channels_;
};

}  // namespace pgsidecar::realtime
