#include "audit/spool_state.hpp"

#include "audit/spool_checksum.hpp"
#include "audit/spool_query.hpp"

namespace pgsidecar::audit {
namespace {

std::uint64_t checksum_of(const SpoolState& state) {
    return SpoolChecksum()
        .add(state.changes)
        .add(state.last_sequence)
        .add(state.waiting)
        .add(state.dead)
        .add(state.last_record)
        .add(state.record_rows)
        .value();
}

std::uint64_t checksum_of(std::string_view key, std::string_view value) {
    return SpoolChecksum().add(key).add(value).value();
}

}  // namespace

bool put_state(SpoolConnection& connection, const SpoolState& state) {
    SpoolQuery query(connection, "REPLACE INTO state VALUES(1, ?, ?, ?, ?, ?, ?, ?)");
    query.bind(state.changes).bind(state.last_sequence).bind(state.waiting).bind(state.dead);
    query.bind(state.last_record).bind(state.record_rows).bind(checksum_of(state));
    return query.run();
}

std::optional<SpoolState> state_of(SpoolConnection& connection) {
    SpoolQuery query(connection,
                     "SELECT changes, last_sequence, waiting, dead, last_record, record_rows, "
                     "checksum FROM state");
    if (!query.next()) return std::nullopt;
    SpoolState state{query.number(0), query.number(1), query.number(2),
                     query.number(3), query.number(4), query.number(5)};
    if (query.number(6) != checksum_of(state)) return std::nullopt;
    return state;
}

bool put_meta(SpoolConnection& connection, std::string_view key, std::string_view value) {
    SpoolQuery query(connection, "REPLACE INTO meta VALUES(?, ?, ?)");
    return query.text(key).text(value).bind(checksum_of(key, value)).run();
}

std::optional<std::string> meta_of(SpoolConnection& connection, std::string_view key) {
    SpoolQuery query(connection, "SELECT value, checksum FROM meta WHERE key = ?");
    if (!query.text(key).next()) return std::nullopt;
    std::string value(query.bytes(0));
    if (query.number(1) != checksum_of(key, value)) return std::nullopt;
    return value;
}

}  // namespace pgsidecar::audit
