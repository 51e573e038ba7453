#pragma once

#include "audit/spool.hpp"
#include "metrics/process_counters.hpp"

namespace pgsidecar::audit {

/// Shows the spool's own counts in the metrics. Thread: any; the flusher does it every second,
/// who has a spool without a flusher (mode mock) has to.
void publish_spool(const SpoolStats& stats, metrics::ProcessCounters& counters);

/// Counts a verdict that is a refusal. Thread: any.
void count_verdict(const model::SpoolVerdict& verdict, metrics::ProcessCounters& counters);

}  // namespace pgsidecar::audit
