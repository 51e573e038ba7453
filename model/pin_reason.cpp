#include "model/pin_reason.hpp"

namespace pgsidecar::model {

std::string_view to_string(PinReason reason) {
    switch (reason) {
        case PinReason::Listen: return "listen";
        case PinReason::TempTable: return "temp_table";
        case PinReason::AdvisoryLock: return "advisory_lock";
        case PinReason::HoldCursor: return "hold_cursor";
        case PinReason::SqlPrepare: return "sql_prepare";
        case PinReason::Sequence: return "sequence";
        case PinReason::Library: return "library";
        case PinReason::LargeStatement: return "large_statement";
        case PinReason::kCount: break;
    }
    return "other";
}

}  // namespace pgsidecar::model
