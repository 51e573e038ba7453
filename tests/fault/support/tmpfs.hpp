#pragma once

#include <string>

#include "tests/support/temp_folder.hpp"

namespace pgsidecar::test {

/// A small file system in memory, seen by this thread and the processes that it starts; the kernel
/// removes it with the last of them. Needs root: `reason()` says why there is none.
class Tmpfs {
public:
    explicit Tmpfs(std::size_t bytes);
    ~Tmpfs();

    explicit operator bool() const { return mounted_; }
    const std::string& reason() const { return reason_; }
    const std::string& path() const { return folder_.path(); }

private:
    TempFolder folder_;
    bool mounted_ = false;
    std::string reason_;
};

}  // namespace pgsidecar::test
