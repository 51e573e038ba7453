#include "proxy/core/plane.hpp"

#include <algorithm>
#include <cerrno>

#include "protocol/auth/constant_time.hpp"
#include "proxy/core/pool.hpp"
#include "proxy/core/session.hpp"
#include "proxy/core/upstream.hpp"

namespace pgsidecar::proxy {

namespace {

// Above any process id that Linux gives, so that our own numbers never meet a real backend's. They
// are random, so that a cancel key has 62 random bits where it is ours alone.
constexpr std::int32_t kFirstPid = 1 << 30;

std::uint64_t random_seed(base::Entropy& entropy) {
    std::uint64_t seed = 0;
    entropy.fill(std::as_writable_bytes(std::span(&seed, 1)));
    return seed;
}

sql::Classifier::Options classifier_options(const config::Settings& settings) {
    return {static_cast<std::size_t>(settings.audit.fingerprint_cache_entries),
            static_cast<std::size_t>(settings.audit.statement_text_bytes)};
}

}  // namespace

Plane::Plane(std::shared_ptr<const Options> options, Driver& driver, base::Entropy& entropy,
             metrics::WorkerShard& shard)
    : options_(std::move(options)),
      driver_(driver),
      entropy_(entropy),
      shard_(shard),
      limits_(shard),
      recorder_(entropy, shard, driver),
      ids_(entropy),
      classifier_(classifier_options(*options_->settings)),
      users_(*options_, driver, entropy, shard),
      statements_(random_seed(entropy)),
      strict_(options_->progress != nullptr &&
              options_->settings->audit.level != config::AuditLevel::Off &&
              options_->settings->audit.durability == config::AuditDurability::Strict) {}

Plane::~Plane() = default;

ChannelEvents& Plane::accept(Channel& channel, bool local, const base::Now& now) {
    auto session = std::make_unique<Session>(*this, channel, local, now);
    Session* raw = session.get();
    sessions_.emplace(raw, std::move(session));
    logging_in_.insert(raw);
    shard_.clients_accepted.add();
    shard_.clients.set(static_cast<std::int64_t>(sessions_.size()));
    return *raw;
}

void Plane::forget(Session& session) {
    logging_in_.erase(&session);
    flush_waiters_.erase(&session);
    record_waiters_.erase(&session);
    retry_waiters_.erase(&session);
    if (session.spool_token() != 0) spooling_.erase(session.spool_token());
    users_.forget(session);
    auto [first, last] = keys_.equal_range(session.key_pid());
    auto key = std::find_if(first, last, [&](auto& entry) { return entry.second == &session; });
    if (key != last) keys_.erase(key);
    if (session.pool() != nullptr) --session.pool()->sessions;
    auto it = sessions_.find(&session);
    if (it == sessions_.end()) return;
    bury(std::move(it->second));
    sessions_.erase(it);
    shard_.clients.set(static_cast<std::int64_t>(sessions_.size()));
}

void Plane::bury(std::unique_ptr<Upstream> upstream) {
    if (!upstream) return;
    for (auto& call : cancels_) call->forget(*upstream);
    buried_.push_back(std::shared_ptr<void>(std::move(upstream)));
}

std::span<const model::StatementShapePtr> Plane::classify(std::string_view text) {
    auto before = classifier_.stats();
    auto shapes = classifier_.classify(text);
    const auto& after = classifier_.stats();
    shard_.fingerprint_hits.add(after.hits - before.hits);
    shard_.fingerprint_misses.add(after.misses - before.misses);
    shard_.parse_failures.add(after.parse_failures - before.parse_failures);
    return shapes;
}

Pool& Plane::pool(const std::string& user, const std::string& database, const AccountPtr& account) {
    auto& slot = pools_[{user, database}];
    if (!slot) {
        slot = std::make_unique<Pool>(*this, user, database);
        slot->set_paused(paused_ && paused_->holds(database), {});
    }
    slot->set_account(account);
    ++slot->sessions;
    return *slot;
}

model::OperationSourcePtr Plane::make_source(const std::string& user, const std::string& database,
                                             const std::string& application) {
    auto source = std::make_unique<model::OperationSource>();
    source->connection_id = options_->connection_id;
    source->session_id = ids_.next(0).to_string();
    source->service = application;
    source->user = user;
    source->database = database;
    return model::OperationSourcePtr(source.release());
}

model::ErrorInfo Plane::classify(const ChannelClosed& closed, const std::string& sqlstate) const {
    using Cause = ChannelClosed::Cause;
    if (!sqlstate.empty()) {
        model::ServerErrorFields fields{sqlstate, {}, {}, {}};
        return model::classify_server_error(fields, model::ErrorPhase::Connect);
    }
    switch (closed.cause) {
        case Cause::ConnectRefused:
            return model::classify_errno(ECONNREFUSED, model::ErrorPhase::Connect);
        case Cause::HostNotFound: return model::host_not_found();
        case Cause::TimedOut:
            return model::timed_out(settings().pool.connect_timeout_ms, model::ErrorPhase::Connect);
        case Cause::Unreachable:
            return model::classify_errno(EHOSTUNREACH, model::ErrorPhase::Connect);
        case Cause::TlsRefused: return model::tls_refused();
        case Cause::CertificateRefused: return model::certificate_refused();
        case Cause::TlsFailed: return model::tls_failed();
        case Cause::Eof:
        case Cause::Reset:
        case Cause::Other: break;
    }
    return model::connection_lost();
}

// ---- cancel

void Plane::assign_key(Session& session, std::int32_t backend_pid, std::int32_t& pid,
                       std::uint32_t& secret) {
    do {
        std::uint64_t dice = random_seed(entropy_);
        secret = static_cast<std::uint32_t>(dice);
        auto number = static_cast<std::int32_t>(dice >> 32 & (kFirstPid - 1));
        pid = backend_pid != 0 ? backend_pid : kFirstPid + number;
    } while (session_of_key(pid, secret) != nullptr);
    keys_.emplace(pid, &session);
}

Session* Plane::session_of_key(std::int32_t pid, std::uint32_t secret) const {
    auto [first, last] = keys_.equal_range(pid);
    for (auto it = first; it != last; ++it) {
        std::uint32_t own = it->second->key_secret();
        if (protocol::equal_constant_time(std::as_bytes(std::span(&own, 1)),
                                          std::as_bytes(std::span(&secret, 1))))
            return it->second;
    }
    return nullptr;
}

void Plane::cancel_requested(std::int32_t pid, base::Bytes secret, const base::Now& now) {
    shard_.cancels_received.add();
    if (secret.size() != 4) {  // our keys are four bytes long
        shard_.cancels_unknown_key.add();
        return;
    }
    std::uint32_t key = base::load_be32(secret.data());
    if (!cancel(pid, key, now)) driver_.cancel_elsewhere(pid, key);
}

bool Plane::cancel(std::int32_t pid, std::uint32_t secret, const base::Now& now) {
    Session* session = session_of_key(pid, secret);
    if (session == nullptr) return false;
    if (session->cancel(now)) cancel_at_server(*session->upstream(), false, now);
    return true;
}

void Plane::cancel_at_server(Upstream& upstream, bool abandoned, const base::Now& now) {
    if (upstream.cancels_in_flight >= 2)
        return;  // one that is on its way is enough, two are plenty
    auto& call =
        cancels_.emplace_back(std::make_unique<CancelCall>(*this, upstream, abandoned, now));
    call->start();
}

void Plane::cancel_settled(CancelCall& call) {
    auto it =
        std::find_if(cancels_.begin(), cancels_.end(), [&](auto& c) { return c.get() == &call; });
    if (it == cancels_.end()) return;
    bury(std::move(*it));
    cancels_.erase(it);
}

// ---- time, stop

void Plane::tick(const base::Now& now) {
    std::vector<Session*> logins(logging_in_.begin(), logging_in_.end());
    for (Session* session : logins) session->tick(now);
    check_session_times(now);
    for (auto& [key, pool] : pools_) pool->tick(now);
    auto retries = std::exchange(retry_waiters_, {});
    for (Session* session : retries) session->try_again(now);
    for (std::size_t i = cancels_.size(); i-- > 0;) {
        if (i < cancels_.size()) cancels_[i]->tick(now);
    }
    drop_unused_pools();
    spool_advanced(now);  // also ends waits that have lasted too long
    if (draining_) drain(now);
}

void Plane::drop_unused_pools() {
    std::erase_if(pools_, [](const auto& entry) {
        // One that cannot reach the server remembers since when.
        return entry.second->sessions == 0 && entry.second->size() == 0 && !entry.second->failing();
    });
}

void Plane::upstream_usable(const base::Now& now) {
    for (auto& [key, pool] : pools_) pool->try_now(now);
}

// ---- the spool

std::uint64_t Plane::spool(Session& session, model::SpoolEntry entry) {
    std::uint64_t token = ++next_token_;
    spooling_.emplace(token, &session);
    driver_.spool(token, std::move(entry));
    return token;
}

void Plane::spooled(std::uint64_t token, const model::SpoolVerdict& verdict, const base::Now& now) {
    auto it = spooling_.find(token);
    if (it == spooling_.end()) return;  // its client is gone; the entry is applied all the same
    Session* session = it->second;
    spooling_.erase(it);
    session->spooled(verdict, now);
}

void Plane::spool_advanced(const base::Now& now) {
    if (flush_waiters_.empty()) return;
    std::vector<Session*> waiters(flush_waiters_.begin(), flush_waiters_.end());
    flush_waiters_.clear();
    for (Session* session : waiters) session->writes_applied(now);
}

void Plane::records_on_disk(std::uint64_t sequence, bool stored, const base::Now& now) {
    std::vector<Session*> waiters(record_waiters_.begin(), record_waiters_.end());
    for (Session* session : waiters) {
        if (session->record_awaited() > sequence) continue;
        record_waiters_.erase(session);
        session->record_stored(stored, now);
    }
}

void Plane::learn(model::LearnedSchemaPtr schema) {
    if (schema) schemas_[schema->database] = std::move(schema);
}

void Plane::learn(const model::LearnedServer& server) {
    servers_known_[{server.user, server.database}] = server;
}

model::LearnedSchemaPtr Plane::schema(const std::string& database) const {
    auto it = schemas_.find(database);
    return it == schemas_.end() ? nullptr : it->second;
}

const model::LearnedServer* Plane::known_server(const std::string& user,
                                                const std::string& database) const {
    auto it = servers_known_.find({user, database});
    return it == servers_known_.end() ? nullptr : &it->second;
}

std::optional<LocalError> Plane::no_room_to_hold(const Pool& pool) const {
    if (!pool.away()) return std::nullopt;
    const auto& outage = settings().outage;
    bool many = shard_.clients_waiting.get() >= outage.max_held;
    if (!many && held_bytes < outage.max_held_bytes) return std::nullopt;
    LocalError error;
    error.sqlstate = "53400";
    error.message = "The database is away and too many statements wait for it already.";
    error.detail = many ? "The limit is outage.max_held." : "The limit is outage.max_held_bytes.";
    error.hint = "Send it again when the database is back.";
    return error;
}

void Plane::drain(const base::Now& now) {
    draining_ = true;
    set_paused(nullptr, now);  // what waits may be the end of a transaction
    std::vector<Session*> sessions, logins;
    for (auto& [raw, session] : sessions_) {
        bool ready = session->state() == Session::State::Ready;
        if (ready) sessions.push_back(raw);
        if (!ready && session->waiting_since_ns >= 0) logins.push_back(raw);
    }
    LocalError error;
    error.sqlstate = "57P03";
    error.message = "pgsidecar is shutting down.";
    error.hint = "Connect again shortly.";
    for (Session* session : logins) session->end(error.fatal(), now);
    for (Session* session : sessions) session->drain(now);
    for (auto& [key, pool] : pools_) pool->close_idle(now);
}

void Plane::close_all(const base::Now& now) {
    draining_ = true;
    LocalError error;
    error.severity = "FATAL";
    error.sqlstate = "57P01";
    error.message = "pgsidecar was stopped.";
    std::vector<Session*> sessions;
    for (auto& [raw, session] : sessions_) sessions.push_back(raw);
    for (Session* session : sessions) session->end(error, now);
    for (auto& [key, pool] : pools_) pool->close_idle(now);
}

}  // namespace pgsidecar::proxy
