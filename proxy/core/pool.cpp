#include "proxy/core/pool.hpp"

#include <algorithm>

#include "model/error_text.hpp"
#include "protocol/messages/sqlstate.hpp"
#include "proxy/core/plane.hpp"
#include "proxy/core/session.hpp"

namespace pgsidecar::proxy {

namespace {
constexpr std::int64_t kMs = 1'000'000;
constexpr std::int64_t kMaxBackoffMs = 10'000;
constexpr std::size_t kMaxWelcomes = 1'000;
}  // namespace

Pool::Pool(Plane& plane, std::string user, std::string database)
    : plane_(plane),
      user_(std::move(user)),
      database_(std::move(database)),
      account_(std::make_shared<const Account>()) {}

Pool::~Pool() { set_lacks_room(false); }

Upstream* Pool::request(Session& session, const base::Now& now) {
    if (first_waiter_ == nullptr) {
        if (Upstream* upstream = take_idle(session.settings())) return upstream;
    }
    if (reads_sequences && take_from_who_rests(now) && first_waiter_ == nullptr) {
        if (Upstream* upstream = take_idle(session.settings())) return upstream;
    }
    session.wait_next = nullptr;
    session.wait_prev = last_waiter_;
    (last_waiter_ != nullptr ? last_waiter_->wait_next : first_waiter_) = &session;
    last_waiter_ = &session;
    session.waiting_since_ns = now.mono_ns;
    ++waiting_count_;
    plane_.shard().clients_waiting.add(1);
    grow(now);
    return nullptr;
}

void Pool::leave_queue(Session& session) {
    (session.wait_prev != nullptr ? session.wait_prev->wait_next : first_waiter_) =
        session.wait_next;
    (session.wait_next != nullptr ? session.wait_next->wait_prev : last_waiter_) =
        session.wait_prev;
    session.wait_prev = session.wait_next = nullptr;
    session.waiting_since_ns = -1;
    --waiting_count_;
    if (waiting_count_ == 0) set_lacks_room(false);
    plane_.shard().clients_waiting.add(-1);
}

Session* Pool::pop_waiter() {
    Session* session = first_waiter_;
    if (session != nullptr) leave_queue(*session);
    return session;
}

Upstream* Pool::take_idle(const GucSetPtr& settings) {
    if (idle_.empty()) return nullptr;
    // The warmest connection, unless another needs no change of settings.
    auto it = std::find_if(idle_.rbegin(), idle_.rend(),
                           [&](Upstream* u) { return u->settings() == settings; });
    auto chosen = it == idle_.rend() ? idle_.end() - 1 : it.base() - 1;
    Upstream* upstream = *chosen;
    idle_.erase(chosen);
    plane_.shard().servers_idle.add(-1);
    plane_.shard().servers_active.add(1);
    return upstream;
}

void Pool::grow(const base::Now& now) {
    if (paused_) return;
    while (connecting_ < waiting_count_ && connections_.size() < limit(now)) {
        // While the server cannot be reached one attempt at a time is enough.
        if (failures_ > 0 && (connecting_ > 0 || permanent_ || now.mono_ns < next_attempt_ns_))
            return;
        if (!has_room(now)) return;
        open_connection(now);
    }
}

void Pool::connected(Upstream& upstream, const base::Now& now) {
    --connecting_;
    if (failures_ > 0) {
        base::log::info("proxy", "the database accepts connections again",
                        {{"user", user_}, {"database", database_}, {"failed_attempts", failures_}});
    }
    failures_ = 0;
    used_ = true;
    permanent_ = false;
    login_error_.reset();
    // What was told from memory while the server was away is not to be told for ever.
    if (std::exchange(guessed_, false)) welcomes_.clear();
    plane_.shard().servers_active.add(1);
    released(upstream, now);
    grow(now);
}

void Pool::released(Upstream& upstream, const base::Now& now) {
    if (upstream.state() != Upstream::State::Ready) return;
    if (failures_ > 0) begin_budget(now);  // it answers, though no more connections can be made
    if (upstream.cancels_in_flight > 0) {
        upstream.parked = true;  // the cancel calls again when it is settled
        return;
    }
    if (upstream.tainted) return discard(upstream, now);
    if (paused_ || upstream.outdated || has_too_many()) return close_for_console(upstream, now);
    bool aged = upstream.retire_at_ns > 0 && now.mono_ns >= upstream.retire_at_ns;
    // Whoever waits is served first, in a stop too: its transaction may be the one that is to be
    // finished.
    if (waiting_count_ == 0 && (plane_.draining() || aged))
        return retire(upstream, metrics::ServerCloseReason::Lifetime, now);
    if (plane_.pools_without_room > 0 && plane_.owed_by(*this) != nullptr)
        return retire(upstream, metrics::ServerCloseReason::Idle, now);
    serve(upstream, now);
}

void Pool::serve(Upstream& upstream, const base::Now& now) {
    if (Session* session = pop_waiter()) {
        session->attached(upstream, now);
        return;
    }
    upstream.idle_since_ns = now.mono_ns;
    idle_.push_back(&upstream);
    plane_.shard().servers_active.add(-1);
    plane_.shard().servers_idle.add(1);
}

bool Pool::take_out(Upstream& upstream, bool was_ready) {
    auto it = std::find_if(connections_.begin(), connections_.end(),
                           [&](auto& u) { return u.get() == &upstream; });
    if (it == connections_.end()) return false;
    auto idle = std::find(idle_.begin(), idle_.end(), &upstream);
    if (idle != idle_.end()) {
        idle_.erase(idle);
        plane_.shard().servers_idle.add(-1);
    } else if (was_ready) {
        plane_.shard().servers_active.add(-1);
    }
    plane_.bury(std::move(*it));
    connections_.erase(it);
    return true;
}

void Pool::discard(Upstream& upstream, const base::Now& now) {
    if (!take_out(upstream, upstream.state() == Upstream::State::Ready)) return;
    upstream.close(true);
    refill(now);
}

void Pool::lost(Upstream& upstream, const ChannelClosed& closed, const std::string& sqlstate,
                bool was_ready, const base::Now& now) {
    if (!take_out(upstream, was_ready)) return;
    if (was_ready) return refill(now);
    --connecting_;
    note_failure(closed, sqlstate, now);
}

void Pool::note_failure(const ChannelClosed& closed, const std::string& sqlstate,
                        const base::Now& now) {
    model::ErrorInfo info = plane_.classify(closed, sqlstate);
    ++failures_total_;
    if (failures_++ == 0) begin_budget(now);
    permanent_ = !info.transient;
    last_message_ = info.message;
    last_resolution_ = info.resolution;
    last_sqlstate_ = sqlstate;
    last_detail_ = closed.detail;
    std::int64_t delay = plane_.settings().database.retry_delay_ms;
    for (int i = 1; i < failures_ && delay < kMaxBackoffMs; ++i) delay *= 2;
    next_attempt_ns_ = now.mono_ns + std::min(delay, kMaxBackoffMs) * kMs;
    base::log::warn("proxy", "cannot connect to the database",
                    {{"user", user_},
                     {"database", database_},
                     {"cause", info.message},
                     {"detail", closed.detail},
                     {"attempt", failures_}});
    LocalError error = login_error_ ? *login_error_ : unavailable(now);
    if (!permanent_) queue_who_waits(now, 0);
    if (permanent_) {
        refuse_waiters(error, now.mono_ns, now);
        failures_ = 0;  // the next client asks the server itself again
        permanent_ = false;
    } else if (now.mono_ns - failing_since_ns_ > hold_budget_ns()) {
        refuse_waiters(error, now.mono_ns, now);
    }
}

void Pool::begin_budget(const base::Now& now) {
    failing_since_ns_ = now.mono_ns;
    failing_since_us_ = now.wall_us;
}

std::int64_t Pool::hold_budget_ns() const {
    const auto& database = plane_.settings().database;
    std::int64_t budget = 0, delay = database.retry_delay_ms;
    for (int i = 0; i < database.max_retries; ++i) {
        budget += std::min(delay, kMaxBackoffMs);
        delay *= 2;
    }
    return budget * kMs;
}

std::optional<LocalError> Pool::refusal(const base::Now& now) const {
    if (paused_ || failures_ == 0 || !idle_.empty() ||
        now.mono_ns - failing_since_ns_ <= hold_budget_ns())
        return std::nullopt;
    return unavailable(now);
}

bool Pool::any_ready() const {
    return std::any_of(connections_.begin(), connections_.end(), [](const auto& upstream) {
        return upstream->state() == Upstream::State::Ready;
    });
}

bool Pool::away() const { return failures_ > 0 && !any_ready(); }

LocalError Pool::unavailable(const base::Now& now) const {
    LocalError error;
    error.sqlstate = protocol::sqlstate::kConnectionFailure;
    error.message = last_message_.empty() ? "Cannot connect to database." : last_message_;
    std::int64_t wait_ms = std::max<std::int64_t>(0, (next_attempt_ns_ - now.mono_ns) / kMs);
    error.detail = "Not reachable since " + base::to_iso8601(failing_since_us_) + ": " +
                   last_detail_ + ". Next attempt in " + std::to_string(wait_ms) + " ms.";
    error.hint = last_resolution_;
    return error;
}

void Pool::refuse_waiters(const LocalError& error, std::int64_t older_than_ns,
                          const base::Now& now) {
    while (first_waiter_ != nullptr && first_waiter_->waiting_since_ns <= older_than_ns) {
        pop_waiter()->refused(error, now);
    }
}

void Pool::try_now(const base::Now& now) {
    next_attempt_ns_ = now.mono_ns;
    grow(now);
    // Nobody waits, but the next one should not be refused for a failure that is over.
    if (failures_ > 0 && connections_.empty()) open_connection(now);
}

void Pool::look(const base::Now& now) {
    if (connections_.empty() && !paused_ && now.mono_ns >= next_attempt_ns_) open_connection(now);
}

bool Pool::take_from_who_rests(const base::Now& now) {
    for (const auto& upstream : connections_) {
        Session* session = upstream->session();
        // connections_ may have changed when it is true.
        if (session != nullptr && session->yield_sequences(now)) return true;
    }
    return false;
}

void Pool::tick(const base::Now& now) {
    while (reads_sequences && waiting_count_ > 0 && take_from_who_rests(now)) {
    }
    expire_waiters(now);
    if (failures_ > 0) {
        if (now.mono_ns - failing_since_ns_ > hold_budget_ns())
            refuse_waiters(unavailable(now), now.mono_ns, now);
        const bool due = now.mono_ns >= next_attempt_ns_ && connecting_ == 0 && !paused_;
        const bool full = connections_.size() >= limit(now);
        if (due && waiting_count_ == 0 && (full || !idle_.empty())) {
            failures_ = 0;  // what is there suffices; the next that is needed is tried at once
        } else if (due && idle_.empty() && !full && has_room(now)) {
            // Somebody has to notice that the server is back, also when nobody waits.
            open_connection(now);
        }
    }
    queue_who_waits(now, plane_.settings().outage.queue_after_ms * kMs);
    grow(now);
    for (auto& upstream : connections_) {
        bool ready = upstream->state() == Upstream::State::Ready;
        if (!ready &&
            now.mono_ns - upstream->created_ns > plane_.settings().pool.connect_timeout_ms * kMs) {
            upstream->time_out(now);
            return;  // connections_ has changed; the rest is seen at the next tick
        }
    }
    expire_connections(now);
    keep_minimum(now);
}

void Pool::queue_who_waits(const base::Now& now, std::int64_t waited_ns) {
    // For want of room nobody loses its place: the database is there.
    if (first_waiter_ == nullptr || lacks_room_ || paused_ || any_ready()) return;
    std::int64_t limit = now.mono_ns - waited_ns;
    std::vector<Session*> waiters;
    for (Session* s = first_waiter_; s != nullptr && s->waiting_since_ns <= limit; s = s->wait_next)
        waiters.push_back(s);
    for (Session* session : waiters) {
        if (session->waiting_since_ns >= 0) session->waited_long(now);
    }
}

void Pool::close_idle(const base::Now& now) {
    while (!idle_.empty()) retire(*idle_.back(), metrics::ServerCloseReason::Shutdown, now);
}

// ---- the admin console

bool Pool::has_too_many() const {
    const auto& share = plane_.options().share;
    return connections_.size() > static_cast<std::size_t>(share.size + share.reserve_size);
}

void Pool::close_for_console(Upstream& upstream, const base::Now& now) {
    plane_.shard()
        .servers_closed[static_cast<std::size_t>(metrics::ServerCloseReason::Console)]
        .add();
    discard(upstream, now);
}

void Pool::set_paused(bool paused, const base::Now& now) {
    if (paused_ == paused) return;
    paused_ = paused;
    if (!paused) return grow(now);
    while (!idle_.empty()) close_for_console(*idle_.back(), now);
}

void Pool::reconnect(const base::Now& now) {
    while (!idle_.empty()) close_for_console(*idle_.back(), now);
    for (auto& upstream : connections_) upstream->outdated = true;
    grow(now);
}

void Pool::reload(const base::Now& now) {
    while (has_too_many() && !idle_.empty()) close_for_console(*idle_.front(), now);
    grow(now);
}

std::int64_t Pool::longest_wait_ns(const base::Now& now) const {
    return first_waiter_ != nullptr ? now.mono_ns - first_waiter_->waiting_since_ns : 0;
}

const Pool::Welcome* Pool::welcome(const GucSetPtr& settings) const {
    auto it = welcomes_.find(settings);
    return it == welcomes_.end() ? nullptr : &it->second;
}

void Pool::learn_welcome(const GucSetPtr& settings, const Upstream& upstream) {
    if (welcomes_.size() >= kMaxWelcomes) welcomes_.clear();
    bool first = welcomes_.empty();
    welcomes_[settings] = Welcome(upstream.parameters().begin(), upstream.parameters().end());
    if (!first) return;
    model::LearnedServer server{user_, database_, welcomes_[settings]};
    plane_.learn(server);
    plane_.driver().learned(server);
}

const Pool::Welcome* Pool::welcome_from_before(const GucSetPtr& settings) {
    if (const Welcome* known = welcome(settings)) return known;
    const model::LearnedServer* server = plane_.known_server(user_, database_);
    if (server == nullptr) return nullptr;
    // The client's own wishes are what the server would report back.
    Welcome made = server->parameters;
    for (auto& [name, value] : made) {
        for (const auto& [wish, wished] : settings->values) {
            if (same_setting(name, wish)) value = wished;
        }
    }
    if (welcomes_.size() >= kMaxWelcomes) welcomes_.clear();
    guessed_ = true;
    return &(welcomes_[settings] = std::move(made));
}

}  // namespace pgsidecar::proxy
