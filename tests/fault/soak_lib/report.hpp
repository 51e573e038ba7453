#pragma once

#include "tests/fault/soak_lib/options.hpp"
#include "tests/fault/soak_lib/run.hpp"
#include "tests/support/deadline.hpp"

namespace pgsidecar::test::soak {

/// Prints a line for each failed run as it comes, and the table at the end.
class Report {
public:
    explicit Report(const Options& options) : options_(options) {}

    void add(const Plan& plan, const RunResult& result);
    /// The exit code: 0 when every promise was kept; for a control, 0 when it was found out.
    int finish() const;

private:
    bool control_found_out() const;

    const Options& options_;
    Clock::time_point began_ = Clock::now();
    Tally sum_;
    int runs_ = 0, failed_ = 0, faults_ = 0, crashes_reached_ = 0;
};

}  // namespace pgsidecar::test::soak
