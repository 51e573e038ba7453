#pragma once

#include <cstdint>
#include <string>

namespace pgsidecar::audit {

/// How far the flush is, for status (`queued`), metrics and console. A snapshot.
struct FlushStatus {
    std::uint64_t waiting = 0;        ///< entries in the spool
    std::uint64_t applied_total = 0;  ///< by this process
    std::uint64_t dead = 0;           ///< dead letters in the spool
    std::string blocked;  ///< empty, or the sentence that says why entries stay where they are
    double rate = 0;      ///< entries a second of the flush under way, or of the last one
    bool running = false;
};

}  // namespace pgsidecar::audit
