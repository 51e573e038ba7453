#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "realtime/feed_item.hpp"
#include "realtime/frames.hpp"
#include "realtime/send_queue.hpp"

namespace pgsidecar::realtime {

/// One frame on its way to the subscribers of a channel.
struct Publication {
    Lane lane = Lane::Control;
    std::string_view type;
    std::string_view channel;
    Seq seq = 0;
    std::size_t depth = 1;  ///< latest lane: how many may wait
    Frame frame;            ///< null for a row change
    const FeedItem* item = nullptr;
    std::string_view sender = {};  ///< session id of who published it
};

/// What an administrator may know of a client.
struct ClientInfo {
    std::string id, subject, role;
    std::size_t subscriptions = 0;
};

/// Who hears the hub: one per client. Must not join, leave or subscribe inside these calls.
class Subscriber {
public:
    virtual ~Subscriber() = default;
    virtual void on_publication(const Publication& publication) = 0;
    /// Status, health or last error of the database changed. Called before the publication of that
    /// change.
    virtual void on_database_changed() = 0;
    /// Something was missed by everybody.
    virtual void on_gap(const StreamGap& gap) = 0;
    /// The source of events and row changes is not there any more, for now.
    virtual void on_source_lost(const Frame& warning) = 0;
    /// More tables have row level security than before. Here a subscriber may unsubscribe.
    virtual void on_tables_guarded(std::int64_t wall_us) = 0;
    /// For what comes by way of `*`.
    virtual bool may_read(std::string_view channel) const = 0;
    virtual ClientInfo describe() const = 0;

private:
    friend class Hub;
    std::uint64_t delivery_ = 0;  ///< the hub's, so that a frame comes once by several channels
    std::size_t subscribed_ = 0;  ///< the hub's: in how many channels it is
};

}  // namespace pgsidecar::realtime
