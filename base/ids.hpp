#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "base/random.hpp"

namespace pgsidecar::base {

/// 128 bits as RFC 9562 version 7: sorted by time of creation.
struct Uuid {
    std::array<std::uint8_t, 16> bytes{};

    std::string to_string() const;
    friend bool operator==(const Uuid&, const Uuid&) = default;
};

/// Makes UUIDv7s without a system call each. Thread: its owner's.
class UuidSource {
public:
    explicit UuidSource(Entropy& entropy);
    Uuid next(std::int64_t wall_us);

private:
    std::uint64_t state_[2];
};

}  // namespace pgsidecar::base
