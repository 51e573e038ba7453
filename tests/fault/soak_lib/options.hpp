#pragma once

#include <cstdint>
#include <string>

#include "tests/fault/soak_lib/plan.hpp"

namespace pgsidecar::test::soak {

/// What stands in for the sidecar to show that the harness sees faults.
enum class Control : std::uint8_t {
    None,             ///< the sidecar itself
    ForgetfulServer,  ///< no sidecar, synchronous_commit = off: loses
    RetryingClients,  ///< no sidecar, clients repeat what they are unsure of: duplicates
    MemoryQueue,      ///< an in-memory queue with two flushers: loses, doubles, mixes up
    Direct,           ///< no sidecar, an honest server: the one in which nothing may be found
};

struct Options {
    int runs = 0;
    std::uint64_t first_seed = 1;
    PlanOptions plan;
    Control control = Control::None;
    bool verbose = false, print_plans = false;
    std::string keep;

    std::uint64_t seed(int run) const { return first_seed + static_cast<std::uint64_t>(run); }
};

/// False after having said on standard error what is wrong, or how to call it.
bool parse(int argc, char** argv, Options& options);

}  // namespace pgsidecar::test::soak
