#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "audit/spool_counts.hpp"
#include "audit/spool_mark.hpp"

namespace pgsidecar::audit {

class SpoolConnection;
class SpoolContexts;

/// What a look at the whole file came to.
struct SpoolReport {
    std::string problem;  ///< a sentence's end about the file as a whole; empty: usable
    std::string id;
    SpoolCounts counts;
    SpoolBuffered buffered;
    std::map<std::string, std::uint64_t> last_of_table;  ///< the last entry for each
    std::vector<std::uint64_t> damaged;                  ///< entries whose checksums do not fit
    std::vector<std::uint64_t> damaged_records;          ///< rows of `records`, likewise
};

/// Reads everything: SQLite's own check (integrity_check; quick_check for files over 256 MiB, which
/// leaves out only what concerns indices, and the spool has next to none), the identity, the
/// number of rows against state and mark, every checksum. Writes nothing.
///
/// mark: read before the connection's first read, so that a running sidecar is not ahead of it.
SpoolReport check_spool(SpoolConnection& connection, SpoolContexts& contexts,
                        const std::optional<SpoolMarkContent>& mark);

}  // namespace pgsidecar::audit
