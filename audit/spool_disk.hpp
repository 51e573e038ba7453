#pragma once

#include <cstdint>
#include <string>

namespace pgsidecar::audit {

/// What an ordinary user may still write on the folder's disk, in bytes; -1: cannot be told.
std::int64_t free_disk_bytes(const std::string& folder);

}  // namespace pgsidecar::audit
