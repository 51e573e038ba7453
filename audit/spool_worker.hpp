#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "audit/spool_ages.hpp"
#include "audit/spool_file.hpp"
#include "audit/spool_group.hpp"
#include "audit/spool_open.hpp"
#include "audit/spool_request.hpp"
#include "model/spool_progress.hpp"

namespace pgsidecar::audit {

/// How many pages the write-ahead log gets before it is copied into the file. The copying delays
/// the acknowledgements that wait for it: by 2 ms with 250 pages, by 10 ms with 2,000.
inline constexpr int kSpoolCheckpointPages = 250;
inline constexpr std::string_view kSpoolHandedOut = "handed_out";  ///< a key of the table meta

/// The spool's thread: takes requests from a queue, commits them in groups, answers reads between
/// the commits, and gets over full disks and failed files.
///
/// Thread: push() and stats() from any, all else on its own thread.
class SpoolWorker {
public:
    /// options and progress outlive it. opened.file is there.
    SpoolWorker(const Spool::Options& options, model::SpoolProgress& progress, OpenedSpool opened);
    ~SpoolWorker() { stop(); }
    SpoolWorker(const SpoolWorker&) = delete;
    SpoolWorker& operator=(const SpoolWorker&) = delete;

    /// Carries out what waits, then ends the thread; what comes later is not looked at.
    void stop();
    void push(spool_request::Any request);
    SpoolStats stats() const;

private:
    using Clock = std::chrono::steady_clock;
    enum class Trouble : std::uint8_t {
        None,
        DiskFull,
        Busy,    ///< another program holds SQLite's lock
        Failed,  ///< the file is closed until it can be opened and checked again
    };

    void run();
    /// Waits for requests or for the time of the next look around; at most one group of them. False
    /// at the end.
    bool take(std::vector<spool_request::Any>& out);
    void process(std::span<spool_request::Any> requests);

    void write(std::span<spool_request::Any> requests);
    bool commit(std::span<spool_request::Any> requests, SpoolGroup& group);
    void refuse(std::span<spool_request::Any> requests, const model::SpoolVerdict& verdict);
    /// What an entry gets while there is trouble; Stored: it may be taken.
    model::SpoolVerdict refusal() const;

    void answer(spool_request::Read& request);
    void answer(spool_request::ReadRecords& request);
    void answer(spool_request::DeadLetters& request);
    void answer(spool_request::Browse& request);
    /// Takes those that may go to the database out of rows; the others become dead letters,
    /// durably. False when that failed.
    bool sort_out(std::vector<SpoolRow>& rows, std::vector<StoredEntry>& deliver);
    std::optional<DeadLetter> dead_letter_of(const SpoolRow& row, base::Now time) const;
    /// Notes durably which entries somebody may be applying, before they are handed out.
    bool note_handed_out(const std::vector<StoredEntry>& deliver);
    bool bury(std::vector<DeadLetter> letters);
    void bury_what_open_found();
    bool drop_damaged_records(const std::vector<std::uint64_t>& rows);

    void look_around();
    void watch_disk();
    void recover();
    void reopen();
    void carry_out_commands();
    void use_idle_time();
    void checkpoint_if_large();

    /// After a failure inside or outside a transaction: rolls back, or closes the file.
    void failed();
    void set_trouble(Trouble trouble, std::string problem);
    void adopt(OpenedSpool opened);
    void publish_progress();
    void publish_stats();
    std::int64_t free_bytes() const;
    base::Now now() const;

    const Spool::Options& options_;
    model::SpoolProgress& progress_;

    mutable std::mutex mutex_;  // queue_, stopping_, waiting_, stats_
    std::condition_variable wake_;
    std::deque<spool_request::Any> queue_;
    bool stopping_ = false, waiting_ = false;
    SpoolStats stats_;

    std::unique_ptr<SpoolFile> file_;  // null: Trouble::Failed
    OpenedSpool found_at_open_;
    SpoolAges ages_;
    /// Up to here an entry may have been applied by a COMMIT whose answer was lost. Only the ledger
    /// knows, so that such a one is never taken for too old.
    std::uint64_t handed_out_ = 0;
    std::uint64_t last_aged_;  ///< the highest sequence that ages_ knows of
    Trouble trouble_ = Trouble::None;
    std::string problem_;
    bool failed_for_room_ = false;            ///< Trouble::Failed, and the cause was a full disk
    std::optional<SpoolState> take_back_to_;  ///< what had been acknowledged when the file failed
    std::optional<SpoolFile::First> first_;
    SpoolTotals totals_;
    std::uint64_t commits_ = 0, commit_failures_ = 0;
    std::int64_t last_commit_ns_ = 0;
    int checkpoint_at_pages_;
    bool busy_since_look_ = false;
    Clock::time_point next_look_, next_reopen_;
    std::chrono::milliseconds reopen_wait_;

    std::thread thread_;  // last: it uses all of the above
};

}  // namespace pgsidecar::audit
