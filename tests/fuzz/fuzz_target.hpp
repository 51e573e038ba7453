#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/assert.hpp"
#include "base/bytes.hpp"

/// What every target defines. A broken promise of the code under test ends in PGS_CHECK; otherwise
/// 0.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace pgsidecar::test {

inline base::Bytes fuzz_bytes(const std::uint8_t* data, std::size_t size) {
    return std::as_bytes(std::span(data, size));
}

/// Cuts an input into chunks, each behind a 2-byte length, for targets that take several messages.
class FuzzChunks {
public:
    explicit FuzzChunks(base::Bytes input) : rest_(input) {}

    /// The last one may be shorter than its length says; nullopt at the end.
    std::optional<base::Bytes> next() {
        if (rest_.size() < 2) return std::nullopt;
        std::size_t size = base::load_be16(rest_.data());
        rest_ = rest_.subspan(2);
        auto chunk = rest_.first(size < rest_.size() ? size : rest_.size());
        rest_ = rest_.subspan(chunk.size());
        return chunk;
    }

private:
    base::Bytes rest_;
};

}  // namespace pgsidecar::test
