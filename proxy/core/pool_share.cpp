#include "proxy/core/pool_share.hpp"

namespace pgsidecar::proxy {

PoolShare PoolShare::of(const config::Settings& settings, int worker) {
    auto part = [&](int whole) {
        int more = worker < whole % settings.workers ? 1 : 0;
        return whole / settings.workers + more;
    };
    PoolShare share;
    share.size = part(settings.database.pool_size);
    share.min_size = part(settings.pool.min_size);
    share.reserve_size = part(settings.pool.reserve_size);
    share.max_database_connections = part(settings.pool.max_database_connections);
    share.max_user_connections = part(settings.pool.max_user_connections);
    return share;
}

}  // namespace pgsidecar::proxy
