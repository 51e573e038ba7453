#pragma once

#include <asio/awaitable.hpp>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "audit/spool.hpp"
#include "db/error.hpp"

namespace pgsidecar::audit {

/// How one flush transaction ended.
struct FlushResult {
    enum class Kind : std::uint8_t {
        Committed,      ///< all of it is in the database, now or since an earlier attempt
        EntryRefused,   ///< rolled back; error is about the entry at `position`
        CommitRefused,  ///< rolled back by COMMIT; which entry is at fault is not known
        Trouble,        ///< not the entries' doing; nothing or, with fate_unknown, all was applied
    };
    Kind kind = Kind::Trouble;
    std::size_t position = 0;
    std::uint64_t applied = 0;  ///< Committed: entries, or records, of this transaction
    std::uint64_t dropped = 0;  ///< Committed: records that could not be read
    db::Error error = {};
};

/// One database that queued writes are applied in, each call in a transaction of its own together
/// with the ledger. Connects by itself. One call at a time.
class FlushTarget {
public:
    using Entries = std::span<const StoredEntry* const>;

    virtual ~FlushTarget() = default;
    /// Entries in ascending order of their sequences; what the ledger has already is left out.
    virtual asio::awaitable<FlushResult> apply(Entries entries) = 0;
    /// Rows of the operation log, likewise. Never EntryRefused.
    virtual asio::awaitable<FlushResult> copy(std::span<const StoredRecords> records) = 0;
    /// Ends what is under way with Trouble, DB_DISCONNECTED.
    virtual void interrupt() = 0;
    /// Nothing is under way: gives the connection back.
    virtual void close() = 0;
};

}  // namespace pgsidecar::audit
