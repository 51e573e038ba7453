#pragma once

#include <cstdint>
#include <string_view>

namespace pgsidecar::audit {

/// Whose fault an error is that came while an entry was applied.
enum class FlushFault : std::uint8_t {
    Entry,     ///< its own: the same entry will be refused each time
    Database,  ///< the database's, the connection's or another session's: trying later helps
    Unclear,   ///< internal errors and unknown codes: an entry that meets one again and again is at
               ///< fault
};

/// By SQLSTATE (manual, appendix A). Empty: the statement could not even be sent, so Entry.
FlushFault fault_of(std::string_view sqlstate);

}  // namespace pgsidecar::audit
