#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "audit/spool.hpp"
#include "audit/spool_query.hpp"

namespace pgsidecar::audit {

/// The table of the operation log's records on their way to the database.
class SpoolRecords {
public:
    static constexpr std::string_view kSelectAll =
        "SELECT sequence, count, body, checksum FROM records ORDER BY sequence";
    struct Row {
        StoredRecords stored;
        bool damaged = false;
    };
    /// What was taken out.
    struct Removed {
        std::uint64_t rows = 0, records = 0, bytes = 0;
    };

    explicit SpoolRecords(SpoolConnection& connection);

    /// row: a query with the columns of kSelectAll that stands on a row.
    static Row read(const SpoolQuery& row);
    bool insert(const StoredRecords& records);
    /// Rows above `after`, until their bodies reach max_bytes; at least one. Damaged ones are left
    /// out and named.
    std::vector<StoredRecords> read(std::uint64_t after, std::size_t max_bytes,
                                    std::vector<std::uint64_t>& damaged);
    /// Nothing on failure.
    std::optional<Removed> remove_through(std::uint64_t sequence);
    std::optional<Removed> remove_oldest();
    std::optional<Removed> remove(std::uint64_t sequence);

private:
    std::optional<Removed> remove_range(std::uint64_t from, std::uint64_t through);

    SpoolConnection& connection_;
    SpoolQuery insert_, select_, sum_, delete_, first_;
};

}  // namespace pgsidecar::audit
