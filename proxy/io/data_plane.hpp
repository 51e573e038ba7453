#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/listening_sockets.hpp"
#include "metrics/shard.hpp"
#include "model/database_operation.hpp"
#include "model/learned_schema.hpp"
#include "model/spool_entry.hpp"
#include "proxy/admin/answer.hpp"
#include "proxy/admin/facts.hpp"
#include "proxy/core/options.hpp"
#include "proxy/core/user_answer.hpp"
#include "proxy/io/certificate_report.hpp"
#include "proxy/io/data_plane_events.hpp"

namespace pgsidecar::proxy {

class Plane;

/// All workers and the listener: what app starts, watches and stops.
///
/// Thread: the owner's; take_records() from one thread at a time.
class DataPlane {
public:
    DataPlane(std::shared_ptr<const Options> options, DataPlaneEvents& events);
    ~DataPlane();
    DataPlane(const DataPlane&) = delete;
    DataPlane& operator=(const DataPlane&) = delete;

    /// Listens and starts the threads. A sentence on failure, empty on success. inherited: sockets
    /// that listen already; those that are of use here are taken out.
    std::string start(base::ListeningSockets& inherited);
    int port() const;
    /// Reads changed certificate files for connections from now on; those that are open stay.
    /// Thread: start()'s.
    CertificateReport look_at_certificates();
    /// Puts its listening sockets in, which stay its own.
    void lend_sockets(base::ListeningSockets& sockets);
    /// The process that it inherited from has let go of the sockets.
    void own_sockets();
    /// Another process listens now; the clients that are here go on.
    void stop_listening();

    /// No new logins; clients leave as their transactions end.
    void drain();
    std::size_t clients() const;
    void stop();

    void upstream_usable();
    void upstream_gone();
    /// Asks the workers, but for this one, one after the other for the session of a cancel key.
    /// The new options count in all workers; what needs a restart must be as it was.
    void reload(std::shared_ptr<const Options> options);

    // For the admin console.
    using OnPlane = std::function<void(Plane&, const base::Now&)>;
    /// Runs f on every worker's thread, then done, once, on the last one's.
    void on_all(const OnPlane& f, std::function<void()> done);
    using Facts = std::vector<admin::WorkerFacts>;
    /// What all workers know; done on one of their threads.
    void gather(admin::Detail detail, std::function<void(Facts)> done);
    void console_answered(int worker, std::uint64_t token, admin::Answer answer);

    void cancel(int except_worker, std::int32_t pid, std::uint32_t secret);
    /// What became of entries given to DataPlaneEvents::on_spool(): {token, verdict}.
    using Verdicts = std::vector<std::pair<std::uint64_t, model::SpoolVerdict>>;
    /// Those that fetch() gives then, on the worker's thread.
    void spooled(int worker, std::function<Verdicts()> fetch);
    /// What the database said to DataPlaneEvents::on_look_up(); the other workers keep it too.
    void user_answered(int worker, std::string user, UserAnswer answer);
    /// Queued writes have been applied.
    void spool_advanced();
    void learn(model::LearnedSchemaPtr schema);
    void learn(model::LearnedServer server);
    /// Appends what the workers have recorded, at most max records; returns how many.
    /// taken: if given, for each worker the sequence of the last one, 0 for none.
    std::size_t take_records(std::vector<model::OperationRecord>& out, std::size_t max,
                             std::vector<std::uint64_t>* taken = nullptr);
    /// What take_records() gave as taken is on disk, or could not be stored.
    void records_on_disk(const std::vector<std::uint64_t>& taken, bool stored);
    std::vector<std::shared_ptr<const metrics::WorkerShard>> shards() const;
    /// Nanoseconds since the slowest worker last turned its loop.
    std::int64_t slowest_tick_age_ns() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace pgsidecar::proxy
