#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/intrusive_ptr.hpp"
#include "model/outage_policy.hpp"

namespace pgsidecar::model {

/// As whom and with which session settings queued writes are to be applied. One per session and
/// change of its settings, shared by its entries. Immutable.
class SpoolContext final : public base::RefCounted {
public:
    std::string user;
    std::string database;
    std::string service;     ///< application_name
    std::string session_id;  ///< of the client session that wrote it; order is kept within it
    /// What the session had set over the server's defaults: client_encoding, search_path, role, ...
    /// sorted by name.
    std::vector<std::pair<std::string, std::string>> settings;
};

using SpoolContextPtr = base::IntrusivePtr<const SpoolContext>;

/// One INSERT as the client sent it.
struct SpoolStatement {
    std::string sql;                   ///< one statement, with $1, $2, ... or literals
    std::vector<std::uint32_t> types;  ///< parameter types as in Parse; may be shorter, 0: unknown
    /// Bind's body from the count of parameter format codes up to and including the last parameter
    /// value (manual, "Message Formats"); empty: no parameters.
    std::string parameters;
    std::string table;      ///< target, as the policy knows it
    std::int64_t rows = 1;  ///< what the client was told: INSERT 0 rows
};

/// What the client was told is stored: one INSERT, or a transaction of nothing else, all or
/// nothing.
struct SpoolEntry {
    OutageClass outage_class = OutageClass::Durable;
    SpoolContextPtr context;
    std::vector<SpoolStatement> statements;  ///< at least one, in order
};

/// What became of an entry that was handed to the spool.
struct SpoolVerdict {
    enum class Reason : std::uint8_t {
        Stored,       ///< on disk, after fsync
        Full,         ///< a limit of size or number is reached
        EntryTooBig,  ///< this one is over outage.max_entry_bytes
        DiskFull,
        Failed,  ///< the file could not be written, or is damaged
        Off,     ///< there is no spool
    };
    Reason reason = Reason::Stored;
    std::uint64_t sequence = 0;  ///< its place in the order, when stored
    std::string problem;         ///< a sentence for DETAIL, when not

    bool stored() const { return reason == Reason::Stored; }
};

}  // namespace pgsidecar::model
