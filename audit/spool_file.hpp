#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "audit/spool.hpp"
#include "audit/spool_browse.hpp"
#include "audit/spool_check.hpp"
#include "audit/spool_connection.hpp"
#include "audit/spool_contexts.hpp"
#include "audit/spool_counts.hpp"
#include "audit/spool_dead.hpp"
#include "audit/spool_mark.hpp"
#include "audit/spool_query.hpp"
#include "audit/spool_records.hpp"
#include "audit/spool_rows.hpp"

namespace pgsidecar::audit {

/// The spool's file, open and checked: its transactions, and what is in it.
///
/// Every change lies between begin() and commit(). After a false, an empty optional or a read that
/// broke off, connection().failure() says why; a transaction is then to be rolled back, and after
/// SpoolFailure::Io or Corrupt the object is to be abandoned. Thread: one at a time.
class SpoolFile {
public:
    struct First {
        std::uint64_t sequence = 0;
        std::int64_t accepted_us = 0;
    };

    /// connection, mark: open; report: what check_spool() found. See spool_open.hpp.
    SpoolFile(std::unique_ptr<SpoolConnection> connection, std::unique_ptr<SpoolMark> mark,
              SpoolReport report);
    SpoolFile(const SpoolFile&) = delete;
    SpoolFile& operator=(const SpoolFile&) = delete;

    const std::string& id() const { return id_; }
    const SpoolCounts& counts() const { return counts_; }
    /// As of the last commit.
    const SpoolCounts& committed() const { return committed_; }
    const SpoolBuffered& buffered() const { return buffered_; }
    SpoolConnection& connection() { return *connection_; }
    bool good() const { return connection_->failure() == SpoolFailure::None; }

    bool begin();
    /// Durable when true, and noted in the mark.
    bool commit();
    void rollback();
    /// True when this transaction has taken something out.
    bool changed() const { return changed_; }
    /// Sequence and table of each statement that this transaction has taken from the dead letters.
    const std::vector<std::pair<std::uint64_t, std::string>>& retried() const { return retried_; }

    /// Writes an entry; the sequence it got. accepted_us: microseconds since 1970.
    std::optional<std::uint64_t> append(const model::SpoolEntry& entry, std::int64_t accepted_us);
    bool drop_oldest_buffered();
    bool settle(std::uint64_t through);
    /// Takes out what has a higher sequence, without a trace; those are not given again.
    bool forget_after(std::uint64_t sequence, std::uint64_t record);
    /// letter.stored.sequence says which; nothing happens when it does not wait.
    bool bury(const DeadLetter& letter);
    /// False inside: there is no such letter, or it is damaged.
    std::optional<bool> retry(std::uint64_t sequence);
    /// False inside: there is no such letter.
    std::optional<bool> discard(std::uint64_t sequence);

    bool append_records(std::string_view body, std::uint32_t count);
    bool settle_records(std::uint64_t through);
    /// How many records that were.
    std::optional<std::uint64_t> drop_records(std::uint64_t sequence);
    std::optional<std::uint64_t> drop_oldest_records();

    /// Rows above `after`, damaged ones among them, at most so many and so large (at least one).
    std::vector<SpoolRow> read(std::uint64_t after, std::size_t max_entries, std::size_t max_bytes);
    std::optional<First> first();
    std::vector<StoredRecords> read_records(std::uint64_t after, std::size_t max_bytes,
                                            std::vector<std::uint64_t>& damaged);
    std::vector<DeadLetter> dead_letters(std::size_t max);
    /// A page of what waits, or of the dead letters. Hands nothing out.
    Browsed browse(const BrowseQuery& query);

private:
    bool take_out(std::uint64_t from, std::uint64_t through);
    std::optional<std::uint64_t> took_out(const std::optional<SpoolRecords::Removed>& removed);
    void reload_buffered();

    std::unique_ptr<SpoolConnection> connection_;  // outlives the statements below
    std::unique_ptr<SpoolMark> mark_;
    std::string id_;
    SpoolCounts counts_, committed_;
    SpoolBuffered buffered_;
    std::vector<std::pair<std::uint64_t, std::string>> retried_;
    bool buffered_touched_ = false, changed_ = false, mark_failed_ = false;

    SpoolContexts contexts_;
    SpoolRowReader reader_;
    SpoolRowWriter writer_;
    SpoolRecords records_;
    SpoolDead dead_;
    SpoolQuery begin_, commit_, rollback_, select_, first_, sizes_, delete_, delete_parts_;
};

}  // namespace pgsidecar::audit
