#pragma once

#include <cstdint>
#include <string>

namespace pgsidecar::audit {

/// What an ordinary user may still write on the folder's disk, in bytes; -1: cannot be told.
std::int64_t free_disk_bytes(const std::string& folder);

/// Room that the spool holds for itself, as a file of its own: on a full disk even forgetting what
/// was applied needs some. hold() is a wish; nothing fails when the disk has no room for it.
class SpoolBallast {
public:
    static constexpr std::int64_t kBytes = 1'048'576;

    explicit SpoolBallast(const std::string& folder) : path_(folder + "/ballast") {}
    void hold() const;
    void release() const;

private:
    std::string path_;
};

}  // namespace pgsidecar::audit
