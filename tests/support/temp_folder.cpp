#include "tests/support/temp_folder.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace pgsidecar::test {

TempFolder::TempFolder(std::optional<Identity> owner) {
    const char* base = std::getenv("TMPDIR");
    std::string pattern = std::string(base != nullptr ? base : "/tmp") + "/pgs-test-XXXXXX";
    if (::mkdtemp(pattern.data()) == nullptr) {
        throw std::runtime_error("cannot make a temporary folder like " + pattern);
    }
    path_ = pattern;
    ::chmod(path_.c_str(), 0755);
    if (owner && ::chown(path_.c_str(), owner->uid, owner->gid) != 0) {
        throw std::runtime_error("cannot give " + path_ + " to another user");
    }
    start_guardian();
}

void TempFolder::start_guardian() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return;
    guardian_ = ::fork();
    if (guardian_ == 0) {
        ::setsid();
        ::dup2(ends[0], STDIN_FILENO);
        int nothing = ::open("/dev/null", O_WRONLY);
        ::dup2(nothing, STDOUT_FILENO);
        ::dup2(nothing, STDERR_FILENO);
        // Programs in the folder get their own death signal at the same moment; a second removal
        // catches what they wrote while they stopped.
        ::execl("/bin/sh", "sh", "-c",
                "read _; rm -rf -- \"$0\"; [ -e \"$0\" ] && sleep 2; rm -rf -- \"$0\"",
                path_.c_str(), nullptr);
        ::_exit(127);
    }
    ::close(ends[0]);
    guardian_pipe_ = ends[1];
}

TempFolder::~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
    if (guardian_pipe_ >= 0) ::close(guardian_pipe_);
    if (guardian_ > 0) ::waitpid(guardian_, nullptr, 0);
}

std::string TempFolder::write(const std::string& name, const std::string& content) const {
    std::string file = path_ + "/" + name;
    std::ofstream(file) << content;
    return file;
}

std::string read_file(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

std::string tail(const std::string& path, std::size_t lines) {
    std::string text = read_file(path);
    std::size_t at = text.size();
    for (std::size_t n = 0; n <= lines && at != std::string::npos && at > 0; ++n) {
        at = text.rfind('\n', at - 1);
    }
    return at == std::string::npos || at == 0 ? text : text.substr(at + 1);
}

}  // namespace pgsidecar::test
