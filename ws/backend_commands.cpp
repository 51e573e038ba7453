#include "ws/backend_commands.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <string>
#include <utility>

#include "base/clock.hpp"

namespace pgsidecar::ws {

BackendCommands::BackendCommands(boost::asio::io_context& context, Backend& backend,
                                 Patience patience)
    : context_(context),
      backend_(backend),
      patience_(patience),
      gateway_(std::make_shared<Gateway>()) {
    gateway_->context = &context;
}

BackendCommands::~BackendCommands() {
    std::lock_guard lock(gateway_->mutex);
    gateway_->context = nullptr;
}

template <class Answer>
std::function<void(Answer)> BackendCommands::expect(std::chrono::milliseconds patience,
                                                    std::function<void(const Answer&)> done,
                                                    std::function<Answer()> give_up) {
    struct Waiting {
        boost::asio::steady_timer timer;
        std::function<void(const Answer&)> done;
    };
    auto waiting = std::make_shared<Waiting>(
        Waiting{boost::asio::steady_timer(context_, patience), std::move(done)});
    // Whoever comes first, the answer or the timer, takes the callback.
    waiting->timer.async_wait([waiting, give_up = std::move(give_up)](boost::system::error_code) {
        if (auto answer = std::exchange(waiting->done, nullptr)) answer(give_up());
    });
    return [gateway = gateway_, weak = std::weak_ptr<Waiting>(waiting)](Answer answer) {
        std::lock_guard lock(gateway->mutex);
        if (gateway->context == nullptr) return;
        boost::asio::post(*gateway->context, [weak, answer = std::move(answer)] {
            auto state = weak.lock();
            if (!state) return;
            auto taken = std::exchange(state->done, nullptr);
            state->timer.cancel();
            if (taken) taken(answer);
        });
    };
}

void BackendCommands::check_health(HealthDone done) {
    auto give_up = [this] {
        model::DatabaseConnection connection = backend_.connection();
        model::HealthEvent event;
        event.latency_ms = static_cast<double>(patience_.health.count());
        event.mode = connection.mode;
        event.connection_id = connection.id;
        event.timestamp_us = base::read_clocks().wall_us;
        event.error =
            "Database operation timed out after " + std::to_string(patience_.health.count()) + "ms";
        return event;
    };
    backend_.request_health(
        expect<model::HealthEvent>(patience_.health, std::move(done), std::move(give_up)));
}

void BackendCommands::reconnect(ReconnectDone done) {
    auto give_up = [this] {
        return realtime::ReconnectOutcome{false, "The attempt has not ended within " +
                                                     std::to_string(patience_.reconnect.count()) +
                                                     "ms; watch database:status."};
    };
    backend_.request_reconnect(expect<realtime::ReconnectOutcome>(
        patience_.reconnect, std::move(done), std::move(give_up)));
}

}  // namespace pgsidecar::ws
