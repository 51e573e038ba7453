#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "audit/spool_browse.hpp"
#include "base/clock.hpp"
#include "model/learned_schema.hpp"
#include "model/spool_entry.hpp"
#include "model/spool_progress.hpp"

namespace pgsidecar::audit {

/// An entry as it comes out of the spool again.
struct StoredEntry {
    std::uint64_t sequence = 0;
    std::int64_t accepted_us = 0;  ///< when its group commit was written, microseconds since 1970
    model::SpoolEntry entry;
};

/// Records of the operation log, already encoded; one row of the spool.
struct StoredRecords {
    std::uint64_t sequence = 0;  ///< counts on its own, apart from the entries'
    std::uint32_t count = 0;
    std::string body;
};

/// An entry that the database refused, or that was damaged or too old.
struct DeadLetter {
    StoredEntry stored;
    std::string sqlstate;  ///< empty: not the database's refusal
    std::string message;   ///< holds no values
    std::int64_t died_us = 0;
    bool damaged = false;  ///< stored.entry is what could still be read
};

/// What waits, for status, metrics and console.
struct SpoolStats {
    std::uint64_t entries = 0, bytes = 0, dead = 0;
    std::uint64_t records = 0, record_bytes = 0;
    std::int64_t oldest_us = 0;  ///< acceptance of the oldest entry; 0: none
    std::uint64_t appended_total = 0, settled_total = 0, buffer_dropped_total = 0;
    std::uint64_t refused_total = 0, records_dropped_total = 0, commits_total = 0,
                  commit_failures_total = 0;
    std::int64_t last_commit_ns = 0;  ///< duration of the last group commit
    std::string problem;  ///< empty: usable; else the sentence that says why nothing is taken
};

/// The durable spool: one SQLite file, one writer thread, one fsync for all that is waiting
/// (design, part 6).
///
/// Thread: every function from any; callbacks come on the spool's thread, which they must not
/// block. Owns the file, its lock and the thread. Nothing throws.
class Spool {
public:
    struct Options {
        std::string folder;
        std::int64_t max_bytes = 0, max_entries = 0, max_entry_bytes = 0, disk_reserve_bytes = 0;
        std::int64_t queue_max_entries = 0, queue_max_age_ms = 0, buffer_max_bytes = 0;
        std::int64_t records_max_bytes = 0;
        int commit_max_entries = 1'024;
        /// Called on the spool's thread at every change of whether entries can be taken; empty
        /// sentence: they can.
        std::function<void(const std::string& problem)> on_usable;
        /// Called on the spool's thread when the spool itself has made a dead letter, durably: of a
        /// damaged entry, found at open() or when read, or of one that got too old. To be
        /// announced.
        std::function<void(const DeadLetter&)> on_dead;
        /// Its owner's, who outlives it; null: it has its own.
        model::SpoolProgress* progress = nullptr;
        int probe_interval_ms = 1'000;   ///< room on the disk, commands of the command line
        int reopen_interval_ms = 5'000;  ///< after a file that failed; doubled up to a minute

        // For tests; the real ones when empty.
        std::function<base::Now()> clock;
        std::function<std::int64_t(const std::string& folder)> free_bytes;  ///< -1: cannot be told
        std::string vfs;  ///< a file layer registered with SQLite
    };
    using Appended = std::function<void(const model::SpoolVerdict&)>;

    /// Opens or makes the file, checks it whole (integrity, checksums, the mark of what was
    /// acknowledged), takes the lock. A sentence on failure: what is wrong with which file and what
    /// to do next; the file is then untouched.
    static std::unique_ptr<Spool> open(Options options, std::string& problem);
    ~Spool();  ///< writes what waits, then ends the thread
    Spool(const Spool&) = delete;
    Spool& operator=(const Spool&) = delete;

    /// This file's name in pgsidecar.ledger; a UUID made with the file.
    const std::string& id() const;
    /// Carries out what was asked, then ends the spool's thread; the file stays until the end of
    /// this object. What is asked later is not looked at.
    void close();
    model::SpoolProgress& progress();
    SpoolStats stats() const;

    /// done comes after the fsync that covers the entry, in the order of append() per thread.
    void append(model::SpoolEntry entry, Appended done);
    /// on_disk: after the fsync; false when it could not be stored.
    void append_records(std::string body, std::uint32_t count, std::function<void(bool)> on_disk);

    // The flusher's side. Everything in the order of its call.
    /// Entries above `after` in order, at most so many and so large (at least one).
    void read(std::uint64_t after, std::size_t max_entries, std::size_t max_bytes,
              std::function<void(std::vector<StoredEntry>)> done);
    /// Entries up to and including this one are in the database: forgets them.
    void settle(std::uint64_t through, std::function<void(bool)> done);
    /// Takes the entry out of the order and keeps it with its error, durably before done.
    void bury(std::uint64_t sequence, std::string sqlstate, std::string message,
              std::function<void(bool)> done);
    void read_records(std::uint64_t after, std::size_t max_bytes,
                      std::function<void(std::vector<StoredRecords>)> done);
    void settle_records(std::uint64_t through, std::function<void(bool)> done);

    // Dead letters; from the command line and the console.
    void dead_letters(std::size_t max, std::function<void(std::vector<DeadLetter>)> done);
    /// Puts it behind everything that waits, with a new sequence.
    void retry(std::uint64_t sequence, std::function<void(bool)> done);
    void discard(std::uint64_t sequence, std::function<void(bool)> done);

    /// A page for people.
    void browse(BrowseQuery query, std::function<void(Browsed)> done);

    // What was learned of the database, kept over restarts. Read at open().
    void remember(model::LearnedServer server);
    void remember(model::LearnedSchema schema);
    const std::vector<model::LearnedServer>& known_servers() const;
    const std::vector<model::LearnedSchemaPtr>& known_schemas() const;

private:
    struct Impl;
    explicit Spool(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace pgsidecar::audit
