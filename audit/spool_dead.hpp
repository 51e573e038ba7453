#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "audit/spool_query.hpp"
#include "audit/spool_rows.hpp"

namespace pgsidecar::audit {

/// The table of dead letters. Its rows keep the sequence of the entry, and with it its parts.
class SpoolDead {
public:
    SpoolDead(SpoolConnection& connection, SpoolRowReader& reader);

    /// Copies the row of `entries` as it is, damage included.
    bool copy_entry(const DeadLetter& letter);
    /// Those above `after`, in the order of their sequences. see: with the size of each; false to
    /// stop.
    void list(std::uint64_t after, std::size_t max,
              const std::function<bool(DeadLetter, std::uint64_t bytes)>& see);
    std::optional<SpoolRow> find(std::uint64_t sequence);
    /// What read() wants of a query on `dead`.
    static std::string columns();
    /// row: a query on columns() that stands on a row.
    DeadLetter read(const SpoolQuery& row, std::uint64_t& bytes) const;
    bool remove(std::uint64_t sequence);

private:
    SpoolRowReader& reader_;
    SpoolQuery copy_, list_, find_, delete_, delete_parts_;
};

}  // namespace pgsidecar::audit
