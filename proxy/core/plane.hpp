#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/assert.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "metrics/shard.hpp"
#include "model/error_text.hpp"
#include "model/learned_schema.hpp"
#include "model/spool_entry.hpp"
#include "proxy/admin/facts.hpp"
#include "proxy/admin/paused.hpp"
#include "proxy/core/cancel_call.hpp"
#include "proxy/core/driver.hpp"
#include "proxy/core/guc_set.hpp"
#include "proxy/core/limit_watch.hpp"
#include "proxy/core/options.hpp"
#include "proxy/core/prepared_statements.hpp"
#include "proxy/core/recorder.hpp"
#include "proxy/core/table_changes.hpp"
#include "proxy/core/user_directory.hpp"
#include "sql/classifier.hpp"

namespace pgsidecar::proxy {

class Pool;
class Session;
class Upstream;

/// One worker's data plane: its sessions, pools and server connections, as a deterministic machine.
///
/// Inputs: accept(), the ChannelEvents of its channels, tick(), cancel(), drain(). Outputs: Channel
/// and Driver. Makes no system call, reads no clock, rolls no dice of its own. Thread: one. After
/// each input the driver calls end_turn().
class Plane {
public:
    Plane(std::shared_ptr<const Options> options, Driver& driver, base::Entropy& entropy,
          metrics::WorkerShard& shard);
    ~Plane();
    Plane(const Plane&) = delete;
    Plane& operator=(const Plane&) = delete;

    // Inputs.
    /// A client has connected; the events are to be given to what is returned. local: same machine.
    ChannelEvents& accept(Channel& channel, bool local, const base::Now& now);
    /// A CancelRequest with one of our keys, from a client or another worker. False: not ours.
    bool cancel(std::int32_t pid, std::uint32_t secret, const base::Now& now);
    void tick(const base::Now& now);
    /// The database was seen to be usable again.
    void upstream_usable(const base::Now& now);
    /// The database was seen to be away; counts in outages().
    void upstream_gone() { ++outages_; }
    std::uint64_t outages() const { return outages_; }
    /// No new logins; idle clients are told to go, the others when their transaction is over.
    void drain(const base::Now& now);
    /// Ends everything at once.
    void close_all(const base::Now& now);
    /// What became of an entry that Driver::spool() was given.
    void spooled(std::uint64_t token, const model::SpoolVerdict& verdict, const base::Now& now);
    /// Queued writes were applied: who waits for them may look again.
    void spool_advanced(const base::Now& now);
    /// All records up to this one of the recorder's sequence are on disk; stored: false when some
    /// of them could not be stored, and whoever waits for theirs must not be answered.
    void records_on_disk(std::uint64_t sequence, bool stored, const base::Now& now);
    /// What is known of a database's tables, and of a server's parameters, from before.
    void learn(model::LearnedSchemaPtr schema);
    void learn(const model::LearnedServer& server);
    /// What became of Driver::look_up().
    void user_answered(const std::string& user, const UserAnswer& answer, const base::Now& now) {
        users_.answered(user, answer, now);
    }
    // From the admin console, by way of app.
    void console_answered(std::uint64_t token, admin::Answer answer, const base::Now& now);
    admin::WorkerFacts facts(const base::Now& now,
                             admin::Detail detail = admin::Detail::Everything) const;
    /// Which databases are paused from now on; see Pool::set_paused(). Null: none.
    void set_paused(admin::PausedPtr paused, const base::Now& now);
    /// Of this database; empty: of all.
    void reconnect(const std::string& database, const base::Now& now);
    /// Ends one client. False: it is not this worker's.
    bool kill(std::int64_t client, const base::Now& now);
    /// Other settings count from now on. The connections stay.
    void reload(std::shared_ptr<const Options> options, const base::Now& now);

    /// Frees what ended during the last input.
    void end_turn() { buried_.clear(); }

    // For its parts.
    const Options& options() const { return *options_; }
    const config::Settings& settings() const { return *options_->settings; }
    Driver& driver() { return driver_; }
    base::Entropy& entropy() { return entropy_; }
    metrics::WorkerShard& shard() { return shard_; }
    Recorder& recorder() { return recorder_; }
    GucSets& gucs() { return gucs_; }
    PreparedStatements& statements() { return statements_; }
    const model::OutagePolicy& policy() const { return *options_->policy; }
    bool outage_possible() const { return options_->progress != nullptr; }
    bool spool_usable() const { return outage_possible() && options_->progress->usable(); }
    bool writes_wait() const {
        return outage_possible() && !mock() && options_->progress->anything_waits();
    }
    /// No database: what the policy spools goes to the spool's file all the same (R94, K13).
    bool mock() const { return settings().database.mode == model::DatabaseMode::Mock; }
    model::LearnedSchemaPtr schema(const std::string& database) const;
    const model::LearnedServer* known_server(const std::string& user,
                                             const std::string& database) const;
    /// The token that spooled() will name.
    std::uint64_t spool(Session& session, model::SpoolEntry entry);
    std::int64_t next_client_id() {
        return clients_seen_++ * settings().workers + options_->worker + 1;
    }
    /// The token that console_answered() will name.
    std::uint64_t ask_console(Session& session, admin::Request request);
    void forget_console(std::uint64_t token);
    void wait_for_flush(Session& session) { flush_waiters_.insert(&session); }
    void wait_for_tick(Session& session) { retry_waiters_.insert(&session); }
    /// Why a statement cannot even wait for the database to come back.
    std::optional<LocalError> no_room_to_hold(const Pool& pool) const;
    /// audit.durability = strict: an answer waits until its record is on disk.
    bool strict() const { return strict_; }
    void wait_for_record(Session& session) { record_waiters_.insert(&session); }
    bool records_awaited() const { return !record_waiters_.empty(); }
    std::int64_t held_bytes = 0;  ///< of statements that wait for a connection
    std::size_t buffer_limit() const {
        return static_cast<std::size_t>(settings().limits.session_buffer_bytes);
    }
    std::size_t session_count() const { return sessions_.size(); }
    bool draining() const { return draining_; }
    TableChanges& table_changes() { return table_changes_; }

    std::span<const model::StatementShapePtr> classify(std::string_view text);
    /// Where the statements of the last classify() stand.
    std::span<const sql::Classifier::Place> places() const { return classifier_.places(); }
    UserDirectory& users() { return users_; }
    /// account: what its connections are to log in with from now on.
    Pool& pool(const std::string& user, const std::string& database, const AccountPtr& account);
    model::OperationSourcePtr make_source(const std::string& user, const std::string& database,
                                          const std::string& application);
    model::ErrorInfo classify(const ChannelClosed& closed, const std::string& sqlstate) const;
    void reject(metrics::RejectReason reason) {
        shard_.clients_rejected[static_cast<std::size_t>(reason)].add();
    }

    /// A cancel key for the session: backend_pid when it has a backend of its own, else a number of
    /// ours.
    void assign_key(Session& session, std::int32_t backend_pid, std::int32_t& pid,
                    std::uint32_t& secret);
    void cancel_requested(std::int32_t pid, base::Bytes secret, const base::Now& now);
    /// abandoned: its client is gone and the connection with it, so the cancel can hit nobody else.
    void cancel_at_server(Upstream& upstream, bool abandoned, const base::Now& now);
    void cancel_settled(CancelCall& call);
    void login_done(Session& session) { logging_in_.erase(&session); }
    void forget(Session& session);

    template <class T>
    void bury(std::unique_ptr<T> object) {
        if (object) buried_.push_back(std::shared_ptr<void>(std::move(object)));
    }
    void bury(std::unique_ptr<Upstream> upstream);

    // Limits over several pools, and times of sessions (plane_limits.cpp).
    void limit_reached(metrics::LimitKind limit, std::string_view user, std::string_view database,
                       const base::Now& now) {
        limits_.reached(limit, user, database, now);
    }
    /// The limit that forbids the pool another connection; nothing when it may open one. close:
    /// another pool's idle connection makes room where there is one.
    std::optional<metrics::LimitKind> no_room_for(const Pool& pool, bool close,
                                                  const base::Now& now);
    /// A connection of this pool has ended: the pool that has waited longest for its place, if one
    /// has.
    Pool* owed_by(const Pool& pool) const;
    int pools_without_room = 0;  ///< that have clients waiting

private:
    Session* session_of_key(std::int32_t pid, std::uint32_t secret) const;
    void drop_unused_pools();
    void check_session_times(const base::Now& now);

    std::shared_ptr<const Options> options_;
    Driver& driver_;
    base::Entropy& entropy_;
    metrics::WorkerShard& shard_;
    LimitWatch limits_;
    Recorder recorder_;
    base::UuidSource ids_;
    sql::Classifier classifier_;
    UserDirectory users_;
    GucSets gucs_;
    PreparedStatements statements_;
    std::unordered_map<std::uint64_t, Session*> spooling_;
    std::unordered_set<Session*> flush_waiters_, record_waiters_, retry_waiters_;
    std::uint64_t next_token_ = 0, outages_ = 0;
    TableChanges table_changes_;
    std::unordered_map<std::uint64_t, Session*> consoles_;
    admin::PausedPtr paused_;
    std::int64_t clients_seen_ = 0;
    std::map<std::string, model::LearnedSchemaPtr> schemas_;
    std::map<std::pair<std::string, std::string>, model::LearnedServer> servers_known_;
    std::map<std::pair<std::string, std::string>, std::unique_ptr<Pool>> pools_;
    std::unordered_map<Session*, std::unique_ptr<Session>> sessions_;
    std::unordered_set<Session*> logging_in_;
    std::unordered_multimap<std::int32_t, Session*> keys_;  ///< by process id
    std::vector<std::unique_ptr<CancelCall>> cancels_;
    std::vector<std::shared_ptr<void>> buried_;
    bool strict_;
    bool draining_ = false;
};

}  // namespace pgsidecar::proxy
