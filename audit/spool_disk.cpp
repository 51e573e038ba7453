#include "audit/spool_disk.hpp"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace pgsidecar::audit {

std::int64_t free_disk_bytes(const std::string& folder) {
    struct statvfs disk {};
    if (::statvfs(folder.c_str(), &disk) != 0) return -1;
    return static_cast<std::int64_t>(disk.f_bavail) * static_cast<std::int64_t>(disk.f_frsize);
}

void SpoolBallast::hold() const {
    const int file = ::open(path_.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    if (file < 0) return;
    const bool held = ::posix_fallocate(file, 0, kBytes) == 0;
    ::close(file);
    if (!held) release();
}

void SpoolBallast::release() const { ::unlink(path_.c_str()); }

}  // namespace pgsidecar::audit
