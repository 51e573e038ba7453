#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "config/settings.hpp"
#include "metrics/process_counters.hpp"
#include "model/database_operation.hpp"

namespace pgsidecar::audit {

/// The way of records into the operation log: chooses those that audit.level asks for and hands
/// them, encoded, to the spool; the flusher copies them to pgsidecar.operations.
///
/// Level `writes` takes INSERT, UPDATE, DELETE, MERGE, DDL (TRUNCATE among it), CALL and DO, COPY
/// into a table, EXECUTE that returned no rows but changed some, and what could not be understood,
/// because it may write. It leaves out BEGIN to COMMIT and what a SELECT's functions may do.
/// Failed statements and those of unknown fate count like others.
/// Thread: any, one at a time.
class OperationLog {
public:
    /// As Spool::append_records().
    using Append = std::function<void(std::string body, std::uint32_t count,
                                      std::function<void(bool)> on_disk)>;

    OperationLog(config::AuditLevel level, Append append,
                 std::shared_ptr<metrics::ProcessCounters> counters);

    /// on_disk: once, when all of these that belong into the log are on disk, with true, or when
    /// some of them could not be stored, with false; at once when none belongs there.
    void add(std::span<const model::OperationRecord> records,
             std::function<void(bool)> on_disk = {});

    static bool is_logged(const model::OperationRecord& record, config::AuditLevel level);

private:
    config::AuditLevel level_;
    Append append_;
    std::shared_ptr<metrics::ProcessCounters> counters_;
};

}  // namespace pgsidecar::audit
