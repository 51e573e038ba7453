#pragma once

#include <memory>
#include <string>

#include "tests/fault/soak_lib/plan.hpp"
#include "tests/support/sidecar_process.hpp"

namespace pgsidecar::test::soak {

/// What the writers talk to: the sidecar, or a control that is known to break promises.
class Target {
public:
    virtual ~Target() = default;

    virtual std::string conninfo() const = 0;
    virtual void launch(const std::string& crash_at) = 0;
    virtual void kill() = 0;
    virtual bool running() = 0;
    /// Empty, or how it ended though nobody killed it.
    virtual std::string broken() { return {}; }
    /// Nothing that was accepted waits any more. Ask again until it holds.
    virtual bool settled() = 0;
    virtual std::string log_tail() { return {}; }
    /// Copies what tells why a run failed.
    virtual void keep(const std::string& /*folder*/) {}
};

/// The sidecar between the writers and the gate, with a new spool folder.
std::unique_ptr<Target> sidecar_target(const Plan& plan, int gate_port);
/// No proxy: the writers talk to the server through the gate.
std::unique_ptr<Target> direct_target(int gate_port);
/// A queue as a well-meaning programmer would write it: acknowledged from memory, applied by two
/// threads, sent again when the answer is missing. Understands the simple protocol only.
std::unique_ptr<Target> memory_queue_target(int gate_port);

}  // namespace pgsidecar::test::soak
