// tests/fault/soak N: N seeded runs of writers against faults; see tests/fault/README.md.

#include <iostream>

#include "tests/fault/soak_lib/options.hpp"
#include "tests/fault/soak_lib/report.hpp"
#include "tests/fault/soak_lib/run.hpp"

namespace pgsidecar::test::soak {

namespace {

MakeTarget target_of(Control control) {
    switch (control) {
        case Control::Direct:
        case Control::ForgetfulServer:
        case Control::RetryingClients:
            return [](const Plan&, int gate_port) { return direct_target(gate_port); };
        case Control::MemoryQueue:
            return [](const Plan&, int gate_port) { return memory_queue_target(gate_port); };
        case Control::None: break;
    }
    return [](const Plan& plan, int gate_port) { return sidecar_target(plan, gate_port); };
}

WriterRules rules_of(Control control, const Plan& plan) {
    return {.simple_only = control == Control::MemoryQueue,
            .named_statements = control != Control::None || plan.pool_mode == "session",
            .retry_unknown = control == Control::RetryingClients};
}

int soak(const Options& options) {
    if (options.print_plans) {
        for (int i = 0; i < options.runs; ++i)
            std::cout << to_text(make_plan(options.seed(i), options.plan)) << "\n";
        return 0;
    }
    World world(options.control == Control::ForgetfulServer);
    Report report(options);
    for (int i = 0; i < options.runs; ++i) {
        Plan plan = make_plan(options.seed(i), options.plan);
        report.add(plan, play(world, plan, target_of(options.control),
                              rules_of(options.control, plan), options.keep));
    }
    return report.finish();
}

}  // namespace

}  // namespace pgsidecar::test::soak

int main(int argc, char** argv) {
    using namespace pgsidecar::test::soak;
    try {
        Options options;
        if (!parse(argc, argv, options)) return 2;
        return soak(options);
    } catch (const std::exception& e) {
        std::cerr << "soak: " << e.what() << "\n";
        return 3;
    }
}
