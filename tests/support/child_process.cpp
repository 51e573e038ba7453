#include "tests/support/child_process.hpp"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <stdexcept>

#include "tests/support/temp_folder.hpp"

namespace pgsidecar::test {

namespace {

/// Runs in the forked child: only async-signal-safe calls, no return.
[[noreturn]] void become(const Command& command, char* const* argv, char* const* envp,
                         const char* program, int output, pid_t parent) {
    ::dup2(output, STDOUT_FILENO);
    ::dup2(output, STDERR_FILENO);
    int in = ::open("/dev/null", O_RDONLY);
    if (in >= 0) ::dup2(in, STDIN_FILENO);
    if (command.run_as) {
        bool dropped = ::setgroups(0, nullptr) == 0 && ::setgid(command.run_as->gid) == 0 &&
                       ::setuid(command.run_as->uid) == 0;
        if (!dropped) ::_exit(126);
    }
    // After setuid, which clears it.
    ::prctl(PR_SET_PDEATHSIG, command.death_signal);
    if (::getppid() != parent) ::_exit(126);
    if (!command.working_folder.empty() && ::chdir(command.working_folder.c_str()) != 0)
        ::_exit(126);
    ::signal(SIGPIPE, SIG_DFL);
    ::execvpe(program, argv, envp);
    ::_exit(127);
}

std::vector<std::string> environment_with(const Command& command) {
    std::vector<std::string> all;
    for (char** e = environ; *e != nullptr; ++e) {
        std::string entry = *e;
        bool replaced = false;
        for (const auto& [name, value] : command.env) replaced |= entry.starts_with(name + "=");
        if (!replaced) all.push_back(entry);
    }
    for (const auto& [name, value] : command.env) all.push_back(name + "=" + value);
    return all;
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
    std::vector<char*> out;
    for (auto& s : strings) out.push_back(s.data());
    out.push_back(nullptr);
    return out;
}

}  // namespace

std::optional<Identity> unprivileged_identity() {
    if (::geteuid() != 0) return std::nullopt;
    for (const char* name : {"postgres", "nobody"}) {
        if (const passwd* p = ::getpwnam(name)) return Identity{p->pw_uid, p->pw_gid};
    }
    throw std::runtime_error("running as root, and neither user postgres nor nobody exists");
}

ChildProcess::ChildProcess(const Command& command) {
    auto argv_text = command.argv;
    auto env_text = environment_with(command);
    auto argv = pointers(argv_text);
    auto envp = pointers(env_text);
    const char* path = command.output_file.empty() ? "/dev/null" : command.output_file.c_str();
    int output = ::open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (output < 0) throw std::runtime_error(std::string("cannot open ") + path);
    pid_t parent = ::getpid();
    pid_ = ::fork();
    if (pid_ == 0) become(command, argv.data(), envp.data(), argv[0], output, parent);
    int why = errno;
    ::close(output);
    if (pid_ < 0) throw std::runtime_error(std::string("fork: ") + std::strerror(why));
}

ChildProcess::~ChildProcess() { kill_and_reap(); }

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), status_(std::exchange(other.status_, std::nullopt)) {}

ChildProcess& ChildProcess::operator=(ChildProcess&& other) noexcept {
    if (this != &other) {
        kill_and_reap();
        pid_ = std::exchange(other.pid_, -1);
        status_ = std::exchange(other.status_, std::nullopt);
    }
    return *this;
}

bool ChildProcess::running() { return pid_ > 0 && !wait(0ms); }

void ChildProcess::signal(int number) const {
    if (pid_ > 0 && !status_) ::kill(pid_, number);
}

std::optional<int> ChildProcess::wait(Deadline deadline) {
    if (pid_ > 0 && !status_) {
        eventually(deadline, [this] {
            int status = 0;
            if (::waitpid(pid_, &status, WNOHANG) != pid_) return false;
            status_ = status;
            return true;
        });
    }
    return status_;
}

int ChildProcess::exit_code(Deadline deadline) {
    auto status = wait(deadline);
    return status && WIFEXITED(*status) ? WEXITSTATUS(*status) : -1;
}

void ChildProcess::kill_and_reap() {
    if (pid_ <= 0 || status_) return;
    ::kill(pid_, SIGCONT);
    ::kill(pid_, SIGKILL);
    wait(10s);
}

std::string run(Command command, Deadline deadline) {
    TempFolder folder;
    if (command.output_file.empty()) command.output_file = folder.path() + "/output";
    std::string name = command.argv.at(0);
    ChildProcess child(command);
    int code = child.exit_code(deadline);
    std::ifstream file(command.output_file);
    std::string output((std::istreambuf_iterator<char>(file)), {});
    if (code != 0) {
        throw std::runtime_error(name + " ended with " + std::to_string(code) + ":\n" + output);
    }
    return output;
}

std::size_t resident_bytes(pid_t pid, const std::string& field) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/status");
    std::string line;
    while (std::getline(file, line)) {
        if (line.starts_with(field + ":")) return std::stoul(line.substr(field.size() + 1)) * 1024;
    }
    return 0;
}

bool has_sanitizer(pid_t pid) {
    const std::string maps = read_file("/proc/" + std::to_string(pid) + "/maps");
    return maps.find("/libasan.") != std::string::npos ||
           maps.find("/libtsan.") != std::string::npos;
}

}  // namespace pgsidecar::test
