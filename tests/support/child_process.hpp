#pragma once

#include <signal.h>
#include <sys/types.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/deadline.hpp"

namespace pgsidecar::test {

/// Whom a child runs as; PostgreSQL refuses to run as root.
struct Identity {
    uid_t uid = 0;
    gid_t gid = 0;
};

/// postgres or nobody when the tests run as root, else nothing.
std::optional<Identity> unprivileged_identity();

struct Command {
    std::vector<std::string> argv;                         ///< argv[0] is looked up in PATH
    std::vector<std::pair<std::string, std::string>> env;  ///< on top of our own
    std::optional<Identity> run_as;
    std::string output_file;  ///< standard output and error are appended here; empty: /dev/null
    std::string working_folder;
    int death_signal = SIGKILL;  ///< what the child gets when the thread that started it ends
};

/// A started program that does not outlive the test: killed by the destructor, and by the kernel
/// (PR_SET_PDEATHSIG) when the test itself dies. Start it from a thread that stays.
class ChildProcess {
public:
    ChildProcess() = default;
    explicit ChildProcess(const Command& command);
    ~ChildProcess();
    ChildProcess(ChildProcess&& other) noexcept;
    ChildProcess& operator=(ChildProcess&& other) noexcept;

    pid_t pid() const { return pid_; }
    bool running();
    void signal(int number) const;
    /// The wait status, or nullopt when the child still runs at the deadline. May be asked again.
    std::optional<int> wait(Deadline deadline);
    /// The exit code, or -1 when a signal ended it or it still runs at the deadline.
    int exit_code(Deadline deadline);
    void kill_and_reap();

private:
    pid_t pid_ = -1;
    std::optional<int> status_;
};

/// Runs a program to its end; throws std::runtime_error with its output when it fails.
std::string run(Command command, Deadline deadline);

/// Resident memory in bytes from /proc/PID/status; field VmRSS or VmHWM. Zero when the process is
/// gone.
std::size_t resident_bytes(pid_t pid, const std::string& field = "VmRSS");

/// Whether the process runs with a sanitizer's library: its shadow and its quarantine of freed
/// blocks multiply what it holds, so bounds on memory must be wider there.
bool has_sanitizer(pid_t pid);

}  // namespace pgsidecar::test
