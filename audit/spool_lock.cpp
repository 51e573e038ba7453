#include "audit/spool_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

namespace pgsidecar::audit {
namespace {

std::string path_in(const std::string& folder) { return folder + "/lock"; }

std::string written_pid(int file) {
    std::array<char, 24> text{};
    const auto got = ::pread(file, text.data(), text.size(), 0);
    std::string pid;
    for (ssize_t i = 0; i < got && text[static_cast<std::size_t>(i)] >= '0' &&
                        text[static_cast<std::size_t>(i)] <= '9';
         ++i)
        pid += text[static_cast<std::size_t>(i)];
    return pid;
}

}  // namespace

SpoolLock::~SpoolLock() {
    if (file_ >= 0) ::close(file_);
}

std::string SpoolLock::take(const std::string& folder) {
    const std::string path = path_in(folder);
    const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0)
        return "The file " + path + " cannot be opened for writing (" +
               std::generic_category().message(errno) +
               "): give this user the folder, or name another one with outage.spool_dir.";
    if (::flock(file, LOCK_EX | LOCK_NB) != 0) {
        const std::string pid = written_pid(file);
        ::close(file);
        return "The spool in " + folder + " is in use by " +
               (pid.empty() ? "another process" : "process " + pid) +
               ": stop it, or give this sidecar a folder of its own with outage.spool_dir.";
    }
    const std::string pid = std::to_string(::getpid()) + "\n";
    // Without the pid only the message to a second process is poorer; the lock itself holds.
    if (::ftruncate(file, 0) == 0 &&
        ::pwrite(file, pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
        const int emptied = ::ftruncate(file, 0);
        static_cast<void>(emptied);
    }
    file_ = file;
    return {};
}

}  // namespace pgsidecar::audit
