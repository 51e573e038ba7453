#include "metrics/process_counters.hpp"

namespace pgsidecar::metrics {

std::string_view to_string(WsDropReason reason) {
    switch (reason) {
        case WsDropReason::SlowClient: return "slow_client";
        case WsDropReason::QueueFull: return "queue_full";
        case WsDropReason::SourceFull: return "source_full";
        case WsDropReason::kCount: break;
    }
    return "other";
}

std::string_view refusal_label(model::SpoolVerdict::Reason reason) {
    using Reason = model::SpoolVerdict::Reason;
    switch (reason) {
        case Reason::Stored: return "stored";
        case Reason::Full: return "full";
        case Reason::EntryTooBig: return "entry_too_big";
        case Reason::DiskFull: return "disk_full";
        case Reason::Failed: return "failed";
        case Reason::Off: return "off";
    }
    return "failed";
}

}  // namespace pgsidecar::metrics
