#include "health/supervisor_driver.hpp"

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/post.hpp>
#include <chrono>
#include <utility>

#include "base/clock.hpp"

namespace pgsidecar::health {
namespace {

std::int64_t to_ns(double ms) { return static_cast<std::int64_t>(ms * 1e6); }

template <class Callback, class Value>
void answer(std::vector<Callback>& waiters, const Value& value) {
    auto called = std::exchange(waiters, {});
    for (auto& waiter : called) waiter(value);
}

}  // namespace

Supervisor::Driver::Driver(asio::io_context& io, MachinePolicy policy,
                           std::unique_ptr<db::DatabaseAdapter> adapter, Listener& listener)
    : io_(io),
      adapter_(std::move(adapter)),
      listener_(&listener),
      machine_(policy, adapter_->get_connection_status()),
      timer_(io) {
    renew_view();
}

void Supervisor::Driver::watch_idle_connection() {
    adapter_->on_idle_loss([weak = weak_from_this()](const db::Error& error) {
        if (auto self = weak.lock()) self->report_loss(error);
    });
}

Supervisor::Driver::View Supervisor::Driver::view() const {
    std::lock_guard lock(view_mutex_);
    return view_;
}

void Supervisor::Driver::renew_view() {
    base::Now now = base::read_clocks();
    std::lock_guard lock(view_mutex_);
    view_.connection = machine_.connection();
    view_.error = machine_.current_error(now);
}

void Supervisor::Driver::start() { run(machine_.start(base::read_clocks())); }

void Supervisor::Driver::stop() {
    run(machine_.disconnect_requested(base::read_clocks()));
    detach();
}

void Supervisor::Driver::change_policy(const MachinePolicy& policy) {
    run(machine_.change_policy(policy, base::read_clocks()));
}

void Supervisor::Driver::detach() { listener_ = nullptr; }

void Supervisor::Driver::report_loss(const model::ErrorInfo& error) {
    run(machine_.data_plane_lost(error, base::read_clocks()));
}

void Supervisor::Driver::report_connected() {
    run(machine_.data_plane_connected(base::read_clocks()));
}

void Supervisor::Driver::request_health(HealthCallback callback) {
    health_waiters_.push_back(std::move(callback));
    run(machine_.health_requested(base::read_clocks()));
}

void Supervisor::Driver::request_reconnect(ReconnectCallback callback) {
    if (listener_ == nullptr) {
        callback({ReconnectOutcome::Kind::Failed, model::disconnected(), 0});
        return;
    }
    reconnect_waiters_.push_back(std::move(callback));
    run(machine_.reconnect_requested(base::read_clocks()));
}

void Supervisor::Driver::run(Actions actions) {
    // First, so that a listener that asks for the state gets the one it is being told about.
    renew_view();
    for (const auto& action : actions) {
        std::visit([this](const auto& one) { carry_out(one); }, action);
    }
}

void Supervisor::Driver::carry_out(const StartProbe& action) {
    // An older probe is abandoned: it ends now, and the new one waits for it inside the adapter.
    if (action.fresh || running_probe_ != 0) adapter_->disconnect();
    running_probe_ = action.id;
    // Posted, because a coroutine begins at once and may end before the actions after this one.
    asio::post(io_, [self = shared_from_this(), action] {
        asio::co_spawn(self->io_, probe(self, action), asio::detached);
    });
}

asio::awaitable<void> Supervisor::Driver::probe(std::shared_ptr<Driver> self, StartProbe action) {
    if (self->running_probe_ != action.id) co_return;  // abandoned before it began
    auto report = co_await self->adapter_->health_check(action.timeout_ns / 1'000'000);
    self->probe_ended(action, report);
}

void Supervisor::Driver::probe_ended(const StartProbe& action,
                                     const db::DatabaseAdapter::HealthReport& report) {
    if (running_probe_ == action.id) running_probe_ = 0;
    base::Now now = base::read_clocks();
    std::int64_t latency_ns = to_ns(report.result.latency_ms);
    run(report.result.success
            ? machine_.probe_succeeded(action.id, latency_ns, report.result.details, now)
            : machine_.probe_failed(action.id, latency_ns, report.error, now));
}

void Supervisor::Driver::carry_out(const ArmTimer& action) {
    timer_.cancel();
    if (!action.at_ns) return;
    timer_.expires_at(
        std::chrono::steady_clock::time_point(std::chrono::nanoseconds(*action.at_ns)));
    timer_.async_wait([weak = weak_from_this()](std::error_code cancelled) {
        auto self = weak.lock();
        if (!cancelled && self) self->run(self->machine_.timer(base::read_clocks()));
    });
}

void Supervisor::Driver::carry_out(const PublishStatus& action) {
    if (listener_ != nullptr) listener_->on_status(action.event);
}

void Supervisor::Driver::carry_out(const PublishError& action) {
    if (listener_ != nullptr) listener_->on_error(action.event);
}

void Supervisor::Driver::carry_out(const PublishHealth& action) {
    {
        std::lock_guard lock(view_mutex_);
        view_.health = action.event;
    }
    if (listener_ != nullptr) listener_->on_health(action.event);
}

void Supervisor::Driver::carry_out(const PublishUpstream& action) {
    if (listener_ != nullptr) listener_->on_upstream(action.snapshot);
}

void Supervisor::Driver::carry_out(const FlushQueued&) {
    if (listener_ == nullptr) return;
    listener_->on_flush([weak = weak_from_this(), &io = io_] {
        asio::post(io, [weak] {
            if (auto self = weak.lock()) self->run(self->machine_.flush_done(base::read_clocks()));
        });
    });
}

void Supervisor::Driver::carry_out(const AnswerHealth& action) {
    answer(health_waiters_, action.event);
}

void Supervisor::Driver::carry_out(const AnswerReconnect& action) {
    answer(reconnect_waiters_, action.outcome);
}

void Supervisor::Driver::carry_out(const CloseConnection&) {
    timer_.cancel();
    running_probe_ = 0;
    adapter_->disconnect();
}

}  // namespace pgsidecar::health
