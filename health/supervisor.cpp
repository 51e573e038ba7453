#include "health/supervisor.hpp"

#include <asio/post.hpp>
#include <utility>

#include "health/supervisor_driver.hpp"

namespace pgsidecar::health {
namespace {

std::int64_t ns(int ms) { return std::int64_t{ms} * 1'000'000; }

}  // namespace

MachinePolicy policy_from(const config::Settings& settings) {
    MachinePolicy policy;
    policy.retry.max_retries = settings.database.max_retries;
    policy.retry.retry_delay_ns = ns(settings.database.retry_delay_ms);
    policy.retry.slow_interval_ns = ns(settings.health.reconnect_slow_interval_ms);
    policy.check_interval_ns = ns(settings.database.health_check_interval_ms);
    policy.probe_timeout_ns = ns(settings.health.timeout_ms);
    policy.first_timeout_ns = ns(settings.health.first_timeout_ms);
    return policy;
}

Supervisor::Supervisor(asio::io_context& io, std::shared_ptr<const config::Settings> settings,
                       std::unique_ptr<db::DatabaseAdapter> adapter, Listener& listener)
    : driver_(std::make_shared<Driver>(io, policy_from(*settings), std::move(adapter), listener)) {
    driver_->watch_idle_connection();
}

Supervisor::~Supervisor() { driver_->detach(); }

void Supervisor::start() {
    asio::post(driver_->io(), [driver = driver_] { driver->start(); });
}

void Supervisor::stop(std::function<void()> done) {
    asio::post(driver_->io(), [driver = driver_, done = std::move(done)] {
        driver->stop();
        if (done) done();
    });
}

void Supervisor::reload(const config::Settings& settings) {
    asio::post(driver_->io(), [driver = driver_, policy = policy_from(settings)] {
        driver->change_policy(policy);
    });
}

void Supervisor::report_loss(model::ErrorInfo error) {
    asio::post(driver_->io(),
               [driver = driver_, error = std::move(error)] { driver->report_loss(error); });
}

void Supervisor::report_connected() {
    asio::post(driver_->io(), [driver = driver_] { driver->report_connected(); });
}

void Supervisor::request_health(HealthCallback callback) {
    asio::post(driver_->io(), [driver = driver_, callback = std::move(callback)]() mutable {
        driver->request_health(std::move(callback));
    });
}

void Supervisor::request_reconnect(ReconnectCallback callback) {
    asio::post(driver_->io(), [driver = driver_, callback = std::move(callback)]() mutable {
        driver->request_reconnect(std::move(callback));
    });
}

model::DatabaseConnection Supervisor::connection() const { return driver_->view().connection; }

std::optional<model::HealthEvent> Supervisor::last_health() const {
    auto health = driver_->view().health;
    if (health) health->timestamp_us = std::min(health->timestamp_us, base::read_clocks().wall_us);
    return health;
}

std::optional<model::ErrorEvent> Supervisor::current_error() const { return driver_->view().error; }

}  // namespace pgsidecar::health
