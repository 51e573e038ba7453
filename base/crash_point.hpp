#pragma once

#include <string_view>

namespace pgsidecar::base {

/// A named place at which a test kills the process: when PGSIDECAR_CRASH_AT is NAME or NAME:n, the
/// n-th pass ends it with SIGKILL. Costs one comparison in a normal run. Thread: any.
///
/// Names: accept, before-fsync, after-fsync, acknowledge, flush-begin, flush-apply, ledger-commit,
/// after-ledger-commit, delete, after-delete.
void crash_point(std::string_view name);

}  // namespace pgsidecar::base
