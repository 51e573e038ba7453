#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "config/settings.hpp"
#include "proxy/io/data_plane.hpp"

namespace asio {
class io_context;
}

namespace pgsidecar::app {

/// How the process comes to its end: a signal, or a newer process that has taken over. Lets the
/// clients finish for a while. Thread: control.
class Departure {
public:
    struct Parts {
        proxy::DataPlane* plane = nullptr;
        std::function<const config::Settings&()> settings;
        std::function<void()> on_signal;  ///< the first one, before the clients are drained
        std::function<void()> on_drain;   ///< nobody new is taken any more
        std::function<void()> finish;     ///< now; may come more than once
    };

    explicit Departure(asio::io_context& control);
    ~Departure();

    /// From now on SIGTERM and SIGINT are heard; the second one finishes at once.
    void start(Parts parts);
    /// Another process has the listeners: waits for the clients that are here, without asking them
    /// to go until upgrade.client_wait_ms has passed.
    void taken_over();
    /// Nothing is waited for any more.
    void stop_waiting();
    void stop_signals();

private:
    void wait_for_signal();
    void wait_for_upgrade(std::int64_t give_up_ns, int empty_looks);
    void drain();
    void wait_for_clients(std::int64_t give_up_ns);

    struct Handles;
    std::unique_ptr<Handles> handles_;
    Parts parts_;
    int signals_seen_ = 0;
    bool drains_ = false;
};

}  // namespace pgsidecar::app
