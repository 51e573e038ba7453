#pragma once

#include "config/settings.hpp"

namespace pgsidecar::proxy {

/// One worker's part of the limits on server connections. The parts of all workers add up to the
/// settings, so that no worker has to ask another.
struct PoolShare {
    int size = 10;
    int min_size = 0;
    int reserve_size = 0;
    int max_database_connections = 0;  ///< 0: no limit
    int max_user_connections = 0;      ///< 0: no limit

    /// worker: 0 to settings.workers - 1.
    static PoolShare of(const config::Settings& settings, int worker);
};

}  // namespace pgsidecar::proxy
