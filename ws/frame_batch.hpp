#pragma once

#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include "realtime/frame.hpp"

namespace pgsidecar::ws {

/// Frames of one socket on their way out, as one gathering write takes them.
///
/// A text gets its header here (RFC 6455 5.2: final, not masked) and stays shared with all the
/// other sockets it goes to; other frames come whole. Thread: HTTP.
class FrameBatch {
public:
    static constexpr std::size_t kMaxFrames = 32;
    static constexpr std::size_t kMaxBytes = 65'536;

    /// What is to be sent next; points into the batch and into itself.
    struct Gathered {
        std::array<iovec, 2 * kMaxFrames> parts;
        std::array<std::array<char, 10>, kMaxFrames> headers;
        std::size_t count = 0;
        std::size_t bytes = 0;
    };
    struct Sent {
        std::size_t texts = 0, whole_frames = 0;
    };

    void add_text(realtime::Frame text);
    void add_whole(std::string frame);
    bool empty() const { return items_.empty(); }
    /// Enough for one write; more belongs into the next batch.
    bool full() const { return items_.size() >= kMaxFrames || bytes_ >= kMaxBytes; }

    /// out: valid until the batch changes.
    void gather(Gathered& out) const;
    /// So many bytes of what gather() gave are sent. Returns what is out completely by now.
    Sent consume(std::size_t bytes);
    void clear();

private:
    struct Item {
        realtime::Frame bytes;
        bool text;
    };

    std::vector<Item> items_;
    std::size_t bytes_ = 0;   ///< of all items, without headers
    std::size_t offset_ = 0;  ///< sent of the first item, its header included
};

}  // namespace pgsidecar::ws
