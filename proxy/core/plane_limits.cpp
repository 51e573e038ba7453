#include "proxy/core/plane.hpp"
#include "proxy/core/pool.hpp"
#include "proxy/core/session.hpp"

// Limits that several pools share, and the times of sessions.

namespace pgsidecar::proxy {

using metrics::LimitKind;

namespace {

/// How much longer another pool's client must have waited before a connection is closed for it
/// while clients of its own wait: opening one costs a login.
constexpr std::int64_t kHeadStartNs = 1'000'000'000;

bool same_database(const Pool& a, const Pool& b) { return a.database() == b.database(); }
bool same_user(const Pool& a, const Pool& b) { return a.user() == b.user(); }

}  // namespace

std::optional<LimitKind> Plane::no_room_for(const Pool& pool, bool close, const base::Now& now) {
    const PoolShare& share = options_->share;
    auto room = [&](int limit, auto&& counts) {
        if (limit == 0) return true;
        std::size_t used = 0;
        Pool* restful = nullptr;
        for (auto& [key, other] : pools_) {
            if (!counts(pool, *other)) continue;
            used += other->size();
            if (other->idle_count() == 0) continue;
            if (restful == nullptr || other->idle_since_ns() < restful->idle_since_ns())
                restful = other.get();
        }
        if (used < static_cast<std::size_t>(limit)) return true;
        if (!close || restful == nullptr) return false;
        restful->close_longest_idle(now);
        return true;
    };
    if (!room(share.max_database_connections, same_database))
        return LimitKind::MaxDatabaseConnections;
    if (!room(share.max_user_connections, same_user)) return LimitKind::MaxUserConnections;
    return std::nullopt;
}

Pool* Plane::owed_by(const Pool& pool) const {
    const PoolShare& share = options_->share;
    Pool* owed = nullptr;
    for (const auto& [key, other] : pools_) {
        if (other.get() == &pool || !other->lacks_room()) continue;
        bool helps = (share.max_database_connections > 0 && same_database(pool, *other)) ||
                     (share.max_user_connections > 0 && same_user(pool, *other));
        if (helps && (owed == nullptr || other->waiting_since_ns() < owed->waiting_since_ns()))
            owed = other.get();
    }
    if (owed == nullptr || pool.waiting_count() == 0) return owed;
    return pool.waiting_since_ns() - owed->waiting_since_ns() > kHeadStartNs ? owed : nullptr;
}

void Plane::check_session_times(const base::Now& now) {
    const auto& limits = settings().limits;
    bool any = limits.query_timeout_ms > 0 || limits.idle_in_transaction_timeout_ms > 0 ||
               limits.transaction_timeout_ms > 0 || limits.client_idle_timeout_ms > 0;
    if (!any) return;
    std::vector<Session*> sessions;  // one that ends leaves the map
    sessions.reserve(sessions_.size());
    for (auto& [raw, session] : sessions_) sessions.push_back(raw);
    for (Session* session : sessions) session->check_times(now);
}

}  // namespace pgsidecar::proxy
