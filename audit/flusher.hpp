#pragma once

#include <asio/any_io_executor.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "audit/flush_lane.hpp"
#include "audit/flush_spool.hpp"
#include "audit/flush_status.hpp"
#include "audit/flush_target.hpp"
#include "config/settings.hpp"
#include "config/upstream.hpp"
#include "metrics/process_counters.hpp"
#include "model/events.hpp"

namespace pgsidecar::audit {

/// Applies what waits in the spool while the database is there: queued writes in order, exactly
/// once; records of the operation log beside them (design, part 6).
///
/// One FlushLane for each database among the entries, with a connection of its own, made when it is
/// needed. While the database is usable it looks for new entries every few milliseconds, and tries
/// again with back-off what failed for reasons that are not an entry's own.
/// Thread: all functions from any; the work and all callbacks are the executor's, which must have
/// one thread. Lifetime: the executor's context is there longer than the spool, whose thread posts
/// to it, and the spool longer than this; destroy after stop() has called back, or after the
/// context has stopped running.
class Flusher {
public:
    struct Options {
        config::Upstream upstream;  ///< complete; database and user are those of the settings
        bool tls_required = false;
        std::string sidecar;  ///< who we are, for pgsidecar.ledger
        FlushLane::Limits limits;
        std::int64_t retry_ms = 1'000;  ///< after a failure; doubled up to kMaxRetryMs
        std::int64_t records_interval_ms = 500;
        std::int64_t connect_timeout_ms = 5'000;
        bool create_schema = true;

        static Options from(const config::Settings& settings, config::Upstream upstream,
                            std::string sidecar);
    };
    using OnError = std::function<void(const model::ErrorEvent&)>;
    using MakeTarget =
        std::function<std::unique_ptr<FlushTarget>(const std::string& database, bool main)>;

    static constexpr std::int64_t kMaxRetryMs = 30'000;

    /// on_error: dead letters, and why the flush is blocked (operation `flush`). make_target: for
    /// tests; empty: PgFlushTarget.
    Flusher(asio::any_io_executor executor, Options options, SpoolReader& spool, OnError on_error,
            std::shared_ptr<metrics::ProcessCounters> counters, MakeTarget make_target = {});
    ~Flusher();
    Flusher(const Flusher&) = delete;
    Flusher& operator=(const Flusher&) = delete;

    void start();
    /// Whether the database can be used, from health. False ends what is under way.
    void set_usable(bool usable);
    /// The database is usable. done: once, when what waits now is in the database or dead, or when
    /// the flush is blocked, the database lost again, or the flusher stopped. Needs start().
    void flush_now(std::function<void()> done);
    /// New entries were acknowledged; saves the time until they would be noticed.
    void entries_arrived();
    /// Tells people of a dead letter that the spool itself has made (Spool::Options::on_dead).
    void announce(const DeadLetter& letter);
    /// done: when nothing is under way any more and the spool owes no answer; what waits stays in
    /// the spool, which may go then.
    void stop(std::function<void()> done);
    FlushStatus status() const;

private:
    class Control;
    std::shared_ptr<Control> control_;
};

}  // namespace pgsidecar::audit
