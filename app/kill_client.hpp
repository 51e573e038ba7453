#pragma once

#include <cstdint>
#include <functional>

#include "proxy/io/data_plane.hpp"

namespace pgsidecar::app {

/// Ends the client of that id, whichever worker has it. done: whether there is one; on a worker's
/// thread.
void kill_client(proxy::DataPlane& plane, std::int64_t client, std::function<void(bool)> done);

}  // namespace pgsidecar::app
