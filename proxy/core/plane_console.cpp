#include <utility>

#include "proxy/core/console_link.hpp"
#include "proxy/core/plane.hpp"
#include "proxy/core/pool.hpp"
#include "proxy/core/session.hpp"
#include "proxy/core/upstream.hpp"

// The plane's part of the admin console: what it tells about itself, and what it is told to do.

namespace pgsidecar::proxy {

namespace {

std::int64_t wall_of(std::int64_t mono_ns, const base::Now& now) {
    return now.wall_us - (now.mono_ns - mono_ns) / 1'000;
}

admin::ServerFacts facts_of(const Upstream& upstream, const std::string& user,
                            const std::string& database, const base::Now& now) {
    admin::ServerFacts facts;
    facts.user = user;
    facts.database = database;
    const bool ready = upstream.state() == Upstream::State::Ready;
    facts.state = !ready ? "login" : upstream.idle() ? "idle" : "active";
    facts.peer = upstream.peer();
    facts.connected_us = wall_of(upstream.created_ns, now);
    if (upstream.session() != nullptr) facts.client = upstream.session()->id();
    facts.pid = upstream.backend_pid();
    facts.close_needed = upstream.outdated || upstream.tainted;
    return facts;
}

admin::PoolFacts facts_of(const Pool& pool, int size, const base::Now& now) {
    admin::PoolFacts facts;
    facts.user = pool.user();
    facts.database = pool.database();
    facts.clients = static_cast<std::int64_t>(pool.sessions);
    facts.waiting = static_cast<std::int64_t>(pool.waiting_count());
    facts.idle = static_cast<std::int64_t>(pool.idle_count());
    for (const auto& upstream : pool.connections()) {
        if (upstream->state() != Upstream::State::Ready) ++facts.login;
    }
    facts.active = static_cast<std::int64_t>(pool.size()) - facts.idle - facts.login;
    facts.longest_wait_us = pool.longest_wait_ns(now) / 1'000;
    facts.size = size;
    facts.paused = pool.paused();
    facts.away = pool.away();
    return facts;
}

}  // namespace

// ---- one client's commands

std::uint64_t Plane::ask_console(Session& session, admin::Request request) {
    const std::uint64_t token = ++next_token_;
    consoles_.emplace(token, &session);
    driver_.console(token, std::move(request));
    return token;
}

void Plane::forget_console(std::uint64_t token) {
    if (consoles_.erase(token) != 0) driver_.console_cancelled(token);
}

void Plane::console_answered(std::uint64_t token, admin::Answer answer, const base::Now& now) {
    auto it = consoles_.find(token);
    if (it == consoles_.end()) return;  // its client has gone
    Session* session = it->second;
    consoles_.erase(it);
    if (session->console() != nullptr && session->state() == Session::State::Ready)
        session->console()->answered(std::move(answer), now);
}

// ---- what it is asked

admin::WorkerFacts Plane::facts(const base::Now& now, admin::Detail detail) const {
    admin::WorkerFacts facts;
    facts.worker = options_->worker;
    for (const auto& [name, pool] : pools_) {
        facts.pools.push_back(facts_of(*pool, options_->share.size, now));
        if (detail == admin::Detail::Pools) continue;
        for (const auto& upstream : pool->connections())
            facts.servers.push_back(facts_of(*upstream, name.first, name.second, now));
    }
    if (detail == admin::Detail::Pools) return facts;
    for (const auto& [raw, session] : sessions_) {
        facts.clients.push_back(session->facts(now));
        session->add_prepared(facts.prepared);
        const Upstream* upstream = session->upstream();
        if (upstream == nullptr || upstream->pool() != nullptr) continue;
        const auto& source = *session->source();
        facts.servers.push_back(facts_of(*upstream, source.user, source.database, now));
        facts.servers.back().client = session->id();
    }
    return facts;
}

void Plane::set_paused(admin::PausedPtr paused, const base::Now& now) {
    paused_ = std::move(paused);
    for (auto& [name, pool] : pools_) pool->set_paused(paused_ && paused_->holds(name.second), now);
}

void Plane::reconnect(const std::string& database, const base::Now& now) {
    for (auto& [name, pool] : pools_) {
        if (database.empty() || database == name.second) pool->reconnect(now);
    }
}

bool Plane::kill(std::int64_t client, const base::Now& now) {
    for (auto& [raw, session] : sessions_) {
        if (session->id() != client) continue;
        LocalError error;
        error.severity = "FATAL";
        error.sqlstate = "57P01";
        error.message = "terminating connection due to administrator command";
        error.detail = "KILL was said on pgsidecar's admin console.";
        raw->end(error, now);
        return true;
    }
    return false;
}

void Plane::reload(std::shared_ptr<const Options> options, const base::Now& now) {
    auto before = std::exchange(options_, std::move(options));
    users_.use(*options_);
    for (auto& [name, pool] : pools_) {
        // Who is not in the files has been found in the database, and brings its keys itself.
        AccountPtr account = options_->credentials.find(name.first);
        AccountPtr known = before->credentials.find(name.first);
        // Of a SCRAM secret alone nothing can be proven to a server: the keys from a login stay.
        const bool learned =
            account && known && account->secret.scram_stored && known->secret.scram_stored;
        if (account && !learned) pool->set_account(account);
        pool->reload(now);
    }
}

}  // namespace pgsidecar::proxy
