#pragma once

#include <iosfwd>

#include "app/cli/cli.hpp"

namespace pgsidecar::app {

/// `pgsidecar realtime-sql [SCHEMA.TABLE [CHANNEL [TYPE]]] [settings]`: prints the SQL that makes
/// the database report its changes, for its owner to read and run. Without a table: the events
/// table and the trigger function; with one: the trigger of that table. Asks no database.
CliResult realtime_sql(const config::LoadInput& given, std::ostream& out, std::ostream& err);

}  // namespace pgsidecar::app
