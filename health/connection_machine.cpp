#include "health/connection_machine.hpp"

#include <algorithm>
#include <utility>

#include "health/loss.hpp"

namespace pgsidecar::health {
namespace {

using model::ConnectionStatus;

double to_ms(std::int64_t ns) { return static_cast<double>(std::max<std::int64_t>(ns, 0)) / 1e6; }

bool due(const std::optional<std::int64_t>& at_ns, base::Now now) {
    return at_ns && *at_ns <= now.mono_ns;
}

}  // namespace

ConnectionMachine::ConnectionMachine(MachinePolicy policy, model::DatabaseConnection initial)
    : policy_(policy), connection_(std::move(initial)) {
    connection_.status = ConnectionStatus::Connecting;
}

Actions ConnectionMachine::start(base::Now now) {
    if (running_) return {};
    running_ = true;
    restart_policy();
    if (last_probe_id_ == 0) {
        tries_ = 1;
        since_us_ = now.wall_us;
        publish_upstream(now);
        publish_status("Connecting to the database.", now);
        begin_probe({.publish = true});
    } else {
        begin_try(true, now);
    }
    return finish();
}

Actions ConnectionMachine::probe_succeeded(std::uint64_t id, std::int64_t latency_ns,
                                           std::map<std::string, std::string> details,
                                           base::Now now) {
    if (!probe_ || probe_->id != id) return {};
    Probe probe = *std::exchange(probe_, std::nullopt);
    last_result_ = model::HealthCheckResult{.connection_id = connection_.id,
                                            .timestamp_us = now.wall_us,
                                            .success = true,
                                            .latency_ms = to_ms(latency_ns),
                                            .error = std::nullopt,
                                            .details = std::move(details)};
    connection_.last_health_check_us = now.wall_us;
    connection_.error_count = 0;
    if (connection_.status != ConnectionStatus::Connected) {
        became_connected(now);
        return finish();
    }
    if (flushing_) return finish();
    if (probe.options.publish) out_.push_back(PublishHealth{health_event(*last_result_, now)});
    if (std::exchange(health_asked_, false)) {
        out_.push_back(AnswerHealth{health_event(*last_result_, now)});
    }
    return finish();
}

Actions ConnectionMachine::probe_failed(std::uint64_t id, std::int64_t latency_ns,
                                        model::ErrorInfo error, base::Now now) {
    if (!probe_ || probe_->id != id) return {};
    Probe probe = *std::exchange(probe_, std::nullopt);
    bool first_of_outage = connection_.status == ConnectionStatus::Connected || tries_ == 1;
    if (connection_.status == ConnectionStatus::Connected) {
        restart_policy();
        tries_ = 1;
    }
    record_failure(error, now);
    last_result_ = failed_result(to_ms(latency_ns), now);
    if (probe.options.counted || !error.transient || !next_try_ns_) {
        plan_next_try(now);
    } else {
        // Somebody's hint came between two planned tries: those go on as planned.
        next_try_ns_ = std::max(*next_try_ns_, now.mono_ns + policy_.retry.retry_delay_ns);
    }
    set_status(ConnectionStatus::Error, cause_->message, now);
    if (exhausted_) announce_final(now);
    if (first_of_outage || exhausted_) {
        out_.push_back(PublishHealth{health_event(*last_result_, now)});
    }
    answer_failure(now);
    return finish();
}

Actions ConnectionMachine::data_plane_lost(const model::ErrorInfo& error, base::Now now) {
    Loss loss = classify_loss(error);
    if (is_mock()) return {};  // R30
    if (!running_ || connection_.status != ConnectionStatus::Connected || loss == Loss::None)
        return {};
    bool settled = now.mono_ns - connected_ns_ >= kHintGapNs;
    if (loss == Loss::HostGone && settled) {
        believe_loss(error, now);
        return finish();
    }
    // The data plane and we may reach different servers behind one name; right after a success the
    // probe decides, or the status would swing at the speed of the reports.
    confirm_fresh_ |= loss == Loss::HostGone || !error.transient;
    if (!confirm_at_ns_) {
        confirm_at_ns_ =
            last_hint_ns_ ? std::max(now.mono_ns, *last_hint_ns_ + kHintGapNs) : now.mono_ns;
    }
    return timer(now);
}

Actions ConnectionMachine::data_plane_connected(base::Now now) {
    if (!running_ || connection_.status != ConnectionStatus::Error || !next_try_ns_) return {};
    if (!cause_->transient || !take_hint(now)) return {};
    begin_try(false, now);
    return finish();
}

Actions ConnectionMachine::flush_done(base::Now now) {
    if (!std::exchange(flushing_, false)) return {};
    out_.push_back(PublishHealth{health_event(*last_result_, now)});
    if (std::exchange(health_asked_, false)) {
        out_.push_back(AnswerHealth{health_event(*last_result_, now)});
    }
    return finish();
}

Actions ConnectionMachine::health_requested(base::Now now) {
    health_asked_ = true;
    if (probe_ || flushing_) return finish();
    if (running_ && connection_.status == ConnectionStatus::Connected) {
        begin_probe({});
    } else if (running_ && next_try_ns_ && take_hint(now)) {
        begin_try(false, now);
    } else {
        // A permanent cause waits for database:reconnect (R28); the answer is what is known.
        last_result_ = failed_result(0, now);
        answer_failure(now);
    }
    return finish();
}

Actions ConnectionMachine::reconnect_requested(base::Now now) {
    if (running_ && connection_.status == ConnectionStatus::Connected) {
        out_.push_back(AnswerReconnect{{ReconnectOutcome::Kind::AlreadyConnected, {}, 0}});
        return finish();
    }
    reconnect_asked_ = true;
    if (probe_) {
        if (reconnect_gap_left_ns(now) == 0) last_reconnect_ns_ = now.mono_ns;
        return finish();
    }
    if (running_ && reconnect_gap_left_ns(now) > 0) {
        answer_failure(now);
        return finish();
    }
    last_reconnect_ns_ = now.mono_ns;
    running_ = true;
    restart_policy();
    begin_try(true, now);
    return finish();
}

Actions ConnectionMachine::disconnect_requested(base::Now now) {
    if (!running_) return {};
    running_ = false;
    probe_.reset();
    flushing_ = false;
    next_try_ns_.reset();
    next_check_ns_.reset();
    confirm_at_ns_.reset();
    cause_ = model::disconnected();
    if (connection_.status == ConnectionStatus::Connected) {
        since_us_ = now.wall_us;
        set_status(ConnectionStatus::Disconnected, "Disconnected from the database.", now);
    } else {
        publish_upstream(now);
    }
    last_result_ = failed_result(0, now);
    answer_failure(now);
    out_.push_back(CloseConnection{});
    return finish();
}

Actions ConnectionMachine::timer(base::Now now) {
    if (due(armed_ns_, now)) armed_ns_.reset();
    if (!running_) return finish();
    if (connection_.status == ConnectionStatus::Error && due(next_try_ns_, now)) {
        begin_try(true, now);
    } else if (connection_.status == ConnectionStatus::Connected && due(next_check_ns_, now)) {
        *next_check_ns_ += policy_.check_interval_ns;
        if (due(next_check_ns_, now)) next_check_ns_ = now.mono_ns + policy_.check_interval_ns;
        if (probe_) {
            probe_->options.publish = true;
        } else {
            begin_probe({.publish = true});
        }
    }
    if (connection_.status == ConnectionStatus::Connected && !probe_ && due(confirm_at_ns_, now)) {
        confirm_at_ns_.reset();
        last_hint_ns_ = now.mono_ns;
        begin_probe({.fresh = std::exchange(confirm_fresh_, false)});
    }
    return finish();
}

std::optional<model::ErrorEvent> ConnectionMachine::current_error(base::Now now) const {
    if (connection_.status == ConnectionStatus::Connected) return std::nullopt;
    model::ErrorInfo error = cause_.value_or(model::disconnected());
    auto event = model::to_error_event(error, "connect", now.wall_us);
    if (tries_ > 0 && cause_) {
        event.attempt = std::max(retries(), 1);
        event.final_attempt = exhausted_;
    }
    return event;
}

void ConnectionMachine::begin_probe(ProbeOptions options) {
    bool first = last_probe_id_ == 0;
    probe_ = Probe{++last_probe_id_, options};
    out_.push_back(StartProbe{last_probe_id_,
                              first ? std::min(policy_.first_timeout_ns, policy_.probe_timeout_ns)
                                    : policy_.probe_timeout_ns,
                              options.fresh});
}

void ConnectionMachine::begin_try(bool counted, base::Now now) {
    if (counted) {
        ++tries_;
        next_try_ns_.reset();
    }
    if (connection_.status != ConnectionStatus::Connecting) {
        set_status(ConnectionStatus::Connecting, "Reconnecting to the database.", now);
    }
    begin_probe({.counted = counted, .fresh = true});
}

Actions ConnectionMachine::change_policy(const MachinePolicy& policy, base::Now now) {
    policy_ = policy;
    if (next_check_ns_)
        next_check_ns_ = std::min(*next_check_ns_, now.mono_ns + policy_.check_interval_ns);
    return finish();
}

void ConnectionMachine::restart_policy() {
    tries_ = 0;
    exhausted_ = false;
    announced_transient_.reset();
    next_try_ns_.reset();
}

void ConnectionMachine::set_status(ConnectionStatus status, std::string message, base::Now now) {
    connection_.status = status;
    publish_upstream(now);
    publish_status(std::move(message), now);
}

void ConnectionMachine::publish_status(std::string message, base::Now now) {
    model::StatusEvent event;
    event.mode = connection_.mode;
    event.status = connection_.status;
    event.timestamp_us = now.wall_us;
    event.message = std::move(message);
    event.connection_id = connection_.id;
    if (connection_.status == ConnectionStatus::Connecting ||
        connection_.status == ConnectionStatus::Error) {
        event.attempt = retries();
    }
    if (connection_.status == ConnectionStatus::Error && next_try_ns_) {
        event.next_retry_ms = std::max<std::int64_t>(*next_try_ns_ - now.mono_ns, 0) / 1'000'000;
    }
    out_.push_back(PublishStatus{std::move(event)});
}

void ConnectionMachine::publish_upstream(base::Now now) {
    UpstreamSnapshot snapshot;
    snapshot.status = connection_.status;
    snapshot.usable = running_ && connection_.status == ConnectionStatus::Connected;
    snapshot.retrying = running_ && !snapshot.usable && !exhausted_;
    snapshot.since_us = since_us_;
    if (next_try_ns_) {
        snapshot.next_try_us = now.wall_us + (*next_try_ns_ - now.mono_ns) / 1'000;
    }
    if (!snapshot.usable) snapshot.cause = cause_;
    out_.push_back(PublishUpstream{std::move(snapshot)});
}

void ConnectionMachine::record_failure(const model::ErrorInfo& error, base::Now now) {
    if (connection_.status == ConnectionStatus::Connected) since_us_ = now.wall_us;
    ++connection_.error_count;
    cause_ = error;
    if (cause_->message.empty()) cause_->message = "The database could not be reached.";
    connection_.last_error = cause_->message;
    flushing_ = false;
    next_check_ns_.reset();
    confirm_at_ns_.reset();
    confirm_fresh_ = false;
}

void ConnectionMachine::plan_next_try(base::Now now) {
    NextTry next = next_try(policy_.retry, std::max(tries_, 1), *cause_);
    exhausted_ = next.final;
    next_try_ns_.reset();
    if (next.delay_ns) next_try_ns_ = now.mono_ns + *next.delay_ns;
}

void ConnectionMachine::announce_final(base::Now now) {
    bool known = announced_transient_ && (*announced_transient_ == cause_->transient);
    if (known) return;
    announced_transient_ = cause_->transient;
    out_.push_back(PublishError{*current_error(now)});
}

void ConnectionMachine::became_connected(base::Now now) {
    restart_policy();
    cause_.reset();
    since_us_ = now.wall_us;
    connected_ns_ = now.mono_ns;
    next_check_ns_ = now.mono_ns + policy_.check_interval_ns;
    set_status(ConnectionStatus::Connected,
               std::string(is_mock() ? model::kMockModeWarning : "Connected to the database."),
               now);
    if (std::exchange(reconnect_asked_, false)) {
        out_.push_back(AnswerReconnect{{ReconnectOutcome::Kind::Connected, {}, 0}});
    }
    flushing_ = true;
    out_.push_back(FlushQueued{});
}

void ConnectionMachine::believe_loss(const model::ErrorInfo& error, base::Now now) {
    restart_policy();
    record_failure(error, now);
    last_hint_ns_ = now.mono_ns;
    next_try_ns_ = now.mono_ns;
    set_status(ConnectionStatus::Error, cause_->message, now);
    begin_try(true, now);
}

void ConnectionMachine::answer_failure(base::Now now) {
    if (std::exchange(health_asked_, false)) {
        out_.push_back(AnswerHealth{health_event(*last_result_, now)});
    }
    if (std::exchange(reconnect_asked_, false)) {
        out_.push_back(
            AnswerReconnect{{ReconnectOutcome::Kind::Failed, cause_.value_or(model::disconnected()),
                             reconnect_gap_left_ns(now) / 1'000'000}});
    }
}

bool ConnectionMachine::take_hint(base::Now now) {
    if (last_hint_ns_ && now.mono_ns - *last_hint_ns_ < kHintGapNs) return false;
    last_hint_ns_ = now.mono_ns;
    return true;
}

model::HealthCheckResult ConnectionMachine::failed_result(double latency_ms, base::Now now) const {
    model::HealthCheckResult result;
    result.connection_id = connection_.id;
    result.timestamp_us = now.wall_us;
    result.latency_ms = latency_ms;
    result.error = cause_.value_or(model::disconnected()).message;
    return result;
}

model::HealthEvent ConnectionMachine::health_event(const model::HealthCheckResult& result,
                                                   base::Now now) const {
    model::HealthEvent event = model::to_health_event(result, connection_.mode);
    // The wall clock may have been set back since the check (R61).
    event.timestamp_us = std::min(event.timestamp_us, now.wall_us);
    return event;
}

std::int64_t ConnectionMachine::reconnect_gap_left_ns(base::Now now) const {
    if (!last_reconnect_ns_) return 0;
    return std::max<std::int64_t>(*last_reconnect_ns_ + kReconnectGapNs - now.mono_ns, 0);
}

Actions ConnectionMachine::finish() {
    std::optional<std::int64_t> at;
    if (running_ && connection_.status == ConnectionStatus::Error) at = next_try_ns_;
    if (running_ && connection_.status == ConnectionStatus::Connected) {
        at = next_check_ns_;
        if (confirm_at_ns_ && !probe_) at = std::min(at.value_or(*confirm_at_ns_), *confirm_at_ns_);
    }
    if (at != armed_ns_) {
        armed_ns_ = at;
        out_.push_back(ArmTimer{at});
    }
    return std::exchange(out_, {});
}

}  // namespace pgsidecar::health
