#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>

namespace pgsidecar::ws {

/// Brings answers of other threads to the HTTP thread: exactly once each, and in bounded time even
/// if none comes.
///
/// Thread: the HTTP thread; what expect() gives may be called on any, also after the server's end.
class Awaited {
public:
    explicit Awaited(boost::asio::io_context& context)
        : context_(context), gateway_(std::make_shared<Gateway>()) {
        gateway_->context = &context;
    }
    ~Awaited() {
        std::lock_guard lock(gateway_->mutex);
        gateway_->context = nullptr;
    }
    Awaited(const Awaited&) = delete;
    Awaited& operator=(const Awaited&) = delete;

    /// done gets what the returned function is called with, or after that time what give_up says.
    template <class Answer>
    std::function<void(Answer)> expect(std::chrono::milliseconds patience,
                                       std::function<void(const Answer&)> done,
                                       std::function<Answer()> give_up) {
        struct Waiting {
            boost::asio::steady_timer timer;
            std::function<void(const Answer&)> done;
        };
        auto waiting = std::make_shared<Waiting>(
            Waiting{boost::asio::steady_timer(context_, patience), std::move(done)});
        // Whoever comes first, the answer or the timer, takes the callback.
        waiting->timer.async_wait(
            [waiting, give_up = std::move(give_up)](boost::system::error_code) {
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

private:
    /// Outlives the server in the app's hands: after the server's end, answers go nowhere.
    struct Gateway {
        std::mutex mutex;
        boost::asio::io_context* context = nullptr;
    };

    boost::asio::io_context& context_;
    std::shared_ptr<Gateway> gateway_;
};

}  // namespace pgsidecar::ws
