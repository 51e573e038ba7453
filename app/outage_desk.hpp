#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "audit/flusher.hpp"
#include "audit/operation_log.hpp"
#include "audit/schema_watch.hpp"
#include "audit/spool.hpp"
#include "config/settings.hpp"
#include "config/upstream.hpp"
#include "metrics/process_counters.hpp"
#include "proxy/io/data_plane.hpp"

namespace asio {
class io_context;
}

namespace pgsidecar::app {

/// The audit side of the process, tied to the data plane: entries in and verdicts out, the flush,
/// the operation log, what was learned of the database.
///
/// Thread: append() from the workers, problem() and status() from any, the rest from the control
/// thread. Lifetime: made before the data plane, whose workers must have ended before it goes.
class OutageDesk {
public:
    struct Parts {
        std::shared_ptr<const config::Settings> settings;
        config::Upstream upstream;
        std::string sidecar;  ///< who we are, for pgsidecar.ledger
        std::shared_ptr<metrics::ProcessCounters> counters;
        std::function<void(const model::ErrorEvent&)> on_error;  ///< on the control thread
    };

    /// Opens the spool. Without one, problem() says why, unless it is switched off.
    OutageDesk(asio::io_context& control, Parts parts);
    ~OutageDesk();

    const model::SpoolProgress* progress() const;
    /// Why nothing can be acknowledged in an outage; empty when all is well or nothing is wanted.
    std::string problem() const;
    audit::FlushStatus status() const;
    /// Zeros without a spool.
    audit::SpoolStats spool_stats() const;
    /// Null while there is none. Thread: any.
    audit::Spool* spool() const { return open_ ? spool_.get() : nullptr; }
    /// Retries or discards a dead letter; done, on the spool's thread: whether it could be. There
    /// is a spool. Thread: any.
    void change_dead(std::uint64_t sequence, bool retry, std::function<void(bool)> done);
    /// Other settings count from now on: the tables whose columns are learned are the policy's.
    void reload(const config::Settings& settings);
    /// Before a scrape. Thread: any.
    void refresh_counters() const;

    /// Before the data plane starts: a client may write, and be answered, as soon as that runs.
    void connect(proxy::DataPlane& plane) { plane_ = &plane; }
    /// When the data plane runs: tells it what is known from before, and starts the flush.
    void start();
    void set_usable(bool usable);
    /// R21: before `database:health` goes out.
    void flush_now(std::function<void()> done);
    void stop(std::function<void()> done);
    /// Carries out what the spool was asked, then ends its thread; the data plane still exists.
    /// Nothing is asked after it.
    void close();

    void append(int worker, std::uint64_t token, model::SpoolEntry entry);
    void remember(const model::LearnedServer& server);
    /// on_disk: see audit::OperationLog::add().
    void log(std::span<const model::OperationRecord> records, std::function<void(bool)> on_disk);
    bool logs() const { return log_ != nullptr; }

private:
    struct Outbox {
        std::mutex mutex;
        proxy::DataPlane::Verdicts verdicts;
        bool due = false;  ///< the worker has been told to fetch them
    };

    /// A record of the operation log that waits until there is a spool.
    struct Kept {
        std::string body;
        std::uint32_t count;
        std::function<void(bool)> on_disk;
    };

    bool open_spool();
    void make_flush();
    void begin();
    /// Another process has the spool until it ends: tries again.
    void open_later(std::int64_t give_up_ns);
    void spool_is_there();
    void keep_or_append(std::string body, std::uint32_t count, std::function<void(bool)> on_disk);
    void give_kept(bool usable);
    void learned(const model::LearnedSchemaPtr& schema);
    void answer(int worker, std::uint64_t token, const model::SpoolVerdict& verdict);
    /// Until nothing waits any more, the workers are told of what was applied.
    void watch();
    void watch_progress();

    asio::io_context& control_;
    Parts parts_;
    proxy::DataPlane* plane_ = nullptr;  ///< set before any other thread can call
    std::vector<std::unique_ptr<Outbox>> outboxes_;
    std::string open_problem_;
    model::SpoolProgress progress_;  ///< of the spool, also before it is there
    struct Timer;
    std::unique_ptr<Timer> progress_timer_;
    std::atomic<bool> watching_{false};
    std::uint64_t told_ = 0;  ///< how far the workers were told that writes are applied
    bool waits_for_spool_ = false, usable_ = false;
    std::atomic<bool> open_{false};  ///< spool_ and what it takes are there for other threads
    mutable std::mutex kept_mutex_;  ///< kept_, kept_bytes_, gave_up_, open_problem_
    std::vector<Kept> kept_;
    std::int64_t kept_bytes_ = 0;
    bool gave_up_ = false;
    std::atomic<std::uint64_t> lost_records_{0};
    std::unique_ptr<audit::Spool> spool_;
    std::unique_ptr<audit::SpoolAccess> access_;
    std::unique_ptr<audit::OperationLog> log_;
    std::unique_ptr<audit::Flusher> flusher_;
    std::unique_ptr<audit::SchemaWatch> watch_;
};

}  // namespace pgsidecar::app
