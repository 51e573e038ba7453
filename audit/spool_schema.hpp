#pragma once

#include <cstdint>
#include <string>

namespace pgsidecar::audit {

class SpoolConnection;

/// The version of the tables that this program writes, in user_version.
inline constexpr std::int64_t kSpoolVersion = 1;

/// What a file says of itself.
struct SpoolIdentity {
    std::int64_t application = 0;
    std::int64_t version = 0;
    bool has_tables = false;

    bool is_new() const { return application == 0 && version == 0 && !has_tables; }
};

SpoolIdentity spool_identity(SpoolConnection& connection);
/// A sentence's end that says why this program cannot use the file; empty: it can.
std::string unusable_because(const SpoolIdentity& identity);

/// A checksum of how the tables are defined, which a damaged definition does not have: a column
/// whose type has changed would change what is written into it. Other tables are not looked at.
std::string spool_definition(SpoolConnection& connection);

/// Makes the tables in an empty file; name: the UUID of the file (Spool::id()).
bool make_spool_tables(SpoolConnection& connection, const std::string& name, std::int64_t wall_us);
/// Brings the tables of an older version to kSpoolVersion, all steps or none.
bool upgrade_spool_tables(SpoolConnection& connection, std::int64_t from_version);

}  // namespace pgsidecar::audit
