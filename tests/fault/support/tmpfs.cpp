#include "tests/fault/support/tmpfs.hpp"

#include <sched.h>
#include <sys/mount.h>

#include <cerrno>
#include <cstring>

namespace pgsidecar::test {

namespace {

/// A mount namespace of this thread's own, so that nothing stays behind when the test dies.
bool private_mounts() {
    static thread_local bool ours =
        ::unshare(CLONE_NEWNS) == 0 &&
        ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
    return ours;
}

}  // namespace

Tmpfs::Tmpfs(std::size_t bytes) {
    std::string size = "mode=0777,size=" + std::to_string(bytes);
    mounted_ =
        private_mounts() && ::mount("none", folder_.path().c_str(), "tmpfs", 0, size.c_str()) == 0;
    if (!mounted_) reason_ = std::string("cannot mount a tmpfs: ") + std::strerror(errno);
}

Tmpfs::~Tmpfs() {
    if (mounted_) ::umount2(folder_.path().c_str(), MNT_DETACH);
}

}  // namespace pgsidecar::test
