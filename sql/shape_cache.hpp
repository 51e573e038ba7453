#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "model/statement_shape.hpp"
#include "sql/fingerprint_sink.hpp"

namespace pgsidecar::sql {

/// Fingerprint -> shape, bounded in entries and in bytes.
///
/// Set-associative: a fingerprint belongs to one set of eight, whose hashes fill one cache line;
/// within a set the entry that was not used lately goes first (CLOCK). Both halves of the
/// fingerprint must match, 128 bits of which 64 are seeded per process, so the text itself is not
/// compared.
class ShapeCache {
public:
    ShapeCache(std::size_t max_entries, std::size_t max_bytes);

    /// Null when absent. The pointer is good until the next insert().
    const model::StatementShapePtr* find(const Fingerprint& fingerprint);
    const model::StatementShapePtr* insert(const Fingerprint& fingerprint,
                                           model::StatementShapePtr shape);

    std::size_t entries() const { return entries_; }
    std::size_t bytes() const { return bytes_; }

private:
    static constexpr std::size_t kWays = 8;

    struct alignas(64) Set {
        std::array<std::uint64_t, kWays> values{};
        std::array<std::uint64_t, kWays> checks{};
        std::array<model::StatementShapePtr, kWays> shapes{};
        std::uint8_t used = 0;  ///< bit per way: looked up since the hand last passed
        std::uint8_t hand = 0;
    };

    Set& set_of(std::uint64_t value);
    std::size_t victim(Set& set);
    void drop(Set& set, std::size_t way);
    void shrink_to(std::size_t bytes);

    std::vector<Set> sets_;
    std::size_t max_bytes_;
    std::size_t entries_ = 0, bytes_ = 0;
    std::size_t sweep_ = 0;
};

}  // namespace pgsidecar::sql
