#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "model/outage_policy.hpp"

namespace pgsidecar::audit {

/// What somebody who looks wants to see of a spool.
struct BrowseQuery {
    bool dead = false;        ///< the dead letters, else what waits
    std::uint64_t after = 0;  ///< only higher sequences
    std::size_t max_entries = 100;
    std::size_t max_bytes = 1'048'576;  ///< of the entries in the file; one is always given
};

/// An entry without its statements and values, for people.
struct BrowsedEntry {
    std::uint64_t sequence = 0, bytes = 0;
    std::int64_t accepted_us = 0;
    model::OutageClass outage_class = model::OutageClass::Durable;
    std::string user, database, service;
    std::vector<std::string> tables;  ///< each once, in the order of the statements
    std::size_t statements = 0;
    std::int64_t rows = 0;
    bool damaged = false;
    // Of dead letters.
    std::string sqlstate, message;
    std::int64_t died_us = 0;
};

struct Browsed {
    std::vector<BrowsedEntry> entries;  ///< in the order of their sequences
    bool more = false;                  ///< there are others behind the last one
};

}  // namespace pgsidecar::audit
