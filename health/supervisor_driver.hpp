#pragma once

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "health/supervisor.hpp"

namespace pgsidecar::health {

/// What stands behind a Supervisor and outlives it until the last coroutine and timer have come
/// back. Thread: the io_context's, except io() and view().
class Supervisor::Driver : public std::enable_shared_from_this<Driver> {
public:
    /// What other threads may read, renewed after each input.
    struct View {
        model::DatabaseConnection connection;
        std::optional<model::HealthEvent> health;
        std::optional<model::ErrorEvent> error;
    };

    Driver(asio::io_context& io, MachinePolicy policy, std::unique_ptr<db::DatabaseAdapter> adapter,
           Listener& listener);

    asio::io_context& io() { return io_; }
    View view() const;

    /// A server that leaves while nothing runs on our connection is noticed at once.
    void watch_idle_connection();
    void start();
    void stop();
    void change_policy(const MachinePolicy& policy);
    /// The Listener may go away.
    void detach();
    void report_loss(const model::ErrorInfo& error);
    void report_connected();
    void request_health(HealthCallback callback);
    void request_reconnect(ReconnectCallback callback);

private:
    void run(Actions actions);
    void carry_out(const StartProbe& action);
    void carry_out(const ArmTimer& action);
    void carry_out(const PublishStatus& action);
    void carry_out(const PublishError& action);
    void carry_out(const PublishHealth& action);
    void carry_out(const PublishUpstream& action);
    void carry_out(const FlushQueued& action);
    void carry_out(const AnswerHealth& action);
    void carry_out(const AnswerReconnect& action);
    void carry_out(const CloseConnection& action);
    static asio::awaitable<void> probe(std::shared_ptr<Driver> self, StartProbe action);
    void probe_ended(const StartProbe& action, const db::DatabaseAdapter::HealthReport& report);
    void renew_view();

    asio::io_context& io_;
    std::unique_ptr<db::DatabaseAdapter> adapter_;
    Listener* listener_;  ///< null once stopped
    ConnectionMachine machine_;
    asio::steady_timer timer_;
    std::uint64_t running_probe_ = 0;  ///< id; 0: none
    std::vector<HealthCallback> health_waiters_;
    std::vector<ReconnectCallback> reconnect_waiters_;

    mutable std::mutex view_mutex_;
    View view_;
};

}  // namespace pgsidecar::health
