#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/feed_event.hpp"
#include "realtime/frame.hpp"
#include "realtime/row_image.hpp"

namespace pgsidecar::realtime {

/// A row change as it came into the hub; its frame depends on who hears it. Thread: the hub's.
class RowChange {
public:
    RowChange(model::FeedEvent event, std::optional<RowImage> new_row,
              std::optional<RowImage> old_row, Seq seq);

    const std::string& schema() const { return event_.schema; }
    const std::string& table() const { return event_.table; }
    const std::string& verb() const { return event_.verb; }
    std::uint64_t transaction() const { return event_.transaction; }
    /// The row that filters look at: the new one, of a DELETE the old one; null: none is known.
    const RowImage* subject() const;

    /// For these subscription numbers of a socket; encoded once for all sockets that ask the same
    /// before forget_frames(). A replay's frame is not kept.
    Frame frame(const std::vector<int>& subs, const std::vector<std::string>& select,
                bool replay) const;
    /// It has been delivered: in the ring it must weigh no more than its rows.
    void forget_frames() const;

private:
    model::FeedEvent event_;
    std::optional<RowImage> new_row_, old_row_;
    Seq seq_;
    mutable std::map<std::string, Frame> frames_;
    mutable bool keeps_frames_ = true;
};

/// Something sequenced, as it stays in the replay ring (contract 5.6).
struct FeedItem {
    enum class Kind : std::uint8_t { Database, Event, Change, Broadcast };

    Kind kind = Kind::Database;
    Seq seq = 0;
    std::string channel;
    Frame frame;                                        ///< null for a Change
    std::shared_ptr<const RowChange> change = nullptr;  ///< of a Change
    std::string sender = {};                            ///< session of a Broadcast
};

}  // namespace pgsidecar::realtime
