#include "audit/spool_records.hpp"

#include "audit/spool_checksum.hpp"
#include "audit/spool_connection.hpp"

namespace pgsidecar::audit {
namespace {

std::uint64_t checksum_of(const StoredRecords& records) {
    return SpoolChecksum()
        .add(records.sequence)
        .add(std::uint64_t{records.count})
        .add(records.body)
        .value();
}

}  // namespace

SpoolRecords::SpoolRecords(SpoolConnection& connection)
    : connection_(connection),
      insert_(connection, "INSERT INTO records VALUES(?, ?, ?, ?)"),
      select_(connection,
              "SELECT sequence, count, body, checksum FROM records WHERE sequence > ? "
              "ORDER BY sequence"),
      sum_(connection,
           "SELECT count(*), coalesce(sum(count), 0), coalesce(sum(length(body)), 0) FROM records "
           "WHERE sequence >= ? AND sequence <= ?"),
      delete_(connection, "DELETE FROM records WHERE sequence >= ? AND sequence <= ?"),
      first_(connection, "SELECT sequence FROM records ORDER BY sequence LIMIT 1") {}

SpoolRecords::Row SpoolRecords::read(const SpoolQuery& row) {
    Row out;
    out.stored.sequence = row.number(0);
    out.stored.count = static_cast<std::uint32_t>(row.number(1));
    out.stored.body = row.bytes(2);
    out.damaged = row.number(3) != checksum_of(out.stored);
    return out;
}

bool SpoolRecords::insert(const StoredRecords& records) {
    insert_.bind(records.sequence).bind(std::uint64_t{records.count}).blob(records.body);
    return insert_.bind(checksum_of(records)).run();
}

std::vector<StoredRecords> SpoolRecords::read(std::uint64_t after, std::size_t max_bytes,
                                              std::vector<std::uint64_t>& damaged) {
    std::vector<StoredRecords> out;
    std::size_t bytes = 0;
    select_.bind(after);
    while (select_.next()) {
        Row row = read(select_);
        if (row.damaged) {
            damaged.push_back(row.stored.sequence);
            continue;
        }
        bytes += row.stored.body.size();
        if (!out.empty() && bytes > max_bytes) break;
        out.push_back(std::move(row.stored));
    }
    select_.reset();
    return out;
}

std::optional<SpoolRecords::Removed> SpoolRecords::remove_through(std::uint64_t sequence) {
    return remove_range(0, sequence);
}

std::optional<SpoolRecords::Removed> SpoolRecords::remove(std::uint64_t sequence) {
    return remove_range(sequence, sequence);
}

std::optional<SpoolRecords::Removed> SpoolRecords::remove_oldest() {
    if (!first_.next()) return std::nullopt;
    const auto sequence = first_.number(0);
    first_.reset();
    return remove(sequence);
}

std::optional<SpoolRecords::Removed> SpoolRecords::remove_range(std::uint64_t from,
                                                                std::uint64_t through) {
    if (!sum_.bind(from).bind(through).next()) return std::nullopt;
    const Removed removed{sum_.number(0), sum_.number(1), sum_.number(2)};
    sum_.reset();
    if (removed.rows > 0 && !delete_.bind(from).bind(through).run()) return std::nullopt;
    return removed;
}

}  // namespace pgsidecar::audit
