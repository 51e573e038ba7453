#pragma once

#include <asio/io_context.hpp>
#include <functional>
#include <memory>
#include <optional>

#include "config/settings.hpp"
#include "db/database_adapter.hpp"
#include "health/actions.hpp"
#include "health/connection_machine.hpp"
#include "model/database_connection.hpp"
#include "model/error_text.hpp"
#include "model/events.hpp"

namespace pgsidecar::health {

/// Who hears what the supervisor finds; called on the control thread, in the order of happening.
class Listener {
public:
    virtual ~Listener() = default;
    virtual void on_status(const model::StatusEvent& event) = 0;
    virtual void on_error(const model::ErrorEvent& event) = 0;
    virtual void on_health(const model::HealthEvent& event) = 0;
    /// Comes before the status event of the same change, so that the workers know first.
    virtual void on_upstream(const UpstreamSnapshot& snapshot) = 0;
    /// Between status `connected` and the health that follows it (R21): apply what waits, then call
    /// done once, on any thread. What is passed by default has nothing to flush.
    virtual void on_flush(std::function<void()> done) { done(); }
};

/// Timings of the machine from the settings.
MachinePolicy policy_from(const config::Settings& settings);

/// Runs the connection machine with real time and a real database: one probe at a time, one timer.
///
/// Thread: start() and everything it leads to run on the io_context's one thread; all public
/// functions may be called from any thread. Callbacks are called on the io_context's thread. The
/// adapter becomes the supervisor's alone: a doubted connection of it is cut off without asking.
/// Lifetime: destroy after stop() has called back, or after the io_context has stopped running;
/// calls to a Listener end with stop().
class Supervisor {
public:
    using HealthCallback = std::function<void(const model::HealthEvent&)>;
    using ReconnectCallback = std::function<void(const ReconnectOutcome&)>;

    Supervisor(asio::io_context& io, std::shared_ptr<const config::Settings> settings,
               std::unique_ptr<db::DatabaseAdapter> adapter, Listener& listener);
    ~Supervisor();

    void start();
    /// Publishes `disconnected` when connected, answers open requests, closes the connection, then
    /// calls done. Nothing is published afterwards; request_* then answer with what is known.
    void stop(std::function<void()> done);

    /// The timings are these from now on.
    void reload(const config::Settings& settings);

    /// The data plane could not connect, or lost a connection not by its own doing. Do not report
    /// what a client caused: its own wrong password in pass-through mode, its own statement's
    /// error.
    void report_loss(model::ErrorInfo error);
    /// The data plane logged in to the database.
    void report_connected();
    /// An immediate check; requests under way at the same time share it. The result is not
    /// published.
    void request_health(HealthCallback callback);
    void request_reconnect(ReconnectCallback callback);

    model::DatabaseConnection connection() const;
    /// Published last, none before the first check. Its time is never in the future (R61).
    std::optional<model::HealthEvent> last_health() const;
    /// The details a new socket gets instead of health (R12, K16); none while connected.
    std::optional<model::ErrorEvent> current_error() const;

private:
    class Driver;

    std::shared_ptr<Driver> driver_;
};

}  // namespace pgsidecar::health
