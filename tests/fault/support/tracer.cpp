#include "tests/fault/support/tracer.hpp"

#include <filesystem>
#include <stdexcept>

#include "tests/support/temp_folder.hpp"

namespace pgsidecar::test {

namespace {

bool every_thread(pid_t pid, bool traced) {
    std::error_code gone;
    for (const auto& task :
         std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/task", gone)) {
        std::string status = read_file(task.path().string() + "/status");
        bool is_traced = status.find("TracerPid:\t0\n") == std::string::npos;
        if (is_traced != traced) return false;
    }
    return true;
}

}  // namespace

std::string Tracer::missing() {
    try {
        Command command;
        command.argv = {"strace", "-f", "-o", "/dev/null", "true"};
        run(command, 10s);
        return {};
    } catch (const std::runtime_error& e) {
        return e.what();
    }
}

Tracer::Tracer(pid_t pid, const std::string& injection) : pid_(pid) {
    std::string calls = injection.substr(0, injection.find(':'));
    Command command;
    command.argv = {"strace",
                    "-f",
                    "-q",
                    "-o",
                    "/dev/null",
                    "-e",
                    "trace=" + calls,
                    "-e",
                    "inject=" + injection,
                    "-p",
                    std::to_string(pid)};
    strace_ = ChildProcess(command);
    if (!eventually(10s, [&] { return every_thread(pid, true); }))
        throw std::runtime_error("strace does not attach");
}

Tracer::~Tracer() {
    strace_.signal(SIGINT);
    strace_.wait(10s);
    eventually(5s, [this] { return every_thread(pid_, false); });
}

}  // namespace pgsidecar::test
