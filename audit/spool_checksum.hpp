#pragma once

#include <cstdint>
#include <string_view>

namespace pgsidecar::audit {

/// CRC-32C (Castagnoli, as in iSCSI, RFC 3720 B.4) over fields, each with its length, so that
/// moving bytes from one field to the next changes it. Thread: its owner's.
class SpoolChecksum {
public:
    SpoolChecksum& add(std::string_view bytes);
    SpoolChecksum& add(std::uint64_t number);
    SpoolChecksum& add(std::int64_t number) { return add(static_cast<std::uint64_t>(number)); }
    std::uint32_t value() const { return ~state_; }

private:
    std::uint32_t state_ = ~std::uint32_t{0};
};

/// CRC-32C of these bytes alone.
std::uint32_t crc32c(std::string_view bytes);

}  // namespace pgsidecar::audit
