#pragma once

#include <string>

#include "audit/spool_connection.hpp"

namespace pgsidecar::audit {

/// A spool of what the pages of a broken one still hold, in a temporary file that goes with it: its
/// tables that hold entries, but without keys, since a row may be there twice, whole and damaged.
/// False when there is no room for it.
///
/// Entries that were settled or discarded may be among them. Numbers of contexts are never given
/// twice, so that an entry finds its own or none.
bool salvage_spool(const std::string& database, const std::string& log, SpoolConnection& out);

}  // namespace pgsidecar::audit
