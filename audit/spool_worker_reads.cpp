// What the spool's thread answers between two commits, and what it finds wrong on the way.

#include <algorithm>
#include <utility>

#include "audit/spool_state.hpp"
#include "audit/spool_worker.hpp"
#include "base/log.hpp"

namespace pgsidecar::audit {

void SpoolWorker::answer(spool_request::Read& request) {
    std::vector<StoredEntry> deliver;
    std::uint64_t after = request.after;
    while (file_ && deliver.empty()) {
        auto rows =
            file_->read(after, std::max<std::size_t>(1, request.max_entries), request.max_bytes);
        const bool broken = !file_->good();
        if (!rows.empty()) after = rows.back().stored.sequence;
        const bool at_end = rows.empty();
        if (broken) failed();
        // Nothing may be handed out past one that is not durably among the dead.
        if (file_ && (!sort_out(rows, deliver) || !note_handed_out(deliver))) deliver.clear();
        if (at_end || broken || !file_) break;
    }
    request.done(std::move(deliver));
}

bool SpoolWorker::sort_out(std::vector<SpoolRow>& rows, std::vector<StoredEntry>& deliver) {
    const base::Now time = now();
    std::vector<DeadLetter> dead;
    for (auto& row : rows) {
        if (auto letter = dead_letter_of(row, time)) {
            dead.push_back(std::move(*letter));
        } else {
            deliver.push_back(std::move(row.stored));
        }
    }
    return bury(std::move(dead));
}

std::optional<DeadLetter> SpoolWorker::dead_letter_of(const SpoolRow& row, base::Now time) const {
    DeadLetter letter;
    letter.died_us = time.wall_us;
    if (row.damaged) {
        letter.damaged = true;
        letter.message =
            "It was damaged on the disk: what the file holds does not fit its checksum.";
    } else if (row.stored.entry.outage_class == model::OutageClass::Queue &&
               options_.queue_max_age_ms > 0 && row.stored.sequence > handed_out_ &&
               ages_.age_us(row.stored.sequence, row.stored.accepted_us, time) >
                   options_.queue_max_age_ms * 1'000) {
        letter.message = "It waited longer than outage.queue_max_age_ms, " +
                         std::to_string(options_.queue_max_age_ms) + " ms.";
    } else {
        return std::nullopt;
    }
    letter.stored = row.stored;
    return letter;
}

bool SpoolWorker::note_handed_out(const std::vector<StoredEntry>& deliver) {
    if (options_.queue_max_age_ms <= 0) return true;
    const bool can_age = std::any_of(deliver.begin(), deliver.end(), [this](const auto& stored) {
        return stored.entry.outage_class == model::OutageClass::Queue &&
               stored.sequence > handed_out_;
    });
    if (!can_age) return true;
    const std::uint64_t last = deliver.back().sequence;
    if (!file_->begin() || !put_meta(file_->connection(), kSpoolHandedOut, std::to_string(last)) ||
        !file_->commit()) {
        failed();
        return false;
    }
    handed_out_ = last;
    return true;
}

bool SpoolWorker::bury(std::vector<DeadLetter> letters) {
    if (letters.empty()) return true;
    bool good = file_->begin();
    for (std::size_t i = 0; good && i < letters.size(); ++i) good = file_->bury(letters[i]);
    if (!good || !file_->commit()) {
        failed();
        return false;
    }
    publish_progress();
    publish_stats();
    for (const auto& letter : letters) {
        base::log::warn("spool", "a queued write went to the dead letters: " + letter.message,
                        {{"sequence", letter.stored.sequence}});
        if (options_.on_dead) options_.on_dead(letter);
    }
    return true;
}

void SpoolWorker::bury_what_open_found() {
    const auto damaged = std::move(found_at_open_.damaged);
    const auto records = std::move(found_at_open_.damaged_records);
    found_at_open_ = {};
    for (const auto sequence : damaged) {
        if (!file_) return;
        auto rows = file_->read(sequence - 1, 1, 0);
        std::vector<StoredEntry> whole;
        if (!file_->good()) return failed();
        if (!sort_out(rows, whole)) return;
    }
    if (file_) drop_damaged_records(records);
}

bool SpoolWorker::drop_damaged_records(const std::vector<std::uint64_t>& rows) {
    if (rows.empty()) return true;
    std::uint64_t dropped = 0;
    bool good = file_->begin();
    for (std::size_t i = 0; good && i < rows.size(); ++i) {
        const auto count = file_->drop_records(rows[i]);
        good = count.has_value();
        dropped += count.value_or(0);
    }
    if (!good || !file_->commit()) {
        failed();
        return false;
    }
    totals_.records_dropped += dropped;
    publish_stats();
    base::log::error("spool", "records of the operation log were damaged on the disk and are lost",
                     {{"records", dropped}});
    return true;
}

void SpoolWorker::answer(spool_request::ReadRecords& request) {
    std::vector<StoredRecords> deliver;
    if (file_) {
        std::vector<std::uint64_t> damaged;
        deliver = file_->read_records(request.after, request.max_bytes, damaged);
        if (!file_->good()) {
            failed();
        } else if (!drop_damaged_records(damaged)) {
            deliver.clear();
        }
    }
    request.done(std::move(deliver));
}

void SpoolWorker::answer(spool_request::DeadLetters& request) {
    std::vector<DeadLetter> deliver;
    if (file_) {
        file_->connection().clear_failure();
        deliver = file_->dead_letters(request.max);
        if (!file_->good()) failed();
    }
    request.done(std::move(deliver));
}

void SpoolWorker::answer(spool_request::Browse& request) {
    Browsed page;
    if (file_) {
        page = file_->browse(request.query);
        if (!file_->good()) failed();
    }
    request.done(std::move(page));
}

}  // namespace pgsidecar::audit
