#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "metrics/shard.hpp"
#include "proxy/core/credentials.hpp"
#include "proxy/core/guc_set.hpp"
#include "proxy/core/local_error.hpp"
#include "proxy/core/upstream.hpp"

namespace pgsidecar::proxy {

class Plane;
class Session;

/// The server connections of one user and database, and the sessions that wait for one, first come
/// first served.
///
/// Thread: the worker's. Lives as long as its Plane.
class Pool {
public:
    /// What a client is told at login: the server's ParameterStatus values.
    using Welcome = std::vector<std::pair<std::string, std::string>>;

    Pool(Plane& plane, std::string user, std::string database);
    ~Pool();

    const std::string& user() const { return user_; }
    const std::string& database() const { return database_; }
    /// What the sidecar proves itself with, as the last login of a client had it.
    const protocol::LoginSecret& secret() const { return account_->secret; }
    void set_account(AccountPtr account) { account_ = std::move(account); }

    /// Gives the session a connection now, or queues it (null); then session.attached() or
    /// session.refused() follows. Ask refusal() first.
    Upstream* request(Session& session, const base::Now& now);
    /// Why a request would be refused at once; nothing when it would not.
    std::optional<LocalError> refusal(const base::Now& now) const;
    void leave_queue(Session& session);
    /// True while no connection is there and the last attempt to make one failed.
    bool away() const;
    LocalError unavailable(const base::Now& now) const;

    // What its connections tell it.
    void connected(Upstream& upstream, const base::Now& now);
    void released(Upstream& upstream, const base::Now& now);
    void lost(Upstream& upstream, const ChannelClosed& closed, const std::string& sqlstate,
              bool was_ready, const base::Now& now);
    /// Closes and forgets a connection that must not be used again.
    void discard(Upstream& upstream, const base::Now& now);
    /// The server's own words on a failed login, for the clients that wait.
    void login_refused(LocalError error) { login_error_ = std::move(error); }

    /// The database was seen to be there again: try now instead of at the next attempt.
    void try_now(const base::Now& now);
    /// Connects when there is no connection at all, to see whether the server is there.
    void look(const base::Now& now);
    void tick(const base::Now& now);
    void close_idle(const base::Now& now);
    // From the admin console and a reload.
    /// While paused, connections are closed as they become free, and who needs one waits.
    void set_paused(bool paused, const base::Now& now);
    bool paused() const { return paused_; }
    /// Each connection is replaced as soon as it is free.
    void reconnect(const base::Now& now);
    /// The options are new ones.
    void reload(const base::Now& now);
    const std::vector<std::unique_ptr<Upstream>>& connections() const { return connections_; }
    std::int64_t longest_wait_ns(const base::Now& now) const;

    const Welcome* welcome(const GucSetPtr& settings) const;
    /// What can be told without asking the server, while it is away; null: nothing is known.
    const Welcome* welcome_from_before(const GucSetPtr& settings);
    void learn_welcome(const GucSetPtr& settings, const Upstream& upstream);

    /// Sessions that belong here; without any, and without connections, the plane forgets the pool.
    /// Some client of it has asked for lastval() or currval(): what draws from a sequence keeps its
    /// connection from then on.
    bool reads_sequences = false;
    std::size_t sessions = 0;
    std::size_t size() const { return connections_.size(); }
    bool failing() const { return failures_ > 0; }
    /// Attempts to connect that failed, ever.
    std::uint64_t failures_total() const { return failures_total_; }
    std::size_t idle_count() const { return idle_.size(); }
    std::size_t waiting_count() const { return waiting_count_; }

    // Limits over several pools (pool_limits.cpp).
    /// Clients wait and no connection may be opened for them.
    bool lacks_room() const { return lacks_room_; }
    /// Of the client that waits longest; there must be one.
    std::int64_t waiting_since_ns() const;
    /// Of the connection that is idle longest; there must be one.
    std::int64_t idle_since_ns() const { return idle_.front()->idle_since_ns; }
    void close_longest_idle(const base::Now& now);

private:
    /// Clients that keep a connection only for lastval() give it to those that wait.
    bool take_from_who_rests(const base::Now& now);
    Upstream* take_idle(const GucSetPtr& settings);
    void grow(const base::Now& now);
    void open_connection(const base::Now& now);
    /// How many connections it may have now.
    std::size_t limit(const base::Now& now) const;
    bool has_room(const base::Now& now);
    void set_lacks_room(bool lacks);
    /// A connection has ended: another is opened by whom its place is due.
    void refill(const base::Now& now);
    void keep_minimum(const base::Now& now);
    void expire_waiters(const base::Now& now);
    void expire_connections(const base::Now& now);
    void retire(Upstream& upstream, metrics::ServerCloseReason reason, const base::Now& now);
    /// Out of the lists and the gauges; the object stays until the turn ends. False: not ours.
    bool take_out(Upstream& upstream, bool was_ready);
    void serve(Upstream& upstream, const base::Now& now);
    Session* pop_waiter();
    /// Gives those that have waited so long to their stand-ins, which queue what can be queued.
    void queue_who_waits(const base::Now& now, std::int64_t waited_ns);
    void refuse_waiters(const LocalError& error, std::int64_t older_than_ns, const base::Now& now);
    void note_failure(const ChannelClosed& closed, const std::string& sqlstate,
                      const base::Now& now);
    bool any_ready() const;
    bool has_too_many() const;
    void close_for_console(Upstream& upstream, const base::Now& now);
    /// Who waits is held from now on as long as the retry budget lasts.
    void begin_budget(const base::Now& now);
    std::int64_t hold_budget_ns() const;

    Plane& plane_;
    std::string user_, database_;
    AccountPtr account_;
    std::vector<std::unique_ptr<Upstream>> connections_;
    std::vector<Upstream*> idle_;      ///< last released last
    Session* first_waiter_ = nullptr;  ///< intrusive: waiting costs no allocation
    Session* last_waiter_ = nullptr;
    std::size_t waiting_count_ = 0;
    std::size_t connecting_ = 0;
    bool lacks_room_ = false;
    bool used_ = false;  ///< a connection of it was ready
    std::map<GucSetPtr, Welcome> welcomes_;
    bool paused_ = false;
    bool guessed_ = false;  ///< some of welcomes_ were made without the server

    // Trouble reaching the server; failures_ == 0 means none.
    int failures_ = 0;
    std::uint64_t failures_total_ = 0;
    std::int64_t failing_since_ns_ = 0, failing_since_us_ = 0, next_attempt_ns_ = 0;
    bool permanent_ = false;
    std::string last_message_, last_detail_, last_resolution_, last_sqlstate_;
    std::optional<LocalError> login_error_;
};

}  // namespace pgsidecar::proxy
