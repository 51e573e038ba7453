#pragma once

#include <memory>
#include <string>

#include "metrics/process_counters.hpp"
#include "metrics/shard.hpp"

namespace pgsidecar::metrics {

/// Sums the workers' shards and the process' counters into the answer to a scrape.
///
/// Thread: any; a scrape never makes a worker wait. Shards stay for as long as the registry, so
/// that the counts of a worker that ended are not lost.
class Registry {
public:
    struct Identity {
        std::string version, revision;
        std::string
            upstream;  ///< label of pgsidecar_up: "host:port", never with a user or password
    };

    Registry(Identity identity, std::shared_ptr<const ProcessCounters> process);
    ~Registry();
    Registry(const Registry&) = delete;
    Registry& operator=(const Registry&) = delete;

    void add_worker(std::shared_ptr<const WorkerShard> shard);

    /// Prometheus' text format 0.0.4; to be sent as kContentType.
    std::string text() const;
    static constexpr const char* kContentType = "text/plain; version=0.0.4; charset=utf-8";

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace pgsidecar::metrics
