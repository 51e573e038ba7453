#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "audit/spool.hpp"
#include "audit/spool_query.hpp"

namespace pgsidecar::audit {

class SpoolContexts;

/// The columns of `entries`, which `dead` begins with, in the order that SpoolRowReader reads.
inline constexpr std::string_view kSpoolColumns =
    "sequence, accepted_us, class, context, bytes, parts, checksum, relation, rows, sql, types, "
    "parameters";
inline constexpr int kSpoolColumnCount = 12;

/// How large an entry is: what the limits of size count, and what the file must hold for it.
std::uint64_t spool_bytes(const model::SpoolEntry& entry);

/// A row as it was found.
struct SpoolRow {
    StoredEntry stored;
    std::uint64_t bytes = 0;
    bool damaged = false;  ///< its checksum, or its context's, does not fit
};

/// Reads rows of `entries` and `dead` and holds them to their checksums. Writes nothing.
class SpoolRowReader {
public:
    SpoolRowReader(SpoolConnection& connection, SpoolContexts& contexts);

    /// row: a query on kSpoolColumns that stands on a row.
    SpoolRow read(const SpoolQuery& row);

private:
    SpoolContexts& contexts_;
    SpoolQuery parts_;
};

/// Writes rows of `entries`.
class SpoolRowWriter {
public:
    SpoolRowWriter(SpoolConnection& connection, SpoolContexts& contexts);

    /// False on failure, which the connection keeps.
    bool insert(std::uint64_t sequence, std::int64_t accepted_us, const model::SpoolEntry& entry);

private:
    SpoolContexts& contexts_;
    SpoolQuery insert_, insert_part_;
    std::vector<std::string> types_;
};

}  // namespace pgsidecar::audit
