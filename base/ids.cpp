#include "base/ids.hpp"

#include <cstring>

namespace pgsidecar::base {

namespace {
std::uint64_t rotl(std::uint64_t v, int k) { return (v << k) | (v >> (64 - k)); }
}  // namespace

std::string Uuid::to_string() const {
    static constexpr char kHex[] = "0123456789abcdef";
    std::string text;
    text.reserve(36);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) text.push_back('-');
        text.push_back(kHex[bytes[i] >> 4]);
        text.push_back(kHex[bytes[i] & 15]);
    }
    return text;
}

UuidSource::UuidSource(Entropy& entropy) {
    entropy.fill(std::as_writable_bytes(std::span(state_)));
    state_[0] |= 1;  // xoroshiro must not start from zero
}

Uuid UuidSource::next(std::int64_t wall_us) {
    // xoroshiro128+: ids must be unlikely to meet, not hard to guess.
    std::uint64_t s0 = state_[0], s1 = state_[1];
    std::uint64_t random = s0 + s1;
    s1 ^= s0;
    state_[0] = rotl(s0, 24) ^ s1 ^ (s1 << 16);
    state_[1] = rotl(s1, 37);

    auto micros = static_cast<std::uint64_t>(wall_us);
    std::uint64_t high = ((micros / 1000) << 16) | 0x7000 | ((micros % 1000) << 2 & 0xfff);
    std::uint64_t low = (random & 0x3fffffffffffffffULL) | 0x8000000000000000ULL;
    Uuid id;
    for (int i = 0; i < 8; ++i) {
        id.bytes[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(high >> (56 - 8 * i));
        id.bytes[static_cast<std::size_t>(8 + i)] = static_cast<std::uint8_t>(low >> (56 - 8 * i));
    }
    return id;
}

}  // namespace pgsidecar::base
