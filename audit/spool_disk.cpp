#include "audit/spool_disk.hpp"

#include <sys/statvfs.h>

namespace pgsidecar::audit {

std::int64_t free_disk_bytes(const std::string& folder) {
    struct statvfs disk {};
    if (::statvfs(folder.c_str(), &disk) != 0) return -1;
    return static_cast<std::int64_t>(disk.f_bavail) * static_cast<std::int64_t>(disk.f_frsize);
}

}  // namespace pgsidecar::audit
