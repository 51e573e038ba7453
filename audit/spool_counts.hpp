#pragma once

#include <cstdint>
#include <deque>

#include "audit/spool_state.hpp"

namespace pgsidecar::audit {

/// What is in the file, kept in step with it so that a limit costs no query.
struct SpoolCounts {
    SpoolState state;  ///< waiting, dead, last_sequence, ... as of now
    std::uint64_t bytes = 0, queue_entries = 0, dead_bytes = 0;
    std::uint64_t records = 0, record_bytes = 0;  ///< records in the rows, and their bodies
};

/// The waiting entries of class buffer, oldest first.
class SpoolBuffered {
public:
    struct Item {
        std::uint64_t sequence = 0, bytes = 0;
    };

    void add(Item item);
    void remove(std::uint64_t sequence);
    void clear();
    bool empty() const { return items_.empty(); }
    const Item& oldest() const { return items_.front(); }
    std::uint64_t bytes() const { return bytes_; }

private:
    std::deque<Item> items_;
    std::uint64_t bytes_ = 0;
};

}  // namespace pgsidecar::audit
