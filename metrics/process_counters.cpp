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

}  // namespace pgsidecar::metrics
