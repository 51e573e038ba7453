#pragma once

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <memory>
#include <mutex>

#include "realtime/command_gate.hpp"
#include "realtime/hub.hpp"
#include "ws/backend.hpp"

namespace pgsidecar::ws {

/// Brings the app's answers to the HTTP thread: exactly once each, and in bounded time even if none
/// comes.
class BackendCommands final : public realtime::DatabaseCommands {
public:
    struct Patience {
        std::chrono::milliseconds health, reconnect;
    };

    BackendCommands(boost::asio::io_context& context, Backend& backend, Patience patience);
    ~BackendCommands() override;

    void check_health(HealthDone done) override;
    void reconnect(ReconnectDone done) override;

private:
    /// Outlives the server in the app's hands: after the server's end, answers go nowhere.
    struct Gateway {
        std::mutex mutex;
        boost::asio::io_context* context;
    };

    template <class Answer>
    std::function<void(Answer)> expect(std::chrono::milliseconds patience,
                                       std::function<void(const Answer&)> done,
                                       std::function<Answer()> give_up);

    boost::asio::io_context& context_;
    Backend& backend_;
    Patience patience_;
    std::shared_ptr<Gateway> gateway_;
};

}  // namespace pgsidecar::ws
