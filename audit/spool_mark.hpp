#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "audit/spool_state.hpp"

namespace pgsidecar::audit {

/// What had been acknowledged when the mark was written.
struct SpoolMarkContent {
    std::string id;  ///< the file's, 36 characters
    SpoolState state;

    /// True when something was acknowledged that a missing or emptied file would have lost.
    bool holds_anything() const {
        return state.waiting > 0 || state.dead > 0 || state.record_rows > 0;
    }
};

/// The file `mark` beside the spool: how much the spool has acknowledged.
///
/// SQLite silently forgets the end of a write-ahead log whose checksums do not fit, and a shorter
/// or older file can be whole in itself. The mark, written after each commit and before its
/// acknowledgements, shows it. It is not synced: after a power cut it may be older than the spool,
/// which only makes it ask for less.
class SpoolMark {
public:
    SpoolMark() = default;
    ~SpoolMark();
    SpoolMark(const SpoolMark&) = delete;
    SpoolMark& operator=(const SpoolMark&) = delete;

    /// Nothing when there is none, or none that can be trusted (after a power cut on a new file).
    static std::optional<SpoolMarkContent> read(const std::string& path);

    /// Makes the file when it is missing, at its full size, and syncs that.
    bool open(const std::string& path);
    bool write(const SpoolMarkContent& content);

private:
    int file_ = -1;
};

}  // namespace pgsidecar::audit
