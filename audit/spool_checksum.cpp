#include "audit/spool_checksum.hpp"

#include <array>
#include <bit>
#include <cstddef>
#include <cstring>

namespace pgsidecar::audit {
namespace {

constexpr std::uint32_t kReversedPolynomial = 0x82f63b78;
constexpr std::size_t kSlices = 8;
using Tables = std::array<std::array<std::uint32_t, 256>, kSlices>;

constexpr Tables make_tables() {
    Tables tables{};
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
        std::uint32_t crc = byte;
        for (int bit = 0; bit < 8; ++bit)
            crc = (crc >> 1) ^ ((crc & 1) != 0 ? kReversedPolynomial : 0);
        tables[0][byte] = crc;
    }
    for (std::size_t slice = 1; slice < kSlices; ++slice) {
        for (std::size_t byte = 0; byte < 256; ++byte) {
            const std::uint32_t before = tables[slice - 1][byte];
            tables[slice][byte] = (before >> 8) ^ tables[0][before & 0xff];
        }
    }
    return tables;
}

constexpr Tables kTables = make_tables();

static_assert(std::endian::native == std::endian::little, "update() takes eight bytes at once");

/// Eight bytes a step ("slicing by 8"): an entry is read often enough that this shows.
std::uint32_t update(std::uint32_t crc, const char* bytes, std::size_t size) {
    for (; size >= 8; size -= 8, bytes += 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, bytes, sizeof word);
        word ^= crc;
        crc = kTables[7][word & 0xff] ^ kTables[6][word >> 8 & 0xff] ^
              kTables[5][word >> 16 & 0xff] ^ kTables[4][word >> 24 & 0xff] ^
              kTables[3][word >> 32 & 0xff] ^ kTables[2][word >> 40 & 0xff] ^
              kTables[1][word >> 48 & 0xff] ^ kTables[0][word >> 56];
    }
    for (; size > 0; --size, ++bytes)
        crc = (crc >> 8) ^ kTables[0][(crc ^ static_cast<unsigned char>(*bytes)) & 0xff];
    return crc;
}

}  // namespace

SpoolChecksum& SpoolChecksum::add(std::uint64_t number) {
    std::array<char, sizeof number> bytes{};
    std::memcpy(bytes.data(), &number, sizeof number);
    state_ = update(state_, bytes.data(), bytes.size());
    return *this;
}

SpoolChecksum& SpoolChecksum::add(std::string_view bytes) {
    add(static_cast<std::uint64_t>(bytes.size()));
    state_ = update(state_, bytes.data(), bytes.size());
    return *this;
}

std::uint32_t crc32c(std::string_view bytes) {
    return ~update(~std::uint32_t{0}, bytes.data(), bytes.size());
}

}  // namespace pgsidecar::audit
