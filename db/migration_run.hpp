#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "db/migrator.hpp"

namespace pgsidecar::db {

/// Runs one file after another on a connection that has the lock. Thread and lifetime: the
/// connection's.
class MigrationRun {
public:
    MigrationRun(MigrationConnection& connection, const MigrationTable& table,
                 MigrationListener& listener)
        : connection_(connection), table_(table), listener_(listener) {}

    /// Applies and records the file; nothing on success. A failure leaves the connection outside a
    /// transaction or closed.
    std::optional<MigrationFailure> apply(const MigrationFile& file);

private:
    using Failed = std::optional<MigrationFailure>;

    Failed begin(const MigrationFile& file);
    Failed statements(const MigrationFile& file);
    Failed end(const MigrationFile& file, std::int64_t duration_ms);
    MigrationFailure fail(const MigrationFile& file, std::string where, ServerReport report,
                          std::string outcome);
    /// How things stand after a statement of the file failed.
    std::string aftermath(const MigrationFile& file) const;

    MigrationConnection& connection_;
    const MigrationTable& table_;
    MigrationListener& listener_;
};

}  // namespace pgsidecar::db
