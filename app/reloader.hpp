#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "config/loader.hpp"
#include "metrics/process_counters.hpp"

namespace pgsidecar::app {

/// Loads the configuration again while the process runs: whole and valid, or not at all.
///
/// Thread: control. Logs and counts each attempt.
class Reloader {
public:
    struct Report {
        std::string problem;  ///< empty: done; else every mistake, and nothing has changed
        std::vector<std::string> changed, needs_restart;  ///< keys
        std::vector<std::string> warnings;
        bool ok() const { return problem.empty(); }
    };
    /// Puts the new configuration to use, or says in a sentence why that is not possible.
    using Apply = std::function<std::string(const config::LoadResult&)>;

    /// input: as at the start. present: what it came to then.
    Reloader(config::LoadInput input, config::LoadResult present,
             std::shared_ptr<metrics::ProcessCounters> counters, Apply apply);

    Report reload();
    /// In use now.
    const config::LoadResult& present() const { return present_; }

private:
    Report attempt();
    void tell(const Report& report) const;

    config::LoadInput input_;
    config::LoadResult present_;
    std::shared_ptr<metrics::ProcessCounters> counters_;
    Apply apply_;
};

}  // namespace pgsidecar::app
