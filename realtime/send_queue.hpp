#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "realtime/frame.hpp"

namespace pgsidecar::realtime {

/// How a frame is kept while the socket is busy (contract 5.8).
enum class Lane : std::uint8_t {
    Control,  ///< never dropped, sent first
    Latest,   ///< the newest of a (type, channel) replaces the waiting one
    Data,     ///< in order, bounded; over the bound the socket lags
};

/// What one client has not been sent yet.
///
/// Control before latest before data. Memory is bounded: latest by its slots, data by the limits;
/// control grows only with what the server itself announces, and with replies, for which the owner
/// stops reading. Thread: its owner's.
class SendQueue {
public:
    struct Limits {
        std::size_t soft_bytes = 262'144;
        std::size_t hard_bytes = 1'048'576;
        std::size_t max_frames = 4'096;
        std::int64_t slow_timeout_ms = 10'000;
        std::size_t control_frames = 64;  ///< more waiting: the client asks faster than it reads
    };

    explicit SendQueue(Limits limits) : limits_(limits) {}

    void push_control(Frame frame);
    /// depth: how many of this (type, channel) may wait; 1 but for sampled types. The oldest gives
    /// way.
    void push_latest(std::string_view type, std::string_view channel, std::size_t depth,
                     Frame frame);
    /// False: there is no room; the socket lags from now on and nothing is kept until catch_up().
    /// What waited before is still sent. A single frame of any size has room.
    bool push_data(Frame frame);
    /// All of them, or none.
    bool push_data(std::vector<Frame> frames);
    /// For what catches up, also while the socket lags; only while may_feed().
    void feed_data(Frame frame);

    /// The next frame to send; null when there is none.
    Frame pop();
    bool empty() const { return control_.empty() && latest_count_ == 0 && data_.empty(); }

    /// True when so much control waits that the owner should stop reading requests.
    bool control_full() const {
        return control_.size() >= limits_.control_frames || control_bytes_ > limits_.soft_bytes;
    }
    std::size_t data_bytes() const { return data_bytes_; }
    /// Frames of the latest lane that a newer one pushed out.
    std::uint64_t replaced() const { return replaced_; }

    bool lagging() const { return lagging_; }
    void catch_up() { lagging_ = false; }
    /// True when the data lane has drained below soft.
    bool may_feed() const {
        return data_bytes_ < limits_.soft_bytes && data_.size() < limits_.max_frames;
    }

    /// True when the socket has been lagging, behind, above soft, or with its control lane full for
    /// slow_timeout_ms (close it with 4508). behind: more waits for it elsewhere. Call at least
    /// once a second.
    bool too_slow(std::int64_t mono_ns, bool behind = false);

    /// Drops everything but control: a closing socket sends its bye and no more.
    void drop_feed();

private:
    struct Slot {
        std::string type, channel;
        std::deque<Frame> frames;
    };

    /// False: the socket lags from now on.
    bool has_room(std::size_t frames, std::size_t bytes);

    Limits limits_;
    std::deque<Frame> control_;
    std::vector<Slot> latest_;
    std::deque<Frame> data_;
    std::size_t control_bytes_ = 0, latest_count_ = 0, data_bytes_ = 0;
    std::size_t next_slot_ = 0;
    std::uint64_t replaced_ = 0;
    bool lagging_ = false;
    std::optional<std::int64_t> slow_since_ns_;
};

}  // namespace pgsidecar::realtime
