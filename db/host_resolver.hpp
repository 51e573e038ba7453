#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <vector>

#include "config/upstream.hpp"
#include "db/connect_parameters.hpp"
#include "db/error.hpp"
#include "db/socket_wait.hpp"

namespace pgsidecar::db {

/// Turns hosts into addresses, in the order given, without blocking: libpq's own lookup would
/// block.
///
/// Names are asked anew each time, so a moved database is found. A host that is not known is left
/// out; when none is known the error is ENOTFOUND, and TIMEOUT when the name service said nothing
/// in time. A lookup that hangs goes on in Asio's lookup thread, where the next one waits for it.
asio::awaitable<Result<std::vector<Endpoint>>> resolve_hosts(asio::any_io_executor executor,
                                                             std::vector<config::HostPort> hosts,
                                                             Limit limit);

}  // namespace pgsidecar::db
