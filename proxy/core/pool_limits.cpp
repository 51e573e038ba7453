#include <algorithm>

#include "protocol/messages/sqlstate.hpp"
#include "proxy/core/plane.hpp"
#include "proxy/core/pool.hpp"
#include "proxy/core/session.hpp"

// How many connections a pool has, and for how long; how long its clients wait.

namespace pgsidecar::proxy {

using metrics::LimitKind;
using metrics::ServerCloseReason;

namespace {

constexpr std::int64_t kMs = 1'000'000;
/// A connection lives up to this part shorter than pool.server_lifetime_ms.
constexpr std::uint64_t kLifetimeJitter = 10;

}  // namespace

std::int64_t Pool::waiting_since_ns() const { return first_waiter_->waiting_since_ns; }

std::size_t Pool::limit(const base::Now& now) const {
    const PoolShare& share = plane_.options().share;
    auto size = static_cast<std::size_t>(share.size);
    if (share.reserve_size == 0 || first_waiter_ == nullptr || away()) return size;
    std::int64_t patience = plane_.settings().pool.reserve_timeout_ms * kMs;
    if (now.mono_ns - waiting_since_ns() < patience) return size;
    return size + static_cast<std::size_t>(share.reserve_size);
}

bool Pool::has_room(const base::Now& now) {
    auto reached = plane_.no_room_for(*this, true, now);
    if (reached && !lacks_room_) plane_.limit_reached(*reached, user_, database_, now);
    set_lacks_room(reached.has_value());
    return !reached;
}

void Pool::set_lacks_room(bool lacks) {
    if (lacks == lacks_room_) return;
    lacks_room_ = lacks;
    plane_.pools_without_room += lacks ? 1 : -1;
}

void Pool::open_connection(const base::Now& now) {
    if (connections_.size() >= static_cast<std::size_t>(plane_.options().share.size))
        plane_.limit_reached(LimitKind::PoolReserve, user_, database_, now);
    ++connecting_;
    auto& upstream = connections_.emplace_back(std::make_unique<Upstream>(plane_, *this));
    std::int64_t lifetime = plane_.settings().pool.server_lifetime_ms * kMs;
    std::uint64_t dice = 0;
    plane_.entropy().fill(std::as_writable_bytes(std::span(&dice, 1)));
    auto earlier = dice % (static_cast<std::uint64_t>(lifetime) / kLifetimeJitter + 1);
    upstream->retire_at_ns = now.mono_ns + lifetime - static_cast<std::int64_t>(earlier);
    upstream->start(now);
}

void Pool::refill(const base::Now& now) {
    if (plane_.pools_without_room > 0) {
        if (Pool* owed = plane_.owed_by(*this)) owed->grow(now);
    }
    grow(now);
}

void Pool::keep_minimum(const base::Now& now) {
    auto minimum = static_cast<std::size_t>(plane_.options().share.min_size);
    if (!used_ || failures_ > 0 || plane_.draining()) return;
    while (connections_.size() < minimum && !plane_.no_room_for(*this, false, now))
        open_connection(now);
}

void Pool::expire_waiters(const base::Now& now) {
    std::int64_t patience_ms = plane_.settings().pool.wait_timeout_ms;
    std::int64_t limit = now.mono_ns - patience_ms * kMs;
    if (patience_ms == 0 || first_waiter_ == nullptr || waiting_since_ns() > limit) return;
    LocalError error;
    error.sqlstate = protocol::sqlstate::kTooManyConnections;
    error.message = "No server connection became free within " + std::to_string(patience_ms) +
                    " ms (pool.wait_timeout_ms).";
    error.hint = "Raise pool.size, shorten transactions, or raise pool.wait_timeout_ms.";
    while (first_waiter_ != nullptr && waiting_since_ns() <= limit) {
        plane_.reject(metrics::RejectReason::PoolTimeout);
        plane_.limit_reached(LimitKind::PoolWait, user_, database_, now);
        pop_waiter()->refused(error, now);
    }
}

void Pool::expire_connections(const base::Now& now) {
    const auto& settings = plane_.settings().pool;
    const PoolShare& share = plane_.options().share;
    std::vector<Upstream*> aged;
    std::copy_if(idle_.begin(), idle_.end(), std::back_inserter(aged), [&](const Upstream* u) {
        return u->retire_at_ns > 0 && now.mono_ns >= u->retire_at_ns;
    });
    for (Upstream* upstream : aged) retire(*upstream, ServerCloseReason::Lifetime, now);
    auto longer_idle_than = [&](std::int64_t ms) {
        return !idle_.empty() && ms > 0 && now.mono_ns - idle_since_ns() > ms * kMs;
    };
    while (connections_.size() > static_cast<std::size_t>(share.size) &&
           longer_idle_than(settings.reserve_timeout_ms))
        close_longest_idle(now);
    while (connections_.size() > static_cast<std::size_t>(share.min_size) &&
           longer_idle_than(settings.server_idle_timeout_ms))
        close_longest_idle(now);
}

void Pool::close_longest_idle(const base::Now& now) {
    retire(*idle_.front(), ServerCloseReason::Idle, now);
}

void Pool::retire(Upstream& upstream, ServerCloseReason reason, const base::Now& now) {
    plane_.shard().servers_closed[static_cast<std::size_t>(reason)].add();
    discard(upstream, now);
}

}  // namespace pgsidecar::proxy
