#include "audit/spool_file.hpp"

#include <algorithm>
#include <limits>

#include "audit/spool_text.hpp"
#include "base/log.hpp"

namespace pgsidecar::audit {
namespace {

constexpr std::size_t kContextsWorthClearing = 256;
// SQLite's integers have a sign.
constexpr std::uint64_t kHighestSequence =
    static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());

}  // namespace

SpoolFile::SpoolFile(std::unique_ptr<SpoolConnection> connection, std::unique_ptr<SpoolMark> mark,
                     SpoolReport report)
    : connection_(std::move(connection)),
      mark_(std::move(mark)),
      id_(std::move(report.id)),
      counts_(report.counts),
      committed_(report.counts),
      buffered_(std::move(report.buffered)),
      contexts_(*connection_),
      reader_(*connection_, contexts_),
      writer_(*connection_, contexts_),
      records_(*connection_),
      dead_(*connection_, reader_),
      begin_(*connection_, "BEGIN IMMEDIATE"),
      commit_(*connection_, "COMMIT"),
      rollback_(*connection_, "ROLLBACK"),
      select_(*connection_, "SELECT " + std::string(kSpoolColumns) +
                                " FROM entries WHERE sequence > ? ORDER BY sequence LIMIT ?"),
      first_(*connection_, "SELECT sequence, accepted_us FROM entries ORDER BY sequence LIMIT 1"),
      sizes_(*connection_,
             "SELECT sequence, class, bytes, parts FROM entries WHERE sequence >= ? AND "
             "sequence <= ?"),
      delete_(*connection_, "DELETE FROM entries WHERE sequence >= ? AND sequence <= ?"),
      delete_parts_(*connection_,
                    "DELETE FROM parts WHERE sequence >= ? AND sequence <= ? AND "
                    "sequence NOT IN (SELECT sequence FROM dead)") {}

bool SpoolFile::begin() {
    connection_->clear_failure();
    retried_.clear();
    buffered_touched_ = false;
    changed_ = false;
    return begin_.run();
}

bool SpoolFile::commit() {
    if (changed_) {
        ++counts_.state.changes;
        if (counts_.state.waiting == 0 && contexts_.stored() >= kContextsWorthClearing)
            contexts_.clear_unused();
        put_state(*connection_, counts_.state);
    }
    if (!good() || !commit_.run()) return false;
    committed_ = counts_;
    // Between commit and acknowledgement: never more than is on disk, never less than was told.
    if (!mark_->write({id_, counts_.state}) && !mark_failed_) {
        mark_failed_ = true;
        base::log::warn("spool",
                        "the file mark beside the spool cannot be written; queued writes are safe, "
                        "but a spool that is cut short later may go unnoticed");
    }
    return true;
}

void SpoolFile::rollback() {
    // The failure that led here is what counts, not one of the rollback.
    rollback_.run();
    contexts_.forget();
    counts_ = committed_;
    if (buffered_touched_) reload_buffered();
}

void SpoolFile::reload_buffered() {
    buffered_.clear();
    SpoolQuery rows(*connection_,
                    "SELECT sequence, bytes FROM entries WHERE class = 3 ORDER BY sequence");
    while (rows.next()) buffered_.add({rows.number(0), rows.number(1)});
}

std::optional<std::uint64_t> SpoolFile::append(const model::SpoolEntry& entry,
                                               std::int64_t accepted_us) {
    const std::uint64_t sequence = counts_.state.last_sequence + 1;
    if (!writer_.insert(sequence, accepted_us, entry)) return std::nullopt;
    const std::uint64_t bytes = spool_bytes(entry);
    counts_.state.last_sequence = sequence;
    ++counts_.state.waiting;
    counts_.bytes += bytes;
    if (entry.outage_class == model::OutageClass::Queue) ++counts_.queue_entries;
    if (entry.outage_class == model::OutageClass::Buffer) {
        buffered_.add({sequence, bytes});
        buffered_touched_ = true;
    }
    return sequence;
}

bool SpoolFile::take_out(std::uint64_t from, std::uint64_t through) {
    bool any = false;
    bool with_parts = false;
    sizes_.bind(from).bind(std::min(through, kHighestSequence));
    while (sizes_.next()) {
        if (!any) from = sizes_.number(0);
        any = true;
        const auto outage_class = spool_class_from(sizes_.integer(1));
        --counts_.state.waiting;
        counts_.bytes -= std::min(counts_.bytes, sizes_.number(2));
        if (outage_class == model::OutageClass::Queue && counts_.queue_entries > 0)
            --counts_.queue_entries;
        if (outage_class == model::OutageClass::Buffer) {
            buffered_.remove(sizes_.number(0));
            buffered_touched_ = true;
        }
        with_parts = with_parts || sizes_.integer(3) != 1;
    }
    if (!any || !good()) return good();
    changed_ = true;
    if (!delete_.bind(from).bind(std::min(through, kHighestSequence)).run()) return false;
    return !with_parts || delete_parts_.bind(from).bind(std::min(through, kHighestSequence)).run();
}

bool SpoolFile::drop_oldest_buffered() {
    const std::uint64_t sequence = buffered_.oldest().sequence;
    return take_out(sequence, sequence);
}

bool SpoolFile::settle(std::uint64_t through) { return take_out(0, through); }

bool SpoolFile::forget_after(std::uint64_t sequence, std::uint64_t record) {
    if (counts_.state.last_sequence > sequence && !take_out(sequence + 1, kHighestSequence))
        return false;
    for (auto row = counts_.state.last_record; row > record; --row)
        if (!drop_records(row)) return false;
    return true;
}

bool SpoolFile::bury(const DeadLetter& letter) {
    const std::uint64_t sequence = letter.stored.sequence;
    const std::uint64_t waiting = counts_.state.waiting;
    const std::uint64_t bytes = counts_.bytes;
    if (!dead_.copy_entry(letter) || !take_out(sequence, sequence)) return false;
    if (counts_.state.waiting == waiting) return true;
    ++counts_.state.dead;
    counts_.dead_bytes += bytes - counts_.bytes;
    return true;
}

std::optional<bool> SpoolFile::retry(std::uint64_t sequence) {
    const auto row = dead_.find(sequence);
    if (!good()) return std::nullopt;
    if (!row || row->damaged) return false;
    const auto again = append(row->stored.entry, row->stored.accepted_us);
    if (!again) return std::nullopt;
    for (const auto& statement : row->stored.entry.statements)
        retried_.emplace_back(*again, statement.table);
    return discard(sequence);
}

std::optional<bool> SpoolFile::discard(std::uint64_t sequence) {
    const auto row = dead_.find(sequence);
    if (!good()) return std::nullopt;
    if (!row) return false;
    if (!dead_.remove(sequence)) return std::nullopt;
    --counts_.state.dead;
    counts_.dead_bytes -= std::min(counts_.dead_bytes, row->bytes);
    changed_ = true;
    return true;
}

bool SpoolFile::append_records(std::string_view body, std::uint32_t count) {
    const std::uint64_t sequence = counts_.state.last_record + 1;
    if (!records_.insert({sequence, count, std::string(body)})) return false;
    counts_.state.last_record = sequence;
    ++counts_.state.record_rows;
    counts_.records += count;
    counts_.record_bytes += body.size();
    return true;
}

std::optional<std::uint64_t> SpoolFile::took_out(
    const std::optional<SpoolRecords::Removed>& removed) {
    if (!removed) return std::nullopt;
    counts_.state.record_rows -= removed->rows;
    counts_.records -= removed->records;
    counts_.record_bytes -= removed->bytes;
    changed_ = changed_ || removed->rows > 0;
    return removed->records;
}

bool SpoolFile::settle_records(std::uint64_t through) {
    return took_out(records_.remove_through(std::min(through, kHighestSequence))).has_value();
}

std::optional<std::uint64_t> SpoolFile::drop_records(std::uint64_t sequence) {
    return took_out(records_.remove(sequence));
}

std::optional<std::uint64_t> SpoolFile::drop_oldest_records() {
    return took_out(records_.remove_oldest());
}

std::vector<SpoolRow> SpoolFile::read(std::uint64_t after, std::size_t max_entries,
                                      std::size_t max_bytes) {
    connection_->clear_failure();
    std::vector<SpoolRow> rows;
    std::size_t bytes = 0;
    select_.bind(std::min(after, kHighestSequence));
    select_.bind(std::min<std::uint64_t>(max_entries, kHighestSequence));
    while (select_.next()) {
        SpoolRow row = reader_.read(select_);
        bytes += row.bytes;
        // What was read before a page that cannot be read is whole by its checksum.
        if (!good() || (!rows.empty() && bytes > max_bytes)) break;
        rows.push_back(std::move(row));
    }
    select_.reset();
    return rows;
}

std::optional<SpoolFile::First> SpoolFile::first() {
    if (!first_.next()) return std::nullopt;
    const First first{first_.number(0), first_.integer(1)};
    first_.reset();
    return first;
}

std::vector<StoredRecords> SpoolFile::read_records(std::uint64_t after, std::size_t max_bytes,
                                                   std::vector<std::uint64_t>& damaged) {
    connection_->clear_failure();
    return records_.read(std::min(after, kHighestSequence), max_bytes, damaged);
}

}  // namespace pgsidecar::audit
