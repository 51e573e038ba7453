#pragma once

#include <string>

namespace pgsidecar::audit {

/// Holds the file `lock` of a spool's folder, so that one process at a time writes the spool; the
/// system frees it when the process ends in whatever way. Thread: its owner's.
class SpoolLock {
public:
    SpoolLock() = default;
    ~SpoolLock();
    SpoolLock(const SpoolLock&) = delete;
    SpoolLock& operator=(const SpoolLock&) = delete;

    /// A sentence on failure; it names the process that holds the lock.
    std::string take(const std::string& folder);

private:
    int file_ = -1;
};

}  // namespace pgsidecar::audit
