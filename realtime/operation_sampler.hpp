#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "model/database_operation.hpp"

namespace pgsidecar::realtime {

/// Which operations of a batch become frames: at most per_second of them each second, failures
/// first, then the newest; the others are counted. Thread: its owner's.
class OperationSampler {
public:
    struct Choice {
        std::vector<std::size_t> picked;  ///< indices, ascending
        std::uint64_t skipped = 0;        ///< left out since the last non-empty choice
    };

    explicit OperationSampler(int per_second) : per_second_(per_second) {}

    Choice choose(std::span<const model::DatabaseOperation> batch, std::int64_t mono_ns);

private:
    std::size_t budget(std::int64_t mono_ns);

    int per_second_;
    std::int64_t window_start_ns_ = 0;
    std::size_t used_in_window_ = 0;
    bool started_ = false;
    std::uint64_t skipped_ = 0;
};

}  // namespace pgsidecar::realtime
