#pragma once

#include <cstdint>
#include <string>

namespace pgsidecar::db {

/// Why migrations are not applied, before any of them ran.
struct MigrationProblem {
    enum class Kind : std::uint8_t {
        Unreadable,   ///< a file or folder that cannot be read
        Refused,      ///< files, or files and database, that do not fit
        Unavailable,  ///< no database, no connection, or the lock is taken
    };
    Kind kind = Kind::Refused;
    std::string where;     ///< file, with a line where there is one; may be empty
    std::string sentence;  ///< what is wrong, then what to do next
    int version = 0;       ///< the migration that it is about; 0: none

    std::string text() const { return where.empty() ? sentence : where + ": " + sentence; }
};

}  // namespace pgsidecar::db
