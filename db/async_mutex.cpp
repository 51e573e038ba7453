#include "db/async_mutex.hpp"

#include <asio/experimental/as_tuple.hpp>
#include <asio/use_awaitable.hpp>
#include <utility>

namespace pgsidecar::db {

AsyncMutex::AsyncMutex(asio::any_io_executor executor)
    : executor_(std::move(executor)), state_(std::make_shared<State>()) {}

asio::awaitable<AsyncMutex::Guard> AsyncMutex::lock() {
    auto state = state_;
    if (state->locked) {
        auto turn = std::make_shared<asio::steady_timer>(executor_);
        turn->expires_at(asio::steady_timer::time_point::max());
        state->waiting.push_back(turn);
        // Ended by the Guard before us, which leaves `locked` set for us.
        co_await turn->async_wait(asio::experimental::as_tuple(asio::use_awaitable));
    }
    state->locked = true;
    co_return Guard(std::move(state));
}

AsyncMutex::Guard::~Guard() {
    if (!state_) return;
    if (state_->waiting.empty()) {
        state_->locked = false;
        return;
    }
    auto next = std::move(state_->waiting.front());
    state_->waiting.pop_front();
    next->cancel();
}

}  // namespace pgsidecar::db
