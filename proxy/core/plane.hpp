#pragma once

#include <cstdint>
#include <map>
#include <memory>
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
#include "proxy/core/cancel_call.hpp"
#include "proxy/core/driver.hpp"
#include "proxy/core/guc_set.hpp"
#include "proxy/core/options.hpp"
#include "proxy/core/recorder.hpp"
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
    /// No new logins; idle clients are told to go, the others when their transaction is over.
    void drain(const base::Now& now);
    /// Ends everything at once.
    void close_all(const base::Now& now);
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
    std::size_t buffer_limit() const {
        return static_cast<std::size_t>(settings().limits.session_buffer_bytes);
    }
    std::size_t session_count() const { return sessions_.size(); }
    bool draining() const { return draining_; }

    std::span<const model::StatementShapePtr> classify(std::string_view text);
    Pool& pool(const std::string& user, const std::string& database);
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

private:
    void drop_unused_pools();

    std::shared_ptr<const Options> options_;
    Driver& driver_;
    base::Entropy& entropy_;
    metrics::WorkerShard& shard_;
    Recorder recorder_;
    base::UuidSource ids_;
    sql::Classifier classifier_;
    GucSets gucs_;
    std::map<std::pair<std::string, std::string>, std::unique_ptr<Pool>> pools_;
    std::unordered_map<Session*, std::unique_ptr<Session>> sessions_;
    std::unordered_set<Session*> logging_in_;
    std::unordered_map<std::uint64_t, Session*> keys_;
    std::vector<std::unique_ptr<CancelCall>> cancels_;
    std::vector<std::shared_ptr<void>> buried_;
    std::int32_t next_pid_;
    bool draining_ = false;
};

}  // namespace pgsidecar::proxy
