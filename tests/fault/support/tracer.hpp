#pragma once

#include <string>

#include "tests/support/child_process.hpp"

namespace pgsidecar::test {

/// strace on a running process, so that chosen system calls fail; ends when it is destroyed, and
/// the process goes on untouched.
class Tracer {
public:
    /// `injection` as in strace -e inject=, e.g. "fsync,fdatasync:error=EIO". Returns once every
    /// thread is traced; throws when strace cannot.
    Tracer(pid_t pid, const std::string& injection);
    ~Tracer();
    /// Whether strace is there and may trace; else why not.
    static std::string missing();

private:
    pid_t pid_;
    ChildProcess strace_;
};

}  // namespace pgsidecar::test
