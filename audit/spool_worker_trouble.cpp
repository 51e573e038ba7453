// How the spool's thread looks around once a second, and how it gets over full disks and failed
// files.

#include <algorithm>
#include <charconv>
#include <utility>

#include "audit/spool_commands.hpp"
#include "audit/spool_disk.hpp"
#include "audit/spool_mark.hpp"
#include "audit/spool_worker.hpp"
#include "base/log.hpp"

namespace pgsidecar::audit {
namespace {

constexpr std::chrono::minutes kLongestReopenWait{1};
constexpr std::int64_t kMostExtraRoom = 8'388'608;
/// A file with this many free pages is worth writing anew once it holds little else.
constexpr std::int64_t kFreePagesWorthShrinking = 4'096;
constexpr std::int64_t kUsedPagesWorthShrinking = 256;

std::int64_t number_of(SpoolConnection& connection, std::string_view sql) {
    SpoolQuery query(connection, sql);
    return query.next() ? query.integer(0) : 0;
}

}  // namespace

void SpoolWorker::set_trouble(Trouble trouble, std::string problem) {
    if (trouble == trouble_ && problem == problem_) return;
    const bool was_usable = trouble_ == Trouble::None;
    trouble_ = trouble;
    problem_ = std::move(problem);
    const bool usable = trouble_ == Trouble::None;
    progress_.set_usable(usable);
    publish_stats();
    if (usable) {
        base::log::info("spool", "queued writes are taken again");
    } else {
        base::log::error("spool", problem_);
    }
    if ((usable != was_usable || !usable) && options_.on_usable) options_.on_usable(problem_);
}

std::int64_t SpoolWorker::free_bytes() const {
    return options_.free_bytes ? options_.free_bytes(options_.folder)
                               : free_disk_bytes(options_.folder);
}

void SpoolWorker::watch_disk() {
    if (trouble_ != Trouble::None) return;
    const std::int64_t free = free_bytes();
    if (free < 0 || free >= options_.disk_reserve_bytes) return;
    set_trouble(Trouble::DiskFull,
                "The disk of the spool " + options_.folder + " has " + std::to_string(free) +
                    " bytes left, and " + std::to_string(options_.disk_reserve_bytes) +
                    " are to stay free (outage.disk_reserve_bytes): make room on it.");
}

void SpoolWorker::failed() {
    auto& connection = file_->connection();
    const auto kind = connection.failure();
    const std::string text = connection.failure_text();
    if (kind == SpoolFailure::DiskFull || kind == SpoolFailure::Busy) {
        file_->rollback();
        if (kind == SpoolFailure::DiskFull) SpoolBallast(options_.folder).release();
        if (kind == SpoolFailure::DiskFull)
            return set_trouble(Trouble::DiskFull, "The disk of the spool " + options_.folder +
                                                      " is full: make room on it.");
        return set_trouble(Trouble::Busy, "Another program has locked the spool " +
                                              SpoolPaths(options_.folder).database +
                                              ": end its transaction.");
    }
    // What follows a failed write on the same handle proves nothing: the system may report the next
    // sync as good without the data being on the disk.
    connection.allow_checkpoint_on_close(false);
    failed_for_room_ = connection.wants_room();
    if (!take_back_to_) take_back_to_ = file_->committed().state;
    // Not synced, for that disk fails: it is for a process that dies before it has taken it back.
    SpoolMark note;
    note.open(SpoolPaths(options_.folder).take_back);
    note.write({file_->id(), *take_back_to_});
    file_.reset();
    reopen_wait_ = std::chrono::milliseconds(options_.reopen_interval_ms);
    next_reopen_ = Clock::now() + reopen_wait_;
    set_trouble(Trouble::Failed,
                "The spool " + SpoolPaths(options_.folder).database +
                    (kind == SpoolFailure::Corrupt ? " is damaged (" : " cannot be written (") +
                    text + "): see to the disk; it is opened and checked again by itself.");
}

void SpoolWorker::look_around() {
    if (trouble_ == Trouble::Failed) {
        if (Clock::now() >= next_reopen_) reopen();
    } else if (trouble_ != Trouble::None) {
        recover();
    } else {
        watch_disk();
    }
    if (file_) carry_out_commands();
    if (file_ && !std::exchange(busy_since_look_, false)) use_idle_time();
    next_look_ = Clock::now() + std::chrono::milliseconds(options_.probe_interval_ms);
}

void SpoolWorker::recover() {
    if (trouble_ == Trouble::DiskFull) {
        // A little more than the reserve, so that the state does not change with every entry.
        const std::int64_t extra = std::min(options_.disk_reserve_bytes / 8, kMostExtraRoom);
        const std::int64_t free = free_bytes();
        const std::int64_t needed = std::max<std::int64_t>(1, options_.disk_reserve_bytes + extra);
        if (free >= 0 && free < needed) return;
    }
    // A transaction that really writes shows whether there is room.
    const bool good = file_->begin() &&
                      put_meta(file_->connection(), "room", std::string(16'384, ' ')) &&
                      file_->commit();
    if (!good) return failed();
    if (!file_->begin() || !put_meta(file_->connection(), "room", "") || !file_->commit())
        return failed();
    SpoolBallast(options_.folder).hold();
    set_trouble(Trouble::None, {});
}

void SpoolWorker::reopen() {
    auto opened = open_spool_file(options_, true);
    if (!opened.file) {
        reopen_wait_ = std::min<std::chrono::milliseconds>(reopen_wait_ * 2, kLongestReopenWait);
        next_reopen_ = Clock::now() + reopen_wait_;
        return set_trouble(Trouble::Failed, std::move(opened.problem));
    }
    adopt(std::move(opened));
    // Their clients were told that they are not stored; the failed commit may have stored them.
    if (!file_->begin() ||
        !file_->forget_after(take_back_to_->last_sequence, take_back_to_->last_record) ||
        !file_->commit())
        return failed();
    take_back_to_.reset();
    publish_progress();
    bury_what_open_found();
    if (file_) set_trouble(Trouble::None, {});
}

void SpoolWorker::adopt(OpenedSpool opened) {
    file_ = std::move(opened.file);
    found_at_open_ = std::move(opened);
    first_ = file_->first();
    const std::string handed_out =
        meta_of(file_->connection(), kSpoolHandedOut).value_or(std::string());
    std::from_chars(handed_out.data(), handed_out.data() + handed_out.size(), handed_out_);
    checkpoint_at_pages_ = kSpoolCheckpointPages;
    publish_stats();
}

void SpoolWorker::carry_out_commands() {
    file_->connection().clear_failure();
    const auto commands = open_commands(file_->connection());
    if (!file_->good()) return failed();
    for (const auto& command : commands) {
        if (!file_->begin() || !carry_out(*file_, command) || !file_->commit()) return failed();
        publish_progress();
        publish_stats();
        base::log::info("spool", "the command line has changed the dead letters",
                        {{"command", command.verb}});
    }
}

void SpoolWorker::checkpoint_if_large() {
    auto& connection = file_->connection();
    if (connection.log_pages() < checkpoint_at_pages_) return;
    connection.clear_failure();
    if (!connection.checkpoint(false) && connection.failure() != SpoolFailure::Busy)
        return failed();
    // What a reader holds back is tried again when as much has been added.
    checkpoint_at_pages_ = connection.log_pages() + kSpoolCheckpointPages;
}

void SpoolWorker::use_idle_time() {
    auto& connection = file_->connection();
    connection.clear_failure();
    if (connection.log_pages() > 0) connection.checkpoint(false);
    const auto& state = file_->counts().state;
    if (state.waiting == 0 && state.record_rows == 0 && file_->good()) {
        const auto free = number_of(connection, "PRAGMA freelist_count");
        const auto used = number_of(connection, "PRAGMA page_count") - free;
        if (free >= kFreePagesWorthShrinking && used <= kUsedPagesWorthShrinking &&
            connection.run("VACUUM"))
            connection.checkpoint(true);
    }
    if (!file_->good() && connection.failure() != SpoolFailure::Busy) failed();
}

}  // namespace pgsidecar::audit
