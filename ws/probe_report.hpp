#pragma once

#include <string>
#include <vector>

namespace pgsidecar::ws {

/// What a probe answers: 200 when ok, else 503 with the reasons.
struct ProbeReport {
    bool ok = true;
    std::vector<std::string> reasons;  ///< for people, one sentence each; may also explain an ok
};

}  // namespace pgsidecar::ws
