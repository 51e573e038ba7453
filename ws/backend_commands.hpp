#pragma once

#include <boost/asio/io_context.hpp>

#include <chrono>

#include "realtime/command_gate.hpp"
#include "realtime/hub.hpp"
#include "ws/awaited.hpp"
#include "ws/backend.hpp"

namespace pgsidecar::ws {

/// Brings the app's answers to the HTTP thread: exactly once each, and in bounded time even if none
/// comes.
class BackendCommands final : public realtime::DatabaseCommands {
public:
    struct Patience {
        std::chrono::milliseconds health, reconnect;
    };

    BackendCommands(boost::asio::io_context& context, Backend& backend, Patience patience)
        : backend_(backend), patience_(patience), awaited_(context) {}

    void check_health(HealthDone done) override;
    void reconnect(ReconnectDone done) override;

private:
    Backend& backend_;
    Patience patience_;
    Awaited awaited_;
};

}  // namespace pgsidecar::ws
