#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/gate.hpp"

namespace pgsidecar::test::soak {

enum class FaultKind : std::uint8_t {
    Refuse,     ///< gate: present connections reset, new ones refused
    Reset,      ///< gate: present connections reset
    Stall,      ///< gate: one direction stops
    HalfClose,  ///< gate: FIN to the receiver of one direction
    Cut,        ///< gate: RST after so many bytes in one direction
    ServerKill,
    ServerFreeze,
    ServerRestart,  ///< fast shutdown
    SidecarKill,
    SidecarCrash,  ///< started anew with a crash point armed; dies there whenever it gets there
};

enum class Device : std::uint8_t { Network, Server, Sidecar };
Device device_of(FaultKind kind);

struct Fault {
    FaultKind kind = FaultKind::Reset;
    Ms at{0};  ///< after the start of the run
    Ms lasts{0};
    Direction direction = Direction::ToServer;
    std::uint64_t bytes = 0;  ///< Cut
    std::string crash_point;  ///< SidecarCrash: NAME:pass
};

struct PlanOptions {
    Ms shortest{900}, longest{1700};
    int fewest_writers = 4, most_writers = 8;
};

/// All that is random about one run, from its seed.
struct Plan {
    std::uint64_t seed = 0;
    Ms duration{0};
    int writers = 0;
    std::string pool_mode;
    int pool_size = 0;
    std::vector<std::pair<std::string, std::string>> flags;
    std::vector<Fault> faults;  ///< by time; those of one device do not overlap
};

/// The names of base/crash_point.hpp.
const std::vector<std::string>& crash_points();

Plan make_plan(std::uint64_t seed, const PlanOptions& options);
/// One line.
std::string to_text(const Plan& plan);

}  // namespace pgsidecar::test::soak
