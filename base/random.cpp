#include "base/random.hpp"

#include <sys/random.h>
#include <cerrno>
#include <cstring>

#include "base/assert.hpp"

namespace pgsidecar::base {

void SystemEntropy::fill(std::span<std::byte> out) {
    while (!out.empty()) {
        ssize_t got = getrandom(out.data(), out.size(), 0);
        // A kernel without working getrandom leaves nothing safe to go on with.
        PGS_CHECK(got > 0 || errno == EINTR);
        if (got > 0) out = out.subspan(static_cast<std::size_t>(got));
    }
}

void SeededEntropy::fill(std::span<std::byte> out) {
    while (!out.empty()) {
        std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
        z ^= z >> 31;
        std::size_t count = out.size() < sizeof z ? out.size() : sizeof z;
        std::memcpy(out.data(), &z, count);
        out = out.subspan(count);
    }
}

}  // namespace pgsidecar::base
