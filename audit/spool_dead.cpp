#include "audit/spool_dead.hpp"

#include <string>
#include <utility>

#include "audit/spool_checksum.hpp"

namespace pgsidecar::audit {
namespace {

std::string select(std::string_view end) {
    return "SELECT " + SpoolDead::columns() + " FROM dead " + std::string(end);
}

std::uint64_t checksum_of(const DeadLetter& letter) {
    return SpoolChecksum()
        .add(letter.stored.sequence)
        .add(letter.sqlstate)
        .add(letter.message)
        .add(letter.died_us)
        .add(std::uint64_t{letter.damaged})
        .value();
}

}  // namespace

SpoolDead::SpoolDead(SpoolConnection& connection, SpoolRowReader& reader)
    : reader_(reader),
      copy_(connection, "INSERT INTO dead SELECT " + std::string(kSpoolColumns) +
                            ", ?, ?, ?, ?, ? FROM entries WHERE sequence = ?"),
      list_(connection, select("WHERE sequence > ? ORDER BY sequence LIMIT ?")),
      find_(connection, select("WHERE sequence = ?")),
      delete_(connection, "DELETE FROM dead WHERE sequence = ?"),
      delete_parts_(connection, "DELETE FROM parts WHERE sequence = ?") {}

bool SpoolDead::copy_entry(const DeadLetter& letter) {
    copy_.text(letter.sqlstate).text(letter.message).bind(letter.died_us);
    copy_.bind(std::uint64_t{letter.damaged}).bind(checksum_of(letter));
    return copy_.bind(letter.stored.sequence).run();
}

std::string SpoolDead::columns() {
    return std::string(kSpoolColumns) + ", sqlstate, message, died_us, damaged, dead_checksum";
}

DeadLetter SpoolDead::read(const SpoolQuery& row, std::uint64_t& bytes) const {
    SpoolRow entry = reader_.read(row);
    bytes = entry.bytes;
    DeadLetter letter;
    letter.stored = std::move(entry.stored);
    letter.sqlstate = row.bytes(kSpoolColumnCount);
    letter.message = row.bytes(kSpoolColumnCount + 1);
    letter.died_us = row.integer(kSpoolColumnCount + 2);
    letter.damaged = row.integer(kSpoolColumnCount + 3) != 0;
    const bool whole = row.number(kSpoolColumnCount + 4) == checksum_of(letter);
    letter.damaged = letter.damaged || entry.damaged || !whole;
    return letter;
}

void SpoolDead::list(std::uint64_t after, std::size_t max,
                     const std::function<bool(DeadLetter, std::uint64_t)>& see) {
    list_.bind(after).bind(std::uint64_t{max});
    std::uint64_t bytes = 0;
    while (list_.next()) {
        DeadLetter letter = read(list_, bytes);
        if (!see(std::move(letter), bytes)) break;
    }
    list_.reset();
}

std::optional<SpoolRow> SpoolDead::find(std::uint64_t sequence) {
    if (!find_.bind(sequence).next()) return std::nullopt;
    SpoolRow row = reader_.read(find_);
    find_.reset();
    return row;
}

bool SpoolDead::remove(std::uint64_t sequence) {
    return delete_.bind(sequence).run() && delete_parts_.bind(sequence).run();
}

}  // namespace pgsidecar::audit
