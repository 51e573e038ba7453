#include "proxy/core/limit_watch.hpp"

#include "base/log.hpp"

namespace pgsidecar::proxy {

using metrics::LimitKind;

namespace {

constexpr std::int64_t kPauseNs = 10'000'000'000;

/// What happened, with the setting to look at.
std::string_view sentence(LimitKind limit) {
    switch (limit) {
        case LimitKind::MaxClients: return "a client was refused: listen.max_clients is reached";
        case LimitKind::MaxUserClients:
            return "a client was refused: listen.max_user_clients is reached";
        case LimitKind::MaxDatabaseClients:
            return "a client was refused: listen.max_database_clients is reached";
        case LimitKind::PoolWait:
            return "a client waited longer than pool.wait_timeout_ms for a server connection";
        case LimitKind::PoolReserve:
            return "clients wait long: the pool opens a connection of pool.reserve_size";
        case LimitKind::MaxDatabaseConnections:
            return "clients wait: pool.max_database_connections is reached";
        case LimitKind::MaxUserConnections:
            return "clients wait: pool.max_user_connections is reached";
        case LimitKind::QueryTimeout:
            return "a statement is canceled: it ran longer than limits.query_timeout_ms";
        case LimitKind::QueryKill:
            return "a session ends: its statement went on after it was canceled";
        case LimitKind::IdleInTransaction:
            return "a session ends: limits.idle_in_transaction_timeout_ms is over";
        case LimitKind::TransactionTimeout:
            return "a session ends: limits.transaction_timeout_ms is over";
        case LimitKind::ClientIdle: return "a session ends: limits.client_idle_timeout_ms is over";
        case LimitKind::CancelTimeout:
            return "a cancel request took longer than pool.cancel_timeout_ms";
        case LimitKind::kCount: break;
    }
    return "a limit is reached";
}

}  // namespace

void LimitWatch::reached(LimitKind limit, std::string_view user, std::string_view database,
                         const base::Now& now) {
    auto& counter = shard_.limits_reached[static_cast<std::size_t>(limit)];
    counter.add();
    Told& told = told_[static_cast<std::size_t>(limit)];
    if (told.ever && now.mono_ns - told.at_ns < kPauseNs) return;
    base::log::warn("proxy", sentence(limit),
                    {{"limit", metrics::to_string(limit)},
                     {"user", user},
                     {"database", database},
                     {"times", counter.get() - told.count}});
    told = {now.mono_ns, counter.get(), true};
}

}  // namespace pgsidecar::proxy
