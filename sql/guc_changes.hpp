#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sql/backslash.hpp"

namespace pgsidecar::sql {

/// One session setting that a statement changes.
struct GucChange {
    /// Lower-case and the server's own name for it: role, session_authorization, timezone,
    /// client_encoding, search_path (SET SCHEMA), ... Empty with `all`, or when only the server
    /// knows which one it is (set_config with a name that is no literal).
    std::string name{};
    bool local = false;  ///< ends with the transaction
    bool reset = false;  ///< back to its default
    bool all = false;    ///< everything but role and session_authorization back to its default

    bool operator==(const GucChange&) const = default;
};

/// Which settings this one statement changes, in its order: SET and RESET in all their forms,
/// set_config() wherever it is called, DISCARD ALL (all, session_authorization, role). Empty for
/// SET TRANSACTION and SET CONSTRAINTS, which leave nothing behind, and for what cannot be seen:
/// inside of functions, DO, EXECUTE. Only for statements whose effects have kSetsGuc or kResetsAll:
/// it reads the text, which the hot path must not do twice. Thread: any.
std::vector<GucChange> guc_changes(std::string_view statement,
                                   Backslash backslash = Backslash::Plain);

}  // namespace pgsidecar::sql
