#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace pgsidecar::model {

/// Why a client keeps its server connection between transactions in pool mode auto: what it has
/// there cannot be carried to another one.
enum class PinReason : std::uint8_t {
    Listen,
    TempTable,
    AdvisoryLock,
    HoldCursor,
    SqlPrepare,      ///< PREPARE in SQL
    Sequence,        ///< what lastval() and currval() tell, where clients ask for it
    Library,         ///< LOAD
    LargeStatement,  ///< a prepared statement whose text was too long to be kept
    kCount,
};

inline constexpr std::size_t kPinReasons = static_cast<std::size_t>(PinReason::kCount);

/// "listen", "temp_table", ...: label values of metrics, words of the console.
std::string_view to_string(PinReason reason);

}  // namespace pgsidecar::model
