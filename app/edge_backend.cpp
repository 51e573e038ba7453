#include "app/edge_backend.hpp"

namespace pgsidecar::app {

namespace {
constexpr std::int64_t kStuckNs = 10'000'000'000;
}

void EdgeBackend::connect(Parts parts) { parts_ = std::move(parts); }

void EdgeBackend::reload(std::shared_ptr<const config::Settings> settings) {
    std::lock_guard lock(mutex_);
    parts_.settings = std::move(settings);
}

std::shared_ptr<const config::Settings> EdgeBackend::settings() const {
    std::lock_guard lock(mutex_);
    return parts_.settings;
}

model::DatabaseConnection EdgeBackend::connection() const {
    return parts_.supervisor->connection();
}

std::optional<model::HealthEvent> EdgeBackend::last_health() const {
    return parts_.supervisor->last_health();
}

ws::Activity EdgeBackend::activity() const {
    ws::Activity sum;
    const auto held = this->settings();
    const auto& settings = *held;
    for (const auto& shard : parts_.plane->shards()) {
        for (const auto& counter : shard->queries) sum.statements_total += counter.get();
        for (const auto& counter : shard->query_errors) sum.errors_total += counter.get();
        sum.transactions_total += shard->transactions.get();
        sum.operations_lost_total += shard->operations_lost.get();
        sum.statement_seconds_total += static_cast<double>(shard->query_duration.sum_ns()) / 1e9;
        sum.clients += shard->clients.get();
        sum.clients_waiting += shard->clients_waiting.get();
        sum.servers += shard->servers.get();
        sum.servers_active += shard->servers_active.get();
    }
    sum.max_clients = settings.listen.max_clients;
    sum.pool_size = settings.database.pool_size;
    sum.pool_mode = config::to_string(settings.pool.mode);
    return sum;
}

std::vector<model::DatabaseOperation> EdgeBackend::recent_operations(
    const realtime::OperationFilter& filter) const {
    return parts_.feed->find(filter);
}

std::string EdgeBackend::metrics_text() const {
    parts_.refresh();
    return parts_.registry->text();
}

ws::ProbeReport EdgeBackend::liveness() const {
    std::int64_t age = parts_.plane->slowest_tick_age_ns();
    if (!started_ || age < kStuckNs) return {true, {"All loops are turning."}};
    return {
        false,
        {"A worker has not turned its loop for " + std::to_string(age / 1'000'000'000) + " s."}};
}

ws::ProbeReport EdgeBackend::readiness() const {
    if (draining_) return {false, {"pgsidecar is shutting down."}};
    if (!started_) return {false, {"pgsidecar is starting."}};
    bool connected = connection().status == model::ConnectionStatus::Connected;
    std::string database =
        connected ? "The database is connected." : "The database is not connected.";
    if (settings()->health.readiness == config::ReadinessPolicy::Upstream && !connected)
        return {false, {database}};
    if (std::string problem = parts_.outage->problem(); !problem.empty())
        return {false, {database, "Nothing can be acknowledged in an outage: " + problem}};
    return {true, {"Clients are accepted.", database}};
}

ws::ProbeReport EdgeBackend::startup() const {
    if (started_) return {true, {"The listeners are open."}};
    return {false, {"pgsidecar is starting."}};
}

void EdgeBackend::request_health(std::function<void(model::HealthEvent)> done) {
    parts_.supervisor->request_health(
        [done = std::move(done)](const model::HealthEvent& event) { done(event); });
}

void EdgeBackend::request_reconnect(std::function<void(realtime::ReconnectOutcome)> done) {
    parts_.supervisor->request_reconnect([done = std::move(done)](
                                             const health::ReconnectOutcome& outcome) {
        using Kind = health::ReconnectOutcome::Kind;
        realtime::ReconnectOutcome result;
        result.connected = outcome.kind != Kind::Failed;
        result.message = result.connected ? "Connected to the database." : outcome.error.message;
        done(result);
    });
}

}  // namespace pgsidecar::app
