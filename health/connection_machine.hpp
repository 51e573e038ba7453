#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "health/actions.hpp"
#include "health/retry_schedule.hpp"
#include "model/database_connection.hpp"
#include "model/health_check_result.hpp"

namespace pgsidecar::health {

/// Times in nanoseconds.
struct MachinePolicy {
    RetryPolicy retry;
    std::int64_t check_interval_ns = 30'000'000'000;  ///< R13, R37
    std::int64_t probe_timeout_ns = 5'000'000'000;
    std::int64_t first_timeout_ns = 2'000'000'000;  ///< K15: the very first probe's
};

/// Decides what the one database connection's status is and when to probe, without clock or I/O.
///
/// Each input carries the time and returns what is to be done, in order. Published statuses begin
/// with `connecting` and then follow the six transitions of R51-R56 alone (K19).
/// - A failed probe is the end of `connected` (R54). A loss that the data plane reports is believed
/// at
///   once or decided by an immediate probe, see Loss; while a probe decides, `connected` stands.
/// - A try is made at once, then the retries of RetryPolicy; when they are used up one final
///   database:error is published, once for each outage and cause's permanence (K14).
/// - On return: status, flush, health (R20-R22).
/// Thread: its owner's. Owns: nothing outside itself.
class ConnectionMachine {
public:
    ConnectionMachine(MachinePolicy policy, model::DatabaseConnection initial);

    Actions start(base::Now now);
    /// id: StartProbe's; others are late and ignored.
    Actions probe_succeeded(std::uint64_t id, std::int64_t latency_ns,
                            std::map<std::string, std::string> details, base::Now now);
    Actions probe_failed(std::uint64_t id, std::int64_t latency_ns, model::ErrorInfo error,
                         base::Now now);
    Actions data_plane_lost(const model::ErrorInfo& error, base::Now now);
    /// The data plane reached the database: worth a try now rather than later. Not when the cause
    /// is permanent: our own credentials may be other ones.
    Actions data_plane_connected(base::Now now);
    Actions flush_done(base::Now now);
    Actions health_requested(base::Now now);
    Actions reconnect_requested(base::Now now);
    /// Ends in `disconnected` from `connected` only; otherwise silently (K19). start() or a
    /// reconnect request begin anew.
    Actions disconnect_requested(base::Now now);
    /// Early and late calls are harmless.
    Actions timer(base::Now now);
    /// After a reload. A health check that is due later than the new interval says comes earlier.
    Actions change_policy(const MachinePolicy& policy, base::Now now);

    const model::DatabaseConnection& connection() const { return connection_; }
    const std::optional<model::HealthCheckResult>& last_result() const { return last_result_; }
    /// What a socket that opens while not connected is told (R12, K16); none while connected.
    std::optional<model::ErrorEvent> current_error(base::Now now) const;

    /// At most one database:reconnect attempt in this time (contract 5.3).
    static constexpr std::int64_t kReconnectGapNs = 5'000'000'000;
    /// At most one probe in this time because somebody said something.
    static constexpr std::int64_t kHintGapNs = 1'000'000'000;

private:
    struct ProbeOptions {
        bool publish = false;  ///< a good result is for everybody, not only for who asked
        bool counted = true;   ///< it is one of the tries of the retry policy
        bool fresh = false;
    };
    struct Probe {
        std::uint64_t id = 0;
        ProbeOptions options;
    };

    bool is_mock() const { return connection_.mode == model::DatabaseMode::Mock; }
    void begin_probe(ProbeOptions options);
    void begin_try(bool counted, base::Now now);
    void restart_policy();
    void set_status(model::ConnectionStatus status, std::string message, base::Now now);
    void publish_status(std::string message, base::Now now);
    void publish_upstream(base::Now now);
    void record_failure(const model::ErrorInfo& error, base::Now now);
    void plan_next_try(base::Now now);
    void announce_final(base::Now now);
    void became_connected(base::Now now);
    void believe_loss(const model::ErrorInfo& error, base::Now now);
    void answer_failure(base::Now now);
    bool take_hint(base::Now now);
    model::HealthCheckResult failed_result(double latency_ms, base::Now now) const;
    model::HealthEvent health_event(const model::HealthCheckResult& result, base::Now now) const;
    std::int64_t reconnect_gap_left_ns(base::Now now) const;
    /// How often was tried again after the first try: `attempt` in the events.
    int retries() const { return tries_ > 0 ? tries_ - 1 : 0; }
    Actions finish();

    MachinePolicy policy_;
    model::DatabaseConnection connection_;
    std::optional<model::HealthCheckResult> last_result_;

    bool running_ = false;
    std::uint64_t last_probe_id_ = 0;
    std::optional<Probe> probe_;
    bool flushing_ = false;
    bool health_asked_ = false;
    bool reconnect_asked_ = false;
    std::optional<std::int64_t> last_hint_ns_;
    std::optional<std::int64_t> last_reconnect_ns_;
    std::int64_t since_us_ = 0;

    // While not connected.
    int tries_ = 0;
    std::optional<model::ErrorInfo> cause_;
    std::optional<std::int64_t> next_try_ns_;
    bool exhausted_ = false;
    std::optional<bool>
        announced_transient_;  ///< what the outage's final error said, when there was one

    // While connected.
    std::int64_t connected_ns_ = 0;
    std::optional<std::int64_t> next_check_ns_;
    std::optional<std::int64_t> confirm_at_ns_;
    bool confirm_fresh_ = false;

    std::optional<std::int64_t> armed_ns_;
    Actions out_;
};

}  // namespace pgsidecar::health
