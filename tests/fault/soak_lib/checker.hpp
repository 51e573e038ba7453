#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/fault/soak_lib/journal.hpp"

namespace pgsidecar::test::soak {

/// A row of audit_logs; rows are given in the order in which the database took them.
struct Row {
    int client = 0;
    int number = 0;
    std::string payload;
};

/// What the journals and the table together say. Counts are rows or numbers, unless said otherwise.
struct Tally {
    std::uint64_t acknowledged = 0, refused = 0, unknown = 0;
    std::uint64_t applied = 0;  ///< rows in the table
    std::uint64_t unknown_applied = 0;

    std::uint64_t lost = 0;          ///< acknowledged, and not there
    std::uint64_t duplicated = 0;    ///< rows above the first of their number
    std::uint64_t out_of_order = 0;  ///< acknowledged, and there before an older one of its client
    std::uint64_t refused_applied = 0;  ///< "did not happen", and there
    std::uint64_t torn = 0;             ///< transactions of which only a part is there
    std::uint64_t garbled = 0;          ///< rows whose payload is not what was sent
    std::uint64_t strays = 0;           ///< rows that nobody wrote
    std::uint64_t stale_reads = 0, unanswered = 0;

    std::vector<std::string> examples;  ///< the first few faults, in words

    /// A promise was broken.
    bool failed() const {
        return lost + duplicated + out_of_order + refused_applied + torn + garbled + strays +
                   stale_reads + unanswered >
               0;
    }
    void add(const Tally& other);
};

Tally check(const std::vector<Journal>& journals, const std::vector<Row>& rows);

}  // namespace pgsidecar::test::soak
