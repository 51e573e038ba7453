#pragma once

#include <string>
#include <string_view>

#include "model/spool_entry.hpp"
#include "model/statement_shape.hpp"
#include "proxy/core/local_error.hpp"

// What a client is told in an outage, apart from what happens then.

namespace pgsidecar::proxy {

/// "RETURNING asks for values that only the database can make", ...; ends without a full stop.
std::string why_not_queued(model::Queueable reason);
/// The last part of "schema.table".
std::string bare_table(std::string_view table);
/// BEGIN or START TRANSACTION, as PostgreSQL answers.
std::string_view begin_tag(std::string_view text);

LocalError queued_notice();
LocalError malformed(std::string_view message);
LocalError too_big(std::int64_t limit, std::string_view setting = "outage.max_entry_bytes");
LocalError mixed_transaction(const std::string& why_not);
LocalError not_stored(const model::SpoolVerdict& verdict);
/// Queued writes on its tables are still to be applied, so it would not see what was acknowledged.
LocalError writes_ahead(std::int64_t waited_ms);

}  // namespace pgsidecar::proxy
