#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "audit/flush_batch.hpp"
#include "audit/flush_pending.hpp"
#include "audit/flush_spool.hpp"
#include "audit/flush_target.hpp"

namespace pgsidecar::audit {

/// The queued writes of one database on their way into it.
///
/// Entries for several databases lie mixed in one spool. Each lane reads the whole spool in order
/// and applies what is for its database, so that order within a database is by sequence and one
/// database that is blocked does not stop another; the spool may forget what all lanes have passed
/// (position()). With one database, the usual case, nothing is read twice.
/// Thread: its executor's. One call of step() or copy_records() at a time.
class FlushLane {
public:
    struct Limits {
        std::size_t batch_entries = 1'000, batch_bytes = 4'194'304;
        std::size_t record_bytes = 4'194'304;
        int unclear_attempts = 3;  ///< then an entry with an unclear error is buried
    };
    /// Called on the executor's thread.
    struct Hooks {
        std::function<void(std::uint64_t entries)> on_applied;
        /// It is in the dead letters, durably.
        std::function<void(const StoredEntry&, const db::Error&)> on_dead;
        std::function<void(std::uint64_t stored, std::uint64_t dropped)> on_records;
        /// An entry is for another database; before position() passes it.
        std::function<void(const std::string& database)> on_other_database;
        std::function<bool()> stopping;
    };
    enum class End : std::uint8_t {
        More,     ///< a batch is done; there may be more
        Drained,  ///< nothing was there to read
        Trouble,  ///< error() says why; what was not applied will be tried again
        Stopped,
    };

    /// start: from where to read; 0, or what all other lanes have passed. main: the database that
    /// the settings mean, which also takes the operation log.
    FlushLane(asio::any_io_executor executor, std::string database, bool main,
              std::unique_ptr<FlushTarget> target, SpoolReader& spool, Limits limits, Hooks hooks,
              std::uint64_t start);

    /// Applies one batch of entries.
    asio::awaitable<End> step();
    /// Copies one batch of records of the operation log. More: it was a large one.
    asio::awaitable<End> copy_records();
    /// Waits until the spool owes us no answer any more; for the end.
    asio::awaitable<void> finish();

    const std::string& database() const { return database_; }
    bool is_main() const { return main_; }
    /// All entries up to this one are another database's, applied, or dead.
    std::uint64_t position() const { return position_; }
    /// Nothing of what had been accepted up to this one was left to read.
    std::uint64_t looked_through() const { return looked_through_; }
    const db::Error& error() const { return error_; }
    FlushTarget& target() { return *target_; }

private:
    using Batch = std::vector<StoredEntry>;

    asio::awaitable<Batch> take_batch();
    void read_ahead(std::uint64_t after);
    std::vector<const StoredEntry*> choose(const Batch& batch);
    asio::awaitable<End> apply_all(std::vector<const StoredEntry*> entries);
    asio::awaitable<End> apply_range(const std::vector<const StoredEntry*>& entries,
                                     FlushBatch& plan);
    asio::awaitable<End> bury(const StoredEntry& stored, db::Error why);
    /// An error that may be the entry's own: true when it has come often enough.
    bool is_guilty(std::uint64_t sequence, const db::Error& error);
    End trouble(db::Error error);

    asio::any_io_executor executor_;
    std::string database_;
    bool main_;
    std::unique_ptr<FlushTarget> target_;
    SpoolReader& spool_;
    Limits limits_;
    Hooks hooks_;
    std::uint64_t position_, looked_through_ = 0, records_position_ = 0;
    std::optional<Pending<Batch>> ahead_;  ///< what follows position_, being read
    std::uint64_t ahead_after_ = 0;
    std::uint64_t ahead_accepted_ = 0;           ///< what the reading could see
    std::map<std::size_t, db::Error> refusals_;  ///< of the batch in work, by place in it
    std::uint64_t unclear_sequence_ = 0;
    int unclear_count_ = 0;
    db::Error error_;
};

}  // namespace pgsidecar::audit
