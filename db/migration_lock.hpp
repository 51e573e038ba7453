#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "db/migration_connection.hpp"
#include "db/migration_problem.hpp"

namespace pgsidecar::db {

/// The advisory lock that makes migration runs on one database take turns: "pgsideca" in ASCII.
/// pg_locks shows it as classid 1885827945 and objid 1684366177.
inline constexpr std::int64_t kMigrationLockKey = 0x7067736964656361;

/// Takes the lock for the connection's session, waiting at most so long. on_wait: called once, with
/// who has it. The result: why there is no lock; nothing when there is.
std::optional<MigrationProblem> take_migration_lock(
    MigrationConnection& connection, std::int64_t wait_ms,
    const std::function<void(const std::string& sentence)>& on_wait);

/// Whether this session has the lock still: a pooler may have given us another one, and a migration
/// may have let go of it.
bool has_migration_lock(MigrationConnection& connection);

}  // namespace pgsidecar::db
